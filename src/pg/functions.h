/*
 * functions.h - what the SQL entry points have in common.
 */
#ifndef R2D_PG_FUNCTIONS_H
#define R2D_PG_FUNCTIONS_H

#include "postgres.h"

/* A job without a leader would never end: every call gives one to the oldest if there is a slot.
 * Not on a standby, which starts no worker, yet would keep a slot for each that it was asked for.
 */
extern void r2d_help_waiting_jobs(void);

/* There is none, or the current user may not know of it. */
extern void r2d_no_such_job(int64 job_id);

#endif
