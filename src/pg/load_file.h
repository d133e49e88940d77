/*
 * load_file.h - loading files of a job in this process: what a loader does all its life, and the
 * leader when it gets no loader.
 */
#ifndef R2D_PG_LOAD_FILE_H
#define R2D_PG_LOAD_FILE_H

#include "aws_session.h"
#include "catalog.h"

typedef struct R2dLoad R2dLoad;

/* How many loaders a job may have at once; 0: its leader loads by itself. */
extern int r2d_load_limit(const R2dJob *job);

/* Reads the plan, opens connections. Lives in the context. Throws. */
extern R2dLoad *r2d_load_open(MemoryContext context, const R2dJob *job, const R2dOptions *options);

/*
 * Claims the next pending file, unless one is claimed already, and loads it to its end: done,
 * failed (the reason is in its row), or given up because the job stops. `go_on`: the file after it
 * is claimed in the transaction that settles this one, and has to be loaded by another call. False
 * when no file is left for this process or the job stops. Throws when it is interrupted; the file
 * is then found by its free lock.
 */
extern bool r2d_load_next(R2dLoad *load, bool go_on);

/* After r2d_load_next threw, in a process that lives on: drops what is in flight and lets go of the
 * file. */
extern void r2d_load_abandon(R2dLoad *load);

#endif
