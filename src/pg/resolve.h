/*
 * resolve.h - the addresses of a host, found without blocking: the resolver of the C library waits
 * for name servers in its own way and ignores signals, so it runs in a thread.
 */
#ifndef R2D_PG_RESOLVE_H
#define R2D_PG_RESOLVE_H

#include "postgres.h"

#include "utils/timestamp.h"

/*
 * The addresses of a host as texts with commas between them; *count is how many. NULL when there is
 * none by the deadline: *why says why. Checks for interrupts. A lookup that is given up ends by
 * itself and leaves nothing.
 */
extern char *r2d_resolve(const char *host, TimestampTz deadline, int *count, const char **why);

#endif
