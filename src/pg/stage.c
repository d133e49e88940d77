/* stage.c - the files of an attempt that nobody goes on with. */
#include "stage.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "../core/fetch/s3_list.h"
#include "../core/fetch/s3_object.h"
#include "owner.h"
#include "pool.h"

#define LEFTOVERS_MAX      2
#define STOP_WAIT_MS       10000
#define STOP_PATIENCE_MS   20000
#define DELETE_PATIENCE_MS 40000

static bool timeout_registered;
static TimeoutId patience_timeout;

static void delete_files(R2dLeader *leader)
{
    R2dView bucket, prefix;
    R2dError err;
    int64_t deleted;

    r2d_aws_session_use_stage(leader->aws, leader->options, leader->stage_prefix);
    r2d_check(r2d_s3_parse_uri(r2d_view_of(leader->stage_prefix), &bucket, &prefix, &err), &err);
    r2d_check(r2d_s3_delete_prefix(&leader->aws->s3, leader->aws->http, &leader->aws->wait,
                                   pnstrdup(bucket.data, bucket.len),
                                   pnstrdup(prefix.data, prefix.len), &deleted, &err),
              &err);
}

static void mark(R2dLeader *leader, bool clean)
{
    r2d_tx_begin();
    if (clean)
        r2d_catalog_job_stage_clean(leader->job_id, leader->stage_prefix);
    else
        r2d_catalog_job_doom_stage(leader->job_id);
    r2d_tx_commit();
}

/* Runs step(leader); false when it threw. */
static bool run_quietly(R2dLeader *leader, void (*step)(R2dLeader *leader))
{
    volatile bool done = false;

    PG_TRY();
    {
        step(leader);
        done = true;
    }
    PG_CATCH();
    {
        r2d_error_to_log(leader->context);
    }
    PG_END_TRY();
    return done;
}

static void mark_clean(R2dLeader *leader)
{
    mark(leader, true);
}

static void mark_doomed(R2dLeader *leader)
{
    mark(leader, false);
}

bool r2d_stage_clean(R2dLeader *leader)
{
    if (leader->stage_prefix == NULL || leader->aws == NULL)
        return true;
    if (run_quietly(leader, delete_files))
        return run_quietly(leader, mark_clean);
    ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": staging files stay at %s", leader->job_id,
                         leader->stage_prefix)));
    (void)run_quietly(leader, mark_doomed);
    return false;
}

static void stop_unload(R2dLeader *leader)
{
    R2dRedshift *session = r2d_leader_asking_session(leader);

    if (!r2d_redshift_stop_unload(session, leader->stage_prefix, leader->unload_pid,
                                  STOP_WAIT_MS)) /* it would write into what is deleted */
        ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                        errmsg("the UNLOAD below %s does not end yet", leader->stage_prefix)));
}

static void give_up(void)
{
    InterruptPending = QueryCancelPending = true;
    SetLatch(MyLatch);
}

/* Waits for the remote side are ended by what ends them for a cancel, and nobody cancels here. */
static void begin_patience(int patience_ms)
{
    if (!timeout_registered)
        patience_timeout = RegisterTimeout(USER_TIMEOUT, give_up);
    timeout_registered = true;
    enable_timeout_after(patience_timeout, patience_ms);
}

static void end_patience(void)
{
    disable_timeout(patience_timeout, false);
    QueryCancelPending = false;
}

void r2d_stage_abandon(R2dLeader *leader)
{
    bool stopped = true;

    if (leader->stage_prefix == NULL || leader->aws == NULL)
        return;
    if (leader->unload_pid != 0 || leader->job->unload_pid != 0) {
        begin_patience(STOP_PATIENCE_MS);
        stopped = run_quietly(leader, stop_unload);
        end_patience();
    }
    r2d_leader_sessions_end(leader);
    if (!stopped)
        return;
    begin_patience(DELETE_PATIENCE_MS);
    (void)r2d_stage_clean(leader);
    end_patience();
}

void r2d_stage_discard(R2dLeader *leader)
{
    if (leader->stage_prefix == NULL || leader->aws == NULL)
        return;
    begin_patience(STOP_PATIENCE_MS);
    if (leader->unload_pid != 0)
        (void)run_quietly(leader, stop_unload);
    (void)run_quietly(leader, delete_files);
    end_patience();
}

static bool take_leftover(R2dLeader *leader)
{
    R2dJob *job = NULL;
    bool locked;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    locked = r2d_pool_lock_job(leader->job_id);
    if (locked)
        job = r2d_catalog_job(leader->job_id);
    if (job != NULL && job->stage_doomed && r2d_job_is_settled(job->state) && !job->foreign)
        leader->job = job;
    if (locked && leader->job == NULL)
        r2d_pool_unlock_job(leader->job_id);
    r2d_tx_commit();
    return leader->job != NULL;
}

static void open_leftover(R2dLeader *leader)
{
    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    leader->options = r2d_options_load_by_oid(leader->job->server_oid, leader->job->server,
                                              r2d_job_owner(leader->job));
    r2d_tx_commit();
    leader->aws = r2d_aws_session_open(leader->context, leader->options, 2);
    leader->stage_prefix = pstrdup(leader->job->stage_prefix);
}

static void clean_leftover(MemoryContext context, int64 job_id)
{
    R2dLeader leader = {.context = context, .job_id = job_id};

    MemoryContextSwitchTo(context);
    if (!take_leftover(&leader))
        return;
    if (run_quietly(&leader, open_leftover))
        r2d_stage_abandon(&leader);
    r2d_tx_begin();
    r2d_pool_unlock_job(job_id);
    r2d_tx_commit();
}

void r2d_stage_leftovers(int64 except)
{
    MemoryContext caller = CurrentMemoryContext;
    int64 job_ids[LEFTOVERS_MAX];
    int count;

    r2d_tx_begin();
    count = r2d_catalog_oldest_waiting() == 0
                ? r2d_catalog_doomed_stages(except, job_ids, LEFTOVERS_MAX)
                : 0;
    r2d_tx_commit();
    for (int i = 0; i < count; i++) {
        MemoryContext context =
            AllocSetContextCreate(caller, "rs2ddb leftover", ALLOCSET_DEFAULT_SIZES);
        clean_leftover(context, job_ids[i]);
        MemoryContextSwitchTo(caller);
        MemoryContextDelete(context);
    }
}
