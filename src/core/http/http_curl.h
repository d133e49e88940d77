/* http_curl.h - the HTTP client over libcurl's multi interface. */
#ifndef R2D_HTTP_CURL_H
#define R2D_HTTP_CURL_H

#include "http.h"

typedef struct R2dHttpCurlOptions {
    int max_connections;    /* per host and in all */
    const char *ca_file;    /* NULL: the system's */
    const char *user_agent; /* NULL: none */
} R2dHttpCurlOptions;

/*
 * One client: a curl multi handle, which keeps the connections, and an epoll descriptor; each
 * exchange keeps its easy handle. Certificates are verified, redirects are never followed, only
 * http and https are spoken, HTTP/1.1 is used, no signal is used, proxies come from the
 * environment. Connections to link-local and metadata addresses are refused, also when a host name
 * leads there. curl_global_init must have been done by r2d_http_curl_global_init. NULL on failure.
 */
R2dHttpClient *r2d_http_curl_open(const R2dAlloc *alloc, const R2dHttpCurlOptions *options,
                                  R2dError *err);

/* Once per process; blocks no signals, starts no thread. */
R2dStatus r2d_http_curl_global_init(R2dError *err);

#endif
