/*
 * curl_connection.h - a connection that libcurl opens (name, proxy, TCP, TLS and the check of the
 * certificate) and that others speak on. Private to the client over libcurl.
 *
 * Sending and receiving cost what OpenSSL and the socket cost: libcurl's work on each request, a
 * third of what a BatchWriteItem cost before, is left out.
 */
#ifndef R2D_CURL_CONNECTION_H
#define R2D_CURL_CONNECTION_H

#include "curl_engine.h"

/* A whole TLS record. More may be waiting behind it in OpenSSL or in the TLS of a proxy, where no
 * socket tells of it: receive until R2D_IO_LATER, and before a request is sent. */
#define R2D_CONNECTION_READ_BYTES (16 * 1024)

typedef struct R2dCurlConnection R2dCurlConnection;
struct R2dCurlConnection {
    R2dCurlHandle handle;
    int fd; /* -1: not connected */
    /* Connecting is over: fd tells how; on failure code says why. */
    void (*opened)(R2dCurlConnection *connection, CURLcode code);
};

typedef enum R2dIo {
    R2D_IO_SOME,   /* *count bytes, at least one */
    R2D_IO_LATER,  /* wait for the socket */
    R2D_IO_CLOSED, /* by the other side, in order */
    R2D_IO_BROKEN,
} R2dIo;

/* `opened` must be set. false when memory is out (nothing to free then). */
bool r2d_curl_connection_init(R2dCurlConnection *connection, R2dCurlEngine *engine);
void r2d_curl_connection_free(R2dCurlConnection *connection);

/* url: of the origin. Through a proxy it is a tunnel, for http too. false: memory is out. */
bool r2d_curl_connection_dial(R2dCurlConnection *connection, const char *url, int timeout_ms);
/* By a reset: the other side gets no byte of ours any more. Harmless when closed. */
void r2d_curl_connection_close(R2dCurlConnection *connection);

/* After R2D_IO_LATER the same bytes must be offered again: OpenSSL has begun with them. */
R2dIo r2d_curl_connection_send(R2dCurlConnection *connection, R2dView data, size_t *count);
R2dIo r2d_curl_connection_receive(R2dCurlConnection *connection,
                                  char data[R2D_CONNECTION_READ_BYTES], size_t *count);

#endif
