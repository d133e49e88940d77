/*
 * job_state.h - the states of a job, and every move that is legal.
 *
 * The table is the only place that knows. The catalog's UPDATEs name the state they expect, so
 * a move that lost a race changes nothing; whether it would be legal is asked here.
 */
#ifndef R2D_JOB_STATE_H
#define R2D_JOB_STATE_H

#include "../base/bytes.h"

typedef enum R2dJobState {
    R2D_JOB_QUEUED = 0, /* waits for a leader */
    R2D_JOB_PREPARING,  /* describes the query, checks or creates the table */
    R2D_JOB_UNLOADING,  /* Redshift writes files */
    R2D_JOB_LOADING,    /* loaders write items */
    R2D_JOB_FINISHING,  /* every file is settled: the ledger is checked, the stage cleaned */
    R2D_JOB_SUCCEEDED,
    R2D_JOB_FAILED,
    R2D_JOB_CANCELED,
} R2dJobState;

typedef enum R2dMover {
    R2D_BY_LEADER = 0, /* the worker that runs the job */
    R2D_BY_OWNER,      /* rs2ddb_cancel, rs2ddb_resume */
    R2D_BY_RECOVERY,   /* whoever finds that the worker is gone */
    R2D_IN_COPY, /* the same functions, in a copy of the database: nobody leads the job there */
} R2dMover;

typedef struct R2dJobMove {
    R2dJobState from;
    R2dJobState to;
    R2dMover by;
    const char *why;
} R2dJobMove;

/* The whole table, for the tests. */
const R2dJobMove *r2d_job_moves(int *count);

bool r2d_job_move_allowed(R2dJobState from, R2dJobState to, R2dMover by);

/* Settled: nobody works on it and nobody will, unless its owner resumes it. */
bool r2d_job_is_settled(R2dJobState state);

/* "queued", "preparing", ... as stored in the catalog. from_name is false for an unknown name. */
const char *r2d_job_state_name(R2dJobState state);
bool r2d_job_state_from_name(R2dView name, R2dJobState *state);

#endif
