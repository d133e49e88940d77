/*
 * record.h - what a client writes into an exchange while a response arrives. Private to the
 * clients of this folder; runs inside the transport's callbacks, so it only records.
 */
#ifndef R2D_HTTP_RECORD_H
#define R2D_HTTP_RECORD_H

#include "http.h"

typedef enum R2dHttpRecord {
    R2D_RECORD_TAKEN,
    R2D_RECORD_FULL,   /* a stream at its limit: offer the same bytes again after a take */
    R2D_RECORD_FAILED, /* exchange->error says why; the transfer must end */
} R2dHttpRecord;

/* Empties the response part for a new start; keeps the buffers. */
void r2d_http_record_start(R2dHttpExchange *exchange);

/* One header line as received, with its line end: status line, header or the blank line. Interim
 * (1xx) responses are forgotten; trailers after the body are ignored. */
R2dHttpRecord r2d_http_record_header(R2dHttpExchange *exchange, R2dView line);

/* The next bytes of the body: all are taken or none. A stream that holds nothing takes whatever
 * comes, so that a limit below the transport's own chunk does not stall it. */
R2dHttpRecord r2d_http_record_body(R2dHttpExchange *exchange, R2dView data);

#endif
