/*
 * status.h - how every function of the core says what happened.
 *
 * The core never jumps and never prints: it returns a status, and where the
 * status is R2D_FAILED it has filled the caller's R2dError. Only src/pg turns an
 * R2dError into an error of the server.
 */
#ifndef R2D_STATUS_H
#define R2D_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum R2dStatus {
    R2D_OK = 0,
    R2D_AGAIN,    /* nothing to do right now: wait on the wait descriptor, call again */
    R2D_END,      /* the sequence is over; no value was returned */
    R2D_CANCELED, /* the waiter was interrupted; unwind, the caller of the core knows why */
    R2D_FAILED,   /* see the R2dError */
} R2dStatus;

/* What can be done about a failure. Set from the service's code by aws/fault. */
typedef enum R2dAction {
    R2D_ACT_STOP = 0,    /* systemic: the job stops, resumable */
    R2D_ACT_RETRY,       /* transient: the same request again, after a backoff */
    R2D_ACT_THROTTLE,    /* slow down, then the same request again */
    R2D_ACT_CREDENTIALS, /* refresh the credentials once, then the same request again */
    R2D_ACT_CLOCK,       /* correct the clock from the Date header, then again */
    R2D_ACT_REGION,      /* the bucket lives elsewhere: re-resolve, sign anew, again */
    R2D_ACT_REJECT,      /* the data is at fault: isolate the row and reject it */
} R2dAction;

typedef enum R2dErrorKind {
    R2D_ERR_NONE = 0,
    R2D_ERR_MEMORY,   /* an allocation failed */
    R2D_ERR_ARGUMENT, /* what the user asked for cannot be done; message says what to change */
    R2D_ERR_DATA,     /* bytes that were read are not what they must be */
    R2D_ERR_LIMIT,    /* a documented limit was passed */
    R2D_ERR_NETWORK,  /* no reply: name, connect, TLS, cut or silent connection */
    R2D_ERR_REMOTE,   /* the service replied with an error */
    R2D_ERR_INTERNAL, /* a bug of ours */
} R2dErrorKind;

/*
 * One failure, in words for people. A plain value: copied, never freed. Holds no
 * secrets: whoever fills it must not put credentials or request bodies into it.
 */
typedef struct R2dError {
    R2dErrorKind kind;
    R2dAction action;
    int http_status;      /* 0 when there was no reply */
    char code[64];        /* the service's code, e.g. "ResourceNotFoundException", or "" */
    char request_id[128]; /* the service's request id, or "" */
    char message[512];    /* what failed, on which object; one sentence, no full stop needed */
    char detail[512];     /* what the service said, or "" */
    char hint[256];       /* what to do, or "" */
} R2dError;

/* Fills *err (kind, message) and returns R2D_FAILED, so that `return r2d_fail(...)` reads well.
 * Text is cut at a UTF-8 boundary. err may be NULL. */
R2dStatus r2d_fail(R2dError *err, R2dErrorKind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* r2d_fail for a failed allocation; kind R2D_ERR_MEMORY. */
R2dStatus r2d_fail_memory(R2dError *err);

/* Copies text into a fixed array, cut at a UTF-8 boundary, always terminated. */
void r2d_text_copy(char *dst, size_t dst_size, const char *src, size_t src_len);

#endif
