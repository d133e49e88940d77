/*
 * curl_engine.h - libcurl's multi handle with its sockets and its timer, and what every handle in
 * it has set. Private to the client over libcurl: with http_curl.c, curl_transfer.c and
 * curl_connection.c the only code that knows libcurl.
 *
 * libcurl's callbacks record and return: they never call back into the caller, and nothing jumps
 * through libcurl's frames. libcurl's memory comes from malloc: its hooks are for the whole process
 * and carry no context.
 */
#ifndef R2D_CURL_ENGINE_H
#define R2D_CURL_ENGINE_H

#include "http_curl.h"
#include "watch.h"

#include <curl/curl.h>
#include <signal.h>

/* For CURLOPT_PROTOCOLS_STR and a curl_global_init that other users of libcurl cannot disturb. */
_Static_assert(LIBCURL_VERSION_NUM >= 0x075500, "libcurl 7.85 or later is needed");

#define R2D_CURL_SET(easy, option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

/* The owner of libcurl's own sockets in the watch; others take other numbers. */
#define R2D_CURL_SOCKETS 0

typedef struct R2dCurlEngine {
    const R2dAlloc *alloc;
    R2dHttpCurlOptions options;
    R2dBytes ca_file, user_agent;
    CURLM *multi;
    CURLSH *share; /* TLS sessions, so that a further connection resumes one */
    R2dHttpWatch watch;
    sigset_t signals; /* while `masked` */
    bool masked;
} R2dCurlEngine;

typedef struct R2dCurlHandle R2dCurlHandle;
struct R2dCurlHandle {
    R2dCurlEngine *engine;
    CURL *easy;
    bool is_running;  /* in the multi handle */
    bool is_metadata; /* a connection was refused for its address */
    char error_text[CURL_ERROR_SIZE];
    /* libcurl is done with it; it is still in the multi handle. */
    void (*done)(R2dCurlHandle *handle, CURLcode code);
    void *owner;
};

R2dStatus r2d_curl_engine_open(R2dCurlEngine *engine, const R2dAlloc *alloc,
                               const R2dHttpCurlOptions *options, R2dError *err);
void r2d_curl_engine_close(R2dCurlEngine *engine); /* after its handles */

/* An easy handle with what all have in common; false when memory is out (nothing to free then). */
bool r2d_curl_handle_open(R2dCurlHandle *handle, R2dCurlEngine *engine);
void r2d_curl_handle_close(R2dCurlHandle *handle);

bool r2d_curl_handle_start(R2dCurlHandle *handle); /* false: memory is out */
void r2d_curl_handle_stop(R2dCurlHandle *handle);  /* harmless when it does not run */

/* Moves a socket of libcurl's; moves what is due and tells who is done. A step is these calls, in
 * this order, for each ready socket and once at the end. */
void r2d_curl_engine_socket(R2dCurlEngine *engine, const R2dHttpReady *ready);
R2dStatus r2d_curl_engine_turn(R2dCurlEngine *engine, R2dError *err);

/* Why a handle is done, in words: fills exchange->error. */
void r2d_curl_explain(const R2dCurlHandle *handle, CURLcode code, R2dHttpExchange *exchange);

#endif
