/* job_state.c - the tables of moves; see job_state.h. */
#include "job_state.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const char *const job_names[] = {
    [R2D_JOB_QUEUED] = "queued",       [R2D_JOB_PREPARING] = "preparing",
    [R2D_JOB_UNLOADING] = "unloading", [R2D_JOB_LOADING] = "loading",
    [R2D_JOB_FINISHING] = "finishing", [R2D_JOB_SUCCEEDED] = "succeeded",
    [R2D_JOB_FAILED] = "failed",       [R2D_JOB_CANCELED] = "canceled",
};

static const char *const file_names[] = {
    [R2D_FILE_PENDING] = "pending",
    [R2D_FILE_RUNNING] = "running",
    [R2D_FILE_DONE] = "done",
    [R2D_FILE_FAILED] = "failed",
};

static const R2dJobMove job_moves[] = {
    {R2D_JOB_QUEUED, R2D_JOB_PREPARING, R2D_BY_LEADER, "a leader took the job"},
    {R2D_JOB_PREPARING, R2D_JOB_UNLOADING, R2D_BY_LEADER, "query and table fit"},
    {R2D_JOB_PREPARING, R2D_JOB_LOADING, R2D_BY_LEADER, "the files are on S3 already"},
    {R2D_JOB_UNLOADING, R2D_JOB_LOADING, R2D_BY_LEADER, "the manifest was read"},
    {R2D_JOB_LOADING, R2D_JOB_FINISHING, R2D_BY_LEADER, "every file is settled"},
    {R2D_JOB_FINISHING, R2D_JOB_SUCCEEDED, R2D_BY_LEADER, "the ledger balances"},

    {R2D_JOB_PREPARING, R2D_JOB_FAILED, R2D_BY_LEADER, "query or table do not fit"},
    {R2D_JOB_UNLOADING, R2D_JOB_FAILED, R2D_BY_LEADER, "UNLOAD failed"},
    {R2D_JOB_LOADING, R2D_JOB_FAILED, R2D_BY_LEADER, "a systemic error stopped the loaders"},
    {R2D_JOB_FINISHING, R2D_JOB_FAILED, R2D_BY_LEADER, "too many rejects, or files that failed"},

    {R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_BY_OWNER, "canceled before a leader took it"},
    {R2D_JOB_PREPARING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},
    {R2D_JOB_UNLOADING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},
    {R2D_JOB_LOADING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},
    {R2D_JOB_FINISHING, R2D_JOB_CANCELED, R2D_BY_LEADER, "the owner asked"},

    {R2D_JOB_PREPARING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_UNLOADING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_LOADING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_FINISHING, R2D_JOB_QUEUED, R2D_BY_RECOVERY, "the leader is gone"},
    {R2D_JOB_PREPARING, R2D_JOB_CANCELED, R2D_BY_RECOVERY, "asked for before the leader went"},
    {R2D_JOB_UNLOADING, R2D_JOB_CANCELED, R2D_BY_RECOVERY, "asked for before the leader went"},
    {R2D_JOB_LOADING, R2D_JOB_CANCELED, R2D_BY_RECOVERY, "asked for before the leader went"},
    {R2D_JOB_FINISHING, R2D_JOB_CANCELED, R2D_BY_RECOVERY, "asked for before the leader went"},

    {R2D_JOB_FAILED, R2D_JOB_QUEUED, R2D_BY_OWNER, "resumed"},
    {R2D_JOB_CANCELED, R2D_JOB_QUEUED, R2D_BY_OWNER, "resumed"},
};

static const R2dFileMove file_moves[] = {
    {R2D_FILE_PENDING, R2D_FILE_RUNNING, R2D_BY_LOADER, "claimed"},
    {R2D_FILE_RUNNING, R2D_FILE_DONE, R2D_BY_LOADER, "every row is settled"},
    {R2D_FILE_RUNNING, R2D_FILE_FAILED, R2D_BY_LOADER, "it cannot be read or written"},
    {R2D_FILE_RUNNING, R2D_FILE_PENDING, R2D_BY_LOADER, "given back: the job stops"},
    {R2D_FILE_RUNNING, R2D_FILE_PENDING, R2D_BY_RECOVERY, "the loader is gone"},
    {R2D_FILE_FAILED, R2D_FILE_PENDING, R2D_BY_OWNER, "resumed"},
};

const R2dJobMove *r2d_job_moves(int *count)
{
    *count = COUNT(job_moves);
    return job_moves;
}

const R2dFileMove *r2d_file_moves(int *count)
{
    *count = COUNT(file_moves);
    return file_moves;
}

bool r2d_job_move_allowed(R2dJobState from, R2dJobState to, R2dMover by)
{
    for (int i = 0; i < COUNT(job_moves); i++)
        if (job_moves[i].from == from && job_moves[i].to == to && job_moves[i].by == by)
            return true;
    return false;
}

bool r2d_file_move_allowed(R2dFileState from, R2dFileState to, R2dMover by)
{
    for (int i = 0; i < COUNT(file_moves); i++)
        if (file_moves[i].from == from && file_moves[i].to == to && file_moves[i].by == by)
            return true;
    return false;
}

bool r2d_job_is_settled(R2dJobState state)
{
    return state == R2D_JOB_SUCCEEDED || state == R2D_JOB_FAILED || state == R2D_JOB_CANCELED;
}

bool r2d_file_is_settled(R2dFileState state)
{
    return state == R2D_FILE_DONE || state == R2D_FILE_FAILED;
}

static int find_name(const char *const *names, int count, R2dView name)
{
    for (int i = 0; i < count; i++)
        if (r2d_view_equal(name, r2d_view_of(names[i])))
            return i;
    return -1;
}

const char *r2d_job_state_name(R2dJobState state)
{
    return job_names[state];
}

bool r2d_job_state_from_name(R2dView name, R2dJobState *state)
{
    int found = find_name(job_names, COUNT(job_names), name);
    if (found >= 0)
        *state = (R2dJobState)found;
    return found >= 0;
}

const char *r2d_file_state_name(R2dFileState state)
{
    return file_names[state];
}

bool r2d_file_state_from_name(R2dView name, R2dFileState *state)
{
    int found = find_name(file_names, COUNT(file_names), name);
    if (found >= 0)
        *state = (R2dFileState)found;
    return found >= 0;
}
