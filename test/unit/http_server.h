/*
 * http_server.h - a tiny HTTP server for the tests: processes of its own on 127.0.0.1.
 *
 * What it does is told by the path:
 *   /echo         200, the request as received (head and body)
 *   /size/N       200, N bytes of a pattern, with Content-Length
 *   /chunked/N    the same in chunks of odd sizes, with a trailer
 *   /eof/N        the same without a length: the end of the connection is the end
 *   /status/N     status N with the body "status N"
 *   /interim      a 100 with headers of its own, then 200 "done"
 *   /cut/N        promises N + 1 bytes, sends N, closes
 *   /drop         200 "dropped", keep-alive, and closes all the same
 *   /twice        two replies to the one request: "asked", then "unasked"
 *   /first        200 "first" to the first request of a connection; to any other it just closes
 *   /mute         closes without a byte
 *   /early        413 "early" to the head alone; the body is never read
 *   /silent       the head, half a body, then nothing for a minute
 *   /never        nothing at all for a minute
 *   /flood        headers without end
 * Replies carry x-conn (the connection) and x-count (requests on it so far).
 */
#ifndef R2D_TEST_HTTP_SERVER_H
#define R2D_TEST_HTTP_SERVER_H

#include "base/bytes.h"

#include <sys/types.h>

typedef struct HttpServer {
    pid_t pid;
    int port;
    char base_url[64]; /* "http://127.0.0.1:port" */
} HttpServer;

void http_server_start(HttpServer *server);
void http_server_stop(HttpServer *server);

/* Byte i of the pattern. */
char http_server_pattern(size_t i);

#endif
