/*
 * request_lines.h - the headers of a request as zero-terminated lines. Private to the clients of
 * this folder.
 */
#ifndef R2D_HTTP_REQUEST_LINES_H
#define R2D_HTTP_REQUEST_LINES_H

#include "http.h"

/*
 * Writes each header as "name: value\0" ("name;\0" without a value, as libcurl wants it) into
 * lines, emptied first, and points starts[0..header_count) at them. R2D_ERR_ARGUMENT when one holds
 * a control character: it could smuggle in another header.
 */
R2dStatus r2d_http_request_lines(const R2dHttpExchange *exchange, R2dBytes *lines,
                                 const char *starts[R2D_HTTP_HEADERS_MAX], R2dError *err);

/* Whether the URL is all visible characters, and no header holds a control character. */
bool r2d_http_request_is_clean(const R2dHttpExchange *exchange);

bool r2d_http_request_has_header(const R2dHttpExchange *exchange, const char *name);

#endif
