/*
 * stage.h - deleting what an UNLOAD left on S3: at once, or later.
 *
 * Only below a job's own stage prefix is anything ever deleted. What nobody goes on with is marked
 * in the job's row (stage_doomed) until it is gone, so that a leader that could not delete it, or
 * did not live to do so, leaves it to the next.
 */
#ifndef R2D_PG_STAGE_H
#define R2D_PG_STAGE_H

#include "leader.h"

/* Deletes what lies below leader->stage_prefix. Does not throw: false when it stays, which the log
 * tells. How a job ends must not depend on it. */
extern bool r2d_stage_clean(R2dLeader *leader);

/* Nobody goes on with this attempt: stops its UNLOAD if it may be running, and deletes its files.
 * Does not throw, and waits less than a minute for a remote side that hangs. The caller ignores
 * SIGINT. */
extern void r2d_stage_abandon(R2dLeader *leader);

/* The same without a word to the catalog, which is gone with the extension, and in less time. */
extern void r2d_stage_discard(R2dLeader *leader);

/* When no job waits for this worker to end: does the former for a few settled jobs of this
 * database, other than `except`, whose files stayed. */
extern void r2d_stage_leftovers(int64 except);

#endif
