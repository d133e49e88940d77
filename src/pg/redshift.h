/*
 * redshift.h - sessions with the warehouse: all libpq is here.
 *
 * Every wait watches the latch and checks for interrupts. Errors of the warehouse are thrown with
 * its SQLSTATE, message, detail, hint and position. A session ends with its memory context.
 */
#ifndef R2D_PG_REDSHIFT_H
#define R2D_PG_REDSHIFT_H

#include "options.h"

#include "../core/unload/projection.h"

typedef struct R2dRedshift R2dRedshift;

/* Connects and pins the session settings that the projection relies on. */
extern R2dRedshift *r2d_redshift_open(MemoryContext context, const R2dOptions *options);

/* Process id of the session on the warehouse: what pg_cancel_backend takes. */
extern int r2d_redshift_pid(const R2dRedshift *redshift);

/* Parse and Describe, never executed. Columns and names live in the session's context. */
extern int r2d_redshift_describe(R2dRedshift *redshift, R2dView query, R2dRemoteColumn **columns);

typedef enum R2dUnloadResult {
    R2D_UNLOAD_DONE,
    R2D_UNLOAD_NO_COMPRESSION, /* this compression cannot be combined with JSON here */
} R2dUnloadResult;

/* Runs an UNLOAD to its end. *rows is what the warehouse counted. */
extern R2dUnloadResult r2d_redshift_unload(R2dRedshift *redshift, const char *command, int64 *rows);

/*
 * Cancels what the session with this pid runs, through a second session, and waits up to
 * wait_ms for `running` (may be NULL) to say that it ended. Does not throw: false when
 * it could not be done.
 */
extern bool r2d_redshift_cancel(const R2dOptions *options, int pid, R2dRedshift *running,
                                int wait_ms);

/*
 * Cancels an UNLOAD that an earlier session left running below this prefix, and waits up to wait_ms
 * for its end. The warehouse's own history names its session, so that no other is hit. Does not
 * throw for what the warehouse refuses: then there is nothing that could be stopped.
 */
extern void r2d_redshift_stop_unload(R2dRedshift *redshift, const char *prefix, int wait_ms);

#endif
