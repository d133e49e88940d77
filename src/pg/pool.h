/*
 * pool.h - our background workers: starting them, bounding them, finding the lost ones.
 *
 * Three kinds of advisory locks (of our own class, no user can take them) say who is alive;
 * the server drops them with the process, so a crash leaves no stale mark:
 *   slot   one per running worker, cluster-wide: rs2ddb.max_workers of them
 *   job    held by a job's leader
 *   file   held by the loader of a file
 */
#ifndef R2D_PG_POOL_H
#define R2D_PG_POOL_H

#include "postgres.h"

#include "postmaster/bgworker.h"

/* The class of the locks of jobs, as pg_locks shows it (objsubid); classid and objid are the two
 * halves of the job id. */
#define R2D_POOL_LOCK_JOB 0x7202

/* What a worker is told; copied into bgw_extra. */
typedef struct R2dWorkerArgs {
    Oid database;
    int64 job_id; /* 0: the oldest that waits */
} R2dWorkerArgs;

/*
 * Registers a leader for a job. Allocates nothing and throws nothing: it may be called in a commit
 * callback. False when the server has no free background worker.
 */
extern bool r2d_pool_start_leader(int64 job_id);

/* Registers a leader without a job in any database, which takes the oldest that waits there; NULL
 * when there is no free background worker. */
extern BackgroundWorkerHandle *r2d_pool_start_visitor(Oid database);

/* Leaders for jobs of this database that wait, as many as there are slots. */
extern void r2d_pool_start_waiting(void);

/* Registers a loader for the job of this leader; NULL when there is no free background worker. */
extern BackgroundWorkerHandle *r2d_pool_start_loader(int64 job_id);

/* The first thing a worker does: reads its arguments, connects to its database without a role,
 * sets signals and names itself. */
extern R2dWorkerArgs r2d_pool_worker_begin(void);

/* Takes a slot until the process ends or r2d_pool_slot_release; false when all are taken. */
extern bool r2d_pool_slot_take(void);
extern void r2d_pool_slot_release(void);

/* Slots that look free right now. Must be called inside a transaction. */
extern int r2d_pool_slots_free(void);

/* Locks of a job and of a file; true when it is ours now, false when it is held already: they
 * never wait. Must be called inside a transaction; they outlive it. */
extern bool r2d_pool_lock_job(int64 job_id);
extern void r2d_pool_unlock_job(int64 job_id);
extern bool r2d_pool_lock_file(int64 job_id, int file_no);
extern void r2d_pool_unlock_file(int64 job_id, int file_no);

/* One transaction at a time stores rejects of a job: waits, and lasts to the end of this one. */
extern void r2d_pool_lock_rejects(int64 job_id);

/* The lock of a job for its leader: should it end before r2d_pool_lead_end, the launcher is told.
 */
extern bool r2d_pool_lead(int64 job_id);
extern void r2d_pool_lead_end(int64 job_id);

/* Interrupts or wakes a worker by its process id; harmless when it is gone. */
extern void r2d_pool_interrupt(int pid);
extern void r2d_pool_wake(int pid);

/* What a worker does last: gives back its slot, then starts a leader for the oldest job that
 * waits, so that no job is forgotten. */
extern void r2d_pool_worker_end(void);

#endif
