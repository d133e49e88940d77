/*
 * job_log.h - the life of a job in the server log: one line when it starts, is taken over,
 * succeeds, fails or is canceled, each with job, database, owner, server and table.
 */
#ifndef R2D_PG_JOB_LOG_H
#define R2D_PG_JOB_LOG_H

#include "catalog.h"

/* The job in words, which each line begins with: `rs2ddb job 7 (database "d", owner "o", server
 * "s", table "t")`. The owner as it was called when the job was queued. Within a transaction;
 * palloc'd. */
extern const char *r2d_job_log_name(const R2dJob *job);

/* A worker has the job now, which it found in state `found`: any but queued is taken over. */
extern void r2d_job_log_taken(const char *name, R2dJobState found);

/* remark: what the numbers do not say, as the event says it; NULL: nothing. */
extern void r2d_job_log_succeeded(const char *name, const R2dTotals *totals, const char *remark);
extern void r2d_job_log_failed(const char *name, const R2dFailure *failure);

/* how: as the event says it. */
extern void r2d_job_log_canceled(const char *name, const char *how);

/* It ended with an error, and keeps its state, for the catalog cannot be written. */
extern void r2d_job_log_not_stored(const char *name, const ErrorData *error);

#endif
