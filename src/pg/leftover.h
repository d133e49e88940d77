/*
 * leftover.h - the worklist of prefixes on S3 that nobody goes on with: rs2ddb.leftover.
 *
 * A prefix is either that of a job, which may go on with its files, or a row of this list, never
 * both (but the row of a job that has succeeded tells where its files were). It moves in one
 * transaction, so no crash forgets it. Whoever deletes what lies there deletes the row.
 */
#ifndef R2D_PG_LEFTOVER_H
#define R2D_PG_LEFTOVER_H

#include "leader.h"

/* Nobody goes on with this attempt: its files are forgotten, its prefix goes to the list. */
extern void r2d_leftover_give_up(R2dLeader *leader);

/* Deletes what r2d_leftover_give_up put there, and stops its UNLOAD first if that may run. Does not
 * throw, and waits less than a minute for a remote side that hangs. The caller ignores SIGINT. */
extern void r2d_leftover_delete(R2dLeader *leader);

/* When no job waits for this worker to end: deletes what lies below a few prefixes of this database
 * whose time has come. Does not throw for the sake of one. The caller ignores SIGINT. */
extern void r2d_leftovers_delete(void);

#endif
