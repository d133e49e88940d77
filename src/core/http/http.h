/*
 * http.h - the contract of an HTTP client: exchanges, a client table, a wait table.
 *
 * An exchange is one request and its response, owned by the caller and reused
 * for many requests. A client runs many exchanges at once on one thread and never
 * blocks: `start` begins one, `step` moves all of them, and the caller waits on
 * `wait_fd` in between. http_curl is the real client; tests bring their own.
 *
 * Order of calls: fill the request part, start, step until state is DONE, read the
 * response part; start again, or r2d_http_exchange_free. An exchange in state
 * RUNNING must not be changed or freed except through `cancel`.
 */
#ifndef R2D_HTTP_H
#define R2D_HTTP_H

#include "../base/bytes.h"
#include "../base/clock.h"
#include "../base/status.h"

typedef struct R2dHttpHeader {
    R2dView name;
    R2dView value;
} R2dHttpHeader;

typedef enum R2dHttpState {
    R2D_HTTP_IDLE = 0,
    R2D_HTTP_RUNNING,
    R2D_HTTP_DONE, /* response complete, or failed: see `failed` */
} R2dHttpState;

#define R2D_HTTP_HEADERS_MAX 12

typedef struct R2dHttpExchange {
    /* Request: borrowed until the exchange is DONE or cancelled. */
    const char *method; /* "GET", "POST", "PUT", "DELETE", "HEAD" */
    const char *url;    /* sent as is: already encoded, never normalised */
    R2dHttpHeader headers[R2D_HTTP_HEADERS_MAX];
    int header_count;
    R2dView body;
    int connect_timeout_ms; /* name, TCP and TLS together */
    int silence_timeout_ms; /* no byte in either direction for so long: R2D_ERR_NETWORK */
    int total_timeout_ms;   /* 0: none (streamed bodies) */
    /* For many small requests to one host that may be repeated: a client may then spare itself what
     * it does for others, and send such a request again when the connection was closed before any
     * byte of a reply. No streams. */
    bool is_frequent;

    /* How the body of the response is taken: at most response_limit bytes are held at a time.
     * stream false: a longer body fails the exchange (R2D_ERR_LIMIT).
     * stream true: receiving pauses at the limit until r2d_http_take makes room. */
    bool stream;
    size_t response_limit;

    /* Response: owned by the exchange, valid until the next start or free. */
    R2dHttpState state;
    int status;                /* HTTP status; 0 while no header has come */
    bool headers_done;         /* status and headers are final (may be true while RUNNING) */
    R2dBytes response_headers; /* "name: value\r\n" lines, as received */
    R2dBytes response;         /* the body; for streams, what has not been taken yet */
    int64_t received_bytes;    /* body bytes so far, taken ones included */
    bool failed;               /* DONE without a complete response; `error` says why */
    /* A connection that may have carried the whole request was closed without a complete response,
     * even if another one brought it: the server may still do what it was asked for. */
    bool unanswered;
    R2dError error; /* kind R2D_ERR_NETWORK, R2D_ERR_LIMIT or R2D_ERR_MEMORY */

    void *owner;                       /* the caller's own: which request is this */
    void *transport;                   /* the client's own */
    struct R2dHttpExchange *next_done; /* link of the client's list of finished exchanges */
} R2dHttpExchange;

typedef struct R2dHttpClient R2dHttpClient;

typedef struct R2dHttpClientOps {
    R2dStatus (*start)(R2dHttpClient *client, R2dHttpExchange *exchange, R2dError *err);
    /* Drops a RUNNING exchange; afterwards it is IDLE. Harmless in any other state; a DONE one
     * that next_done has not returned yet will not be returned any more. */
    void (*cancel)(R2dHttpClient *client, R2dHttpExchange *exchange);
    /* Goes on receiving a stream that paused at its limit. */
    void (*resume)(R2dHttpClient *client, R2dHttpExchange *exchange);
    /* Moves everything that can move without blocking. R2D_OK, or R2D_FAILED when the client
     * itself is broken. A failed exchange is not a failed step. */
    R2dStatus (*step)(R2dHttpClient *client, R2dError *err);
    /* The exchange that finished first and was not returned yet, or NULL. Streams appear when
     * their whole body has been received. */
    R2dHttpExchange *(*next_done)(R2dHttpClient *client);
    /* One descriptor, readable when step has something to do. Constant for the client's life. */
    int (*wait_fd)(R2dHttpClient *client);
    /* Milliseconds until step must be called even if wait_fd is silent; -1: no limit. */
    int (*wait_ms)(R2dHttpClient *client);
    /* Cancels it, and frees what `exchange->transport` holds (called by r2d_http_exchange_free). */
    void (*forget)(R2dHttpClient *client, R2dHttpExchange *exchange);
    /* Cancels all exchanges and frees the client. */
    void (*close)(R2dHttpClient *client);
} R2dHttpClientOps;

struct R2dHttpClient {
    const R2dHttpClientOps *ops;
};

/* How to wait: src/pg brings one with latch and interrupts, tests use r2d_http_wait_poll. */
typedef struct R2dWait {
    /* Waits until fd is readable, timeout_ms passed (-1: none) or the process was asked to do
     * something else. R2D_OK, or R2D_CANCELED when the caller must unwind. */
    R2dStatus (*wait)(void *context, int fd, int timeout_ms);
    void *context;
} R2dWait;

extern const R2dWait r2d_http_wait_poll; /* plain poll(2) */

void r2d_http_exchange_init(R2dHttpExchange *exchange, const R2dAlloc *alloc);
/* client NULL: it was closed before. */
void r2d_http_exchange_free(R2dHttpClient *client, R2dHttpExchange *exchange);

/* Clears the request headers and appends one; the views are borrowed like the rest of the request.
 * More than R2D_HTTP_HEADERS_MAX is a bug of the caller (returns false). */
void r2d_http_headers_clear(R2dHttpExchange *exchange);
bool r2d_http_header_add(R2dHttpExchange *exchange, R2dView name, R2dView value);

/* Value of a response header (name without case), trimmed; {NULL, 0} when absent. Last one wins. */
R2dView r2d_http_response_header(const R2dHttpExchange *exchange, const char *name);

/* Moves the received part of a stream out: swaps `into` (emptied first) with the exchange's body
 * buffer and resumes receiving. */
void r2d_http_take(R2dHttpClient *client, R2dHttpExchange *exchange, R2dBytes *into);

/* Runs one exchange (no stream) to its end: start, then step and wait. R2D_OK when a response came
 * (whatever its status), R2D_CANCELED, or R2D_FAILED with the exchange's error. */
R2dStatus r2d_http_perform(R2dHttpClient *client, const R2dWait *wait, R2dHttpExchange *exchange,
                           R2dError *err);

/* Waits delay_us by the clock; other exchanges of the client go on meanwhile. R2D_OK, R2D_CANCELED,
 * or R2D_FAILED when the client is broken. */
R2dStatus r2d_http_sleep(R2dHttpClient *client, const R2dWait *wait, const R2dClock *clock,
                         int64_t delay_us, R2dError *err);

#endif
