/* failure.h - the words of an exchange that got no complete reply. Private to the clients. */
#ifndef R2D_HTTP_FAILURE_H
#define R2D_HTTP_FAILURE_H

#include "http.h"

/* Fills exchange->error: R2D_ERR_NETWORK, the host (never path or query) and libcurl's text, or a
 * clearer one where we have it. hint may be NULL. */
void r2d_http_failure(R2dHttpExchange *exchange, R2dAction action, const char *text,
                      const char *hint);

/* No byte came or went for as long as the exchange allows. */
void r2d_http_failure_silence(R2dHttpExchange *exchange);

#endif
