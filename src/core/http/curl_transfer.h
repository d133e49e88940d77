/*
 * curl_transfer.h - an exchange that libcurl does as a whole: any method, streams included. Private
 * to the client over libcurl.
 */
#ifndef R2D_CURL_TRANSFER_H
#define R2D_CURL_TRANSFER_H

#include "curl_engine.h"
#include "done_list.h"

/* An easy handle and what is set on it: an exchange borrows one from its first start until it is
 * freed. */
typedef struct R2dCurlTransfer {
    R2dCurlHandle handle;
    R2dHttpExchange *exchange;
    R2dHttpDoneList *done;
    bool is_paused;
    R2dBytes header_lines; /* what header_nodes point at */
    struct curl_slist header_nodes[R2D_HTTP_HEADERS_MAX + 3];
    struct R2dCurlTransfer *next;
} R2dCurlTransfer;

/* `exchange` goes into `done` when it is DONE. NULL when memory is out. */
R2dCurlTransfer *r2d_curl_transfer_new(R2dCurlEngine *engine, R2dHttpExchange *exchange,
                                       R2dHttpDoneList *done);
void r2d_curl_transfer_free(R2dCurlTransfer *transfer); /* cancels it */

/* The contract of http.h. */
R2dStatus r2d_curl_transfer_start(R2dCurlTransfer *transfer, R2dError *err);
void r2d_curl_transfer_cancel(R2dCurlTransfer *transfer);
void r2d_curl_transfer_resume(R2dCurlTransfer *transfer);

#endif
