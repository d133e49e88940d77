/*
 * stage.h - deleting what an UNLOAD left on S3, at once.
 *
 * Only below the prefix of an attempt, leader->stage_prefix, is anything ever deleted. What cannot
 * be deleted now is left to later (leftover.h).
 */
#ifndef R2D_PG_STAGE_H
#define R2D_PG_STAGE_H

#include "leader.h"

/* Runs step(leader): NULL, or why it threw, as one line in leader->context. The error ends here; a
 * cancel is thrown again by the next check for interrupts. */
extern const char *r2d_stage_try(R2dLeader *leader, void (*step)(R2dLeader *leader));

/* Nothing writes there any more: deletes the files. Does not throw: false when they stay, which the
 * log and rs2ddb.leftover tell. How a job ends must not depend on it. */
extern bool r2d_stage_clean(R2dLeader *leader);

/* Stops the UNLOAD first if it may_run, and deletes the files: NULL when nothing is left, else why
 * not. Does not throw, and waits less than a minute for a remote side that hangs. The caller
 * ignores SIGINT. */
extern const char *r2d_stage_remove(R2dLeader *leader, bool may_run);

/* The same without a word to anybody, and in less time: the extension is gone. */
extern void r2d_stage_discard(R2dLeader *leader);

#endif
