/*
 * reply.h - an HTTP/1.1 response, read from the bytes of a connection into an exchange. Private to
 * the clients of this folder.
 *
 * It is handed bytes as they come, cut anywhere, and keeps its own state. It knows bodies that end
 * by Content-Length, in chunks, or with the connection (RFC 9112, section 6), and is strict where a
 * lenient reader could take the end of one response for the start of the next.
 */
#ifndef R2D_HTTP_REPLY_H
#define R2D_HTTP_REPLY_H

#include "http.h"

typedef enum R2dReplyPart {
    R2D_REPLY_HEAD = 0,
    R2D_REPLY_SIZED, /* `left` bytes of body are to come */
    R2D_REPLY_TO_END,
    R2D_REPLY_CHUNK_SIZE,
    R2D_REPLY_CHUNK,
    R2D_REPLY_CHUNK_END,
    R2D_REPLY_TRAILER,
    R2D_REPLY_DONE,
} R2dReplyPart;

typedef struct R2dReply {
    R2dReplyPart part;
    bool begun;      /* a byte has come */
    bool in_head;    /* the status line has come */
    bool is_last;    /* the connection cannot carry another request */
    bool is_chunked; /* by Transfer-Encoding */
    int64_t length;  /* by Content-Length; -1: not told */
    int64_t left;
    int64_t lines_bytes; /* that were no body */
    R2dBytes line;       /* the start of a line whose end has not come */
} R2dReply;

void r2d_reply_init(R2dReply *reply, const R2dAlloc *alloc);
void r2d_reply_free(R2dReply *reply);

/* Before the first byte of each response; the exchange is recorded into anew. */
void r2d_reply_start(R2dReply *reply, R2dHttpExchange *exchange);

/*
 * R2D_AGAIN: all of data was taken, more must come. R2D_END: the response is complete; *taken says
 * how much of data was its. R2D_FAILED: exchange->error says why; the connection is of no more use.
 */
R2dStatus r2d_reply_read(R2dReply *reply, R2dHttpExchange *exchange, R2dView data, size_t *taken);

/* The connection has ended: R2D_END when that completes the response, else R2D_FAILED with the text
 * of what is missing in *text. */
R2dStatus r2d_reply_closed(R2dReply *reply, const char **text);

#endif
