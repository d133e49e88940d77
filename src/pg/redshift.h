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

/* Parse and Describe, never executed. Returns how many columns there are; they and their names, in
 * UTF-8, live in the session's context. */
extern int r2d_redshift_describe(R2dRedshift *redshift, R2dView query, R2dRemoteColumn **columns);

typedef enum R2dUnloadResult {
    R2D_UNLOAD_DONE,
    R2D_UNLOAD_NO_COMPRESSION, /* this compression cannot be combined with JSON here */
} R2dUnloadResult;

/* Runs an UNLOAD to its end. *rows is what the warehouse counted; -1: it did not tell. */
extern R2dUnloadResult r2d_redshift_unload(R2dRedshift *redshift, const char *command, int64 *rows);

/* The error that the last UNLOAD threw is the warehouse's: it may be a cancel there, and none here.
 */
extern bool r2d_redshift_refused(const R2dRedshift *redshift);

/* The connection is gone: what it ran may go on, or not. */
extern bool r2d_redshift_lost(const R2dRedshift *redshift);

/* It is there, and runs nothing: a statement can be sent. */
extern bool r2d_redshift_idle(const R2dRedshift *redshift);
extern void r2d_redshift_close(R2dRedshift *redshift); /* its columns stay */

typedef enum R2dUnloadState {
    R2D_UNLOAD_UNKNOWN, /* the history does not know it (yet), or may not be read */
    R2D_UNLOAD_RUNNING,
    R2D_UNLOAD_COMPLETED,
    R2D_UNLOAD_ABORTED,
} R2dUnloadState;

typedef struct R2dUnloadHistory {
    R2dUnloadState state;
    int pid;    /* of the session that ran it */
    int64 rows; /* that it wrote, or has written so far; -1: not told */
} R2dUnloadHistory;

/* What the warehouse's own history says of the last UNLOAD below this prefix, whichever session ran
 * it. Does not throw for what the warehouse refuses. */
extern R2dUnloadHistory r2d_redshift_history(R2dRedshift *redshift, const char *prefix);

/*
 * While this session waits for an UNLOAD, the history is asked, over a session of its own, how many
 * rows it has written so far: first after ten seconds, then every ten. told(arg, rows) is called
 * between two looks at the UNLOAD, outside of transactions, and may throw. Nothing that fails here
 * touches the UNLOAD: it is told in the log, and the next look waits longer. From begin to end;
 * that closes the second session.
 */
typedef void (*R2dRedshiftTold)(void *arg, int64 rows);
extern void r2d_redshift_watch_begin(R2dRedshift *redshift, const R2dOptions *options,
                                     const char *prefix, R2dRedshiftTold told, void *arg);
extern void r2d_redshift_watch_end(R2dRedshift *redshift);

/*
 * Cancels an UNLOAD that another session runs below this prefix, and waits up to wait_ms for its
 * end: false when it still runs. pid: of that session, while it is known to live; 0: the history
 * names it, so that no other is hit. Does not throw for what the warehouse refuses: then there is
 * nothing that could be stopped.
 */
extern bool r2d_redshift_stop_unload(R2dRedshift *redshift, const char *prefix, int pid,
                                     int wait_ms);

#endif
