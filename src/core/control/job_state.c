/* job_state.c - the table of moves; see job_state.h. */
#include "job_state.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const char *const names[] = {
    [R2D_JOB_QUEUED] = "queued",       [R2D_JOB_PREPARING] = "preparing",
    [R2D_JOB_UNLOADING] = "unloading", [R2D_JOB_LOADING] = "loading",
    [R2D_JOB_FINISHING] = "finishing", [R2D_JOB_SUCCEEDED] = "succeeded",
    [R2D_JOB_FAILED] = "failed",       [R2D_JOB_CANCELED] = "canceled",
};

static const R2dJobMove moves[] = {
    {R2D_JOB_QUEUED, R2D_JOB_PREPARING, R2D_BY_LEADER, "a leader took the job"},
    {R2D_JOB_PREPARING, R2D_JOB_UNLOADING, R2D_BY_LEADER, "query and table fit"},
    {R2D_JOB_PREPARING, R2D_JOB_LOADING, R2D_BY_LEADER, "the files are on S3 already"},
    {R2D_JOB_UNLOADING, R2D_JOB_LOADING, R2D_BY_LEADER, "the manifest was read"},
    {R2D_JOB_LOADING, R2D_JOB_FINISHING, R2D_BY_LEADER, "every file is settled"},
    {R2D_JOB_FINISHING, R2D_JOB_SUCCEEDED, R2D_BY_LEADER, "the ledger balances"},

    {R2D_JOB_QUEUED, R2D_JOB_FAILED, R2D_BY_LEADER, "it cannot be taken"},
    {R2D_JOB_PREPARING, R2D_JOB_FAILED, R2D_BY_LEADER, "query or table do not fit"},
    {R2D_JOB_UNLOADING, R2D_JOB_FAILED, R2D_BY_LEADER, "UNLOAD failed"},
    {R2D_JOB_LOADING, R2D_JOB_FAILED, R2D_BY_LEADER, "a systemic error stopped the loaders"},
    {R2D_JOB_FINISHING, R2D_JOB_FAILED, R2D_BY_LEADER, "too many rejects, or files that failed"},

    {R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_BY_OWNER, "canceled before a leader took it"},
    {R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_BY_LEADER, "asked for before the last leader went"},
    {R2D_JOB_PREPARING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},
    {R2D_JOB_UNLOADING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},
    {R2D_JOB_LOADING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},
    {R2D_JOB_FINISHING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},

    {R2D_JOB_PREPARING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_UNLOADING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_LOADING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_FINISHING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},

    {R2D_JOB_FAILED, R2D_JOB_QUEUED, R2D_BY_OWNER, "resumed"},
    {R2D_JOB_CANCELED, R2D_JOB_QUEUED, R2D_BY_OWNER, "resumed"},

    {R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_IN_COPY, "the owner asked"},
    {R2D_JOB_PREPARING, R2D_JOB_CANCELED, R2D_IN_COPY, "the owner asked"},
    {R2D_JOB_UNLOADING, R2D_JOB_CANCELED, R2D_IN_COPY, "the owner asked"},
    {R2D_JOB_LOADING, R2D_JOB_CANCELED, R2D_IN_COPY, "the owner asked"},
    {R2D_JOB_FINISHING, R2D_JOB_CANCELED, R2D_IN_COPY, "the owner asked"},
    {R2D_JOB_PREPARING, R2D_JOB_QUEUED, R2D_IN_COPY, "taken over"},
    {R2D_JOB_UNLOADING, R2D_JOB_QUEUED, R2D_IN_COPY, "taken over"},
    {R2D_JOB_LOADING, R2D_JOB_QUEUED, R2D_IN_COPY, "taken over"},
    {R2D_JOB_FINISHING, R2D_JOB_QUEUED, R2D_IN_COPY, "taken over"},
};

const R2dJobMove *r2d_job_moves(int *count)
{
    *count = COUNT(moves);
    return moves;
}

bool r2d_job_move_allowed(R2dJobState from, R2dJobState to, R2dMover by)
{
    for (int i = 0; i < COUNT(moves); i++)
        if (moves[i].from == from && moves[i].to == to && moves[i].by == by)
            return true;
    return false;
}

bool r2d_job_is_settled(R2dJobState state)
{
    return state == R2D_JOB_SUCCEEDED || state == R2D_JOB_FAILED || state == R2D_JOB_CANCELED;
}

const char *r2d_job_state_name(R2dJobState state)
{
    return names[state];
}

bool r2d_job_state_from_name(R2dView name, R2dJobState *state)
{
    for (int i = 0; i < COUNT(names); i++)
        if (r2d_view_equal(name, r2d_view_of(names[i]))) {
            *state = (R2dJobState)i;
            return true;
        }
    return false;
}
