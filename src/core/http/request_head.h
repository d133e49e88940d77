/*
 * request_head.h - the head of an HTTP/1.1 request as bytes. Private to the clients of this folder.
 */
#ifndef R2D_HTTP_REQUEST_HEAD_H
#define R2D_HTTP_REQUEST_HEAD_H

#include "http.h"

/* "https://host:443" of an URL: where its connections lead. The rest of the URL follows it. */
R2dView r2d_http_origin(const char *url);

/*
 * Appends request line, Host (without the scheme's default port, as it is signed), User-Agent
 * (NULL: none), the exchange's headers, Content-Length and the blank line to out. R2D_ERR_ARGUMENT
 * when one holds a control character: it could smuggle in another header.
 */
R2dStatus r2d_http_request_head(const R2dHttpExchange *exchange, const char *user_agent,
                                R2dBytes *out, R2dError *err);

#endif
