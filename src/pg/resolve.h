/*
 * resolve.h - the addresses of a host, or of several with commas between them, looked up in a way
 * that can be interrupted.
 *
 * libpq looks names up while a connection is started: that blocks for as long as the name servers
 * are silent, and ignores signals. Here the C library does it in a thread of its own.
 */
#ifndef R2D_PG_RESOLVE_H
#define R2D_PG_RESOLVE_H

#include "postgres.h"

typedef struct R2dAddresses {
    int count;           /* 0: nothing to look up (an address, a socket), or no way to do it here */
    bool metadata;       /* one of them is link-local */
    const char *list;    /* "address,address", empty for a socket */
    const char *hosts;   /* "host,host": the name, once for each */
    const char *problem; /* why there are none, or none to be used; NULL: no problem */
} R2dAddresses;

/* Waits at most timeout_s. Throws only when interrupted. Texts are palloc'd. */
extern R2dAddresses r2d_resolve(const char *host, int timeout_s);

#endif
