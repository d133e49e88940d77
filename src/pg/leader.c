/* leader.c - the life of a job's leader. */
#include "leader.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"

#include "home.h"
#include "job_log.h"
#include "launcher.h"
#include "leftover.h"
#include "owner.h"
#include "pool.h"
#include "settings.h"
#include "stage.h"

#define LOCK_TRIES    10
#define LOCK_RETRY_MS 20

PGDLLEXPORT void r2d_leader_main(Datum arg);

static void move(R2dLeader *leader, R2dJobState to)
{
    bool moved;

    r2d_tx_begin();
    moved = r2d_catalog_job_move(leader->job_id, leader->job->state, to, R2D_BY_LEADER, NULL);
    r2d_tx_commit();
    if (!moved)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("job " INT64_FORMAT " was changed by somebody else", leader->job_id)));
    leader->job->state = to;
    pgstat_report_activity(STATE_RUNNING, psprintf("rs2ddb job " INT64_FORMAT ": %s",
                                                   leader->job_id, r2d_job_state_name(to)));
}

void r2d_leader_read_job(R2dLeader *leader)
{
    R2dJob *job;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    job = r2d_catalog_job(leader->job_id);
    leader->job = job != NULL && !job->foreign && !r2d_job_is_settled(job->state) ? job : NULL;
    if (leader->job != NULL)
        leader->log_name = r2d_job_log_name(leader->job);
    r2d_tx_commit();
}

/* Says that we lead it, and puts back what a lost leader left. A cancel that came before is seen
 * by the second look, one that comes after finds our process id. */
static void take_job(R2dLeader *leader)
{
    R2dJobState found;

    r2d_leader_read_job(leader);
    if (leader->job == NULL)
        return;
    found = leader->job->state;
    r2d_tx_begin();
    r2d_catalog_job_led(leader->job_id, MyProcPid);
    if (found != R2D_JOB_QUEUED)
        r2d_catalog_job_move(leader->job_id, found, R2D_JOB_QUEUED, R2D_BY_RECOVERY,
                             "its leader was lost");
    r2d_catalog_files_release(leader->job_id);
    r2d_tx_commit();
    r2d_job_log_taken(leader->log_name, found);
    r2d_leader_read_job(leader);
}

void r2d_leader_load_options(R2dLeader *leader)
{
    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    leader->options = r2d_options_load_by_oid(leader->job->server_oid, leader->job->server,
                                              r2d_job_owner(leader->job));
    r2d_tx_commit();
}

/* The extension was dropped: as after a cancel, nothing stays behind. */
static void clean_up(void *arg)
{
    R2dLeader *leader = arg;

    MemoryContextSwitchTo(leader->context);
    if (leader->job != NULL && !leader->job->keep_files)
        r2d_stage_discard(leader);
}

/* Any guess would write or delete what nobody asked for. */
static void require_known_mode(const R2dLeader *leader)
{
    if (leader->job->mode == R2D_WRITE_UNKNOWN)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("this version of rs2ddb does not know the mode of job " INT64_FORMAT,
                               leader->job_id),
                        errhint("Install the version that queued the job, and resume it.")));
}

static void run_job(R2dLeader *leader)
{
    take_job(leader);
    if (leader->job == NULL)
        return;
    move(leader, R2D_JOB_PREPARING);
    require_known_mode(leader);
    r2d_leader_load_options(leader);
    leader->aws = r2d_aws_session_open(leader->context, leader->options, 4);
    leader->stage_prefix = leader->job->stage_prefix ? pstrdup(leader->job->stage_prefix) : NULL;
    leader->stage_may_run = leader->job->unload_pid != 0;
    r2d_home_clean_up(clean_up, leader);
    if (leader->job->cancel_requested) /* a lost leader did not live to see it */
        ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceled")));
    r2d_resume(leader);
    if (!r2d_leader_has_files(leader)) {
        leader->unload_open = leader->stage_prefix != NULL;
        r2d_prepare(leader);
        move(leader, R2D_JOB_UNLOADING);
        r2d_unload(leader);
    }
    r2d_leader_sessions_end(leader);
    r2d_make_table(leader);
    move(leader, R2D_JOB_LOADING);
    r2d_loading(leader);
    move(leader, R2D_JOB_FINISHING);
    r2d_finish(leader);
}

static void lead(R2dLeader *leader)
{
    PG_TRY();
    {
        run_job(leader);
    }
    PG_CATCH();
    {
        ErrorData *error;
        MemoryContextSwitchTo(leader->context);
        error = CopyErrorData();
        FlushErrorState();
        AbortCurrentTransaction();
        MemoryContextSwitchTo(leader->context);
        r2d_settle_error(leader, error);
    }
    PG_END_TRY();
}

/* A slot, and the job's lock: one leader per job. */
static bool try_locks(R2dLeader *leader, bool *slot)
{
    bool locked;

    r2d_tx_begin();
    *slot = *slot || r2d_pool_slot_take();
    locked = *slot && r2d_pool_lead(leader->job_id);
    r2d_tx_commit();
    return locked;
}

/* Who only looks whether a lock is free holds it for a moment, and starts no leader when he lets go
 * of it: what is taken is tried again. */
static bool take_locks(R2dLeader *leader)
{
    bool slot = false;
    bool locked = try_locks(leader, &slot);

    for (int i = 1; i < LOCK_TRIES && !locked; i++) {
        r2d_sleep(LOCK_RETRY_MS);
        locked = try_locks(leader, &slot);
    }
    if (!slot)
        r2d_launcher_wait_for_slot(MyDatabaseId);
    return locked;
}

static void give_lock(int64 job_id)
{
    r2d_tx_begin();
    r2d_pool_lead_end(job_id);
    r2d_tx_commit();
}

static void prune_history(void)
{
    if (r2d_history_retention_s == 0)
        return;
    r2d_tx_begin();
    r2d_catalog_prune(r2d_history_retention_s);
    r2d_tx_commit();
}

/* The launcher sent us: which job is it? */
static int64 find_job(void)
{
    int64 job_id;

    r2d_tx_begin();
    job_id = r2d_catalog_oldest_waiting();
    r2d_tx_commit();
    if (job_id == 0)
        prune_history();
    r2d_home_enter(job_id);
    return job_id;
}

/* A visitor took its job: others may wait beside it, and the launcher for the next visit. */
static void end_visit(void)
{
    r2d_pool_start_waiting();
    r2d_launcher_visited();
}

void r2d_leader_main(Datum arg)
{
    R2dWorkerArgs args = r2d_pool_worker_begin();
    R2dLeader leader = {0};
    bool visitor = args.job_id == 0;

    (void)arg;
    if (visitor && (args.job_id = find_job()) == 0)
        return;
    leader.context =
        AllocSetContextCreate(TopMemoryContext, "rs2ddb leader", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(leader.context);
    leader.job_id = args.job_id;
    if (!take_locks(&leader))
        return; /* whoever holds them starts the oldest waiting job when it ends */
    if (visitor)
        end_visit();
    lead(&leader);
    pqsignal(SIGINT,
             PG_SIG_IGN); /* a cancel that came too late must not keep the next job waiting */
    QueryCancelPending = false;
    r2d_home_clean_up(NULL, NULL);
    MemoryContextSwitchTo(TopMemoryContext);
    MemoryContextDelete(leader.context);
    give_lock(args.job_id);
    r2d_leftovers_delete();
    prune_history();
    r2d_pool_worker_end();
}
