/*
 * tls_front.h - TLS in front of a plain server of the tests: processes of its own on 127.0.0.1,
 * with a certificate that it makes itself. Replies get an x-resumed header (0 or 1: whether the TLS
 * session of the connection was resumed) right behind their status line. A connection on which
 * nothing moves changes its key five times a second.
 */
#ifndef R2D_TEST_TLS_FRONT_H
#define R2D_TEST_TLS_FRONT_H

#include "unit.h"

#include <sys/types.h>

typedef struct TlsFront {
    pid_t pid;
    char base_url[64];           /* "https://127.0.0.1:port" */
    char ca_file[UNIT_PATH_MAX]; /* the certificate, for the client */
} TlsFront;

/* The certificate is good for the IP address `address` only. */
void tls_front_start(TlsFront *front, int backend_port, const char *address);
void tls_front_stop(TlsFront *front);

#endif
