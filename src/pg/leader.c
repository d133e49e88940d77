/* leader.c - the life of a job's leader. */
#include "leader.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"

#include "../core/send/table.h"
#include "failure.h"
#include "home.h"
#include "launcher.h"
#include "pool.h"
#include "settings.h"
#include "stage.h"

#define SETTLE_TRIES    3
#define SETTLE_RETRY_MS 1000
#define LOCK_TRIES      10
#define LOCK_RETRY_MS   20

PGDLLEXPORT void r2d_leader_main(Datum arg);

static void move(R2dLeader *leader, R2dJobState to, const char *message)
{
    bool moved;

    r2d_tx_begin();
    moved = r2d_catalog_job_move(leader->job_id, leader->job->state, to, R2D_BY_LEADER, message);
    r2d_tx_commit();
    if (!moved)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("job " INT64_FORMAT " was changed by somebody else", leader->job_id)));
    leader->job->state = to;
    pgstat_report_activity(STATE_RUNNING, psprintf("rs2ddb job " INT64_FORMAT ": %s",
                                                   leader->job_id, r2d_job_state_name(to)));
}

/* Reads the job into leader->job; NULL when it is not ours to run. */
static void read_job(R2dLeader *leader)
{
    R2dJob *job;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    job = r2d_catalog_job(leader->job_id);
    leader->job = job != NULL && !job->foreign && !r2d_job_is_settled(job->state) ? job : NULL;
    r2d_tx_commit();
}

/* Says that we lead it, and puts back what a lost leader left. A cancel that came before is seen
 * by the second look, one that comes after finds our process id. */
static void take_job(R2dLeader *leader)
{
    read_job(leader);
    if (leader->job == NULL)
        return;
    r2d_tx_begin();
    r2d_catalog_job_led(leader->job_id, MyProcPid);
    if (leader->job->state != R2D_JOB_QUEUED)
        r2d_catalog_job_move(leader->job_id, leader->job->state, R2D_JOB_QUEUED, R2D_BY_RECOVERY,
                             "its leader was lost");
    r2d_catalog_files_release(leader->job_id);
    r2d_tx_commit();
    read_job(leader);
}

/* The files of an earlier UNLOAD of this job are there: no second one. */
static bool has_files(const R2dJob *job)
{
    return job->plan != NULL && job->rows_unloaded >= 0;
}

/* The owner's options, after checking again that he may use the warehouse. */
static void load_options(R2dLeader *leader)
{
    Oid owner;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    owner = get_role_oid(leader->job->owner, false);
    leader->options = r2d_options_load(leader->job->server, owner);
    r2d_tx_commit();
}

static void settle(R2dLeader *leader, R2dJobState state, const R2dFailure *failure,
                   const char *message)
{
    r2d_tx_begin();
    r2d_catalog_job_settle(leader->job_id, state, failure, message);
    r2d_tx_commit();
    leader->job->state = state;
}

/* True when the job failed: files that failed, a ledger that does not balance, too many rejects. */
static bool find_failure(R2dLeader *leader, const R2dFileCounts *counts, R2dFailure *failure)
{
    int64 job_id = leader->job_id;

    if (r2d_catalog_first_file_failure(job_id, failure))
        return true;
    memset(failure, 0, sizeof *failure);
    strlcpy(failure->sqlstate, unpack_sql_state(ERRCODE_DATA_EXCEPTION), 6);
    if (counts->unbalanced + counts->pending + counts->running > 0 ||
        counts->settled != leader->job->rows_unloaded) {
        failure->message = psprintf("the ledger does not balance: " INT64_FORMAT
                                    " rows unloaded, " INT64_FORMAT " settled",
                                    leader->job->rows_unloaded, counts->settled);
        failure->detail = "Rows promised by the manifest must equal rows written, collapsed and "
                          "rejected; rs2ddb.file shows where they do not.";
        failure->hint = "Go on with rs2ddb_resume.";
        return true;
    }
    if (counts->rejected > leader->job->max_rejects) {
        failure->message =
            psprintf(INT64_FORMAT " rows were rejected, " INT64_FORMAT " are tolerated",
                     counts->rejected, leader->job->max_rejects);
        failure->detail = psprintf("First: %s", r2d_catalog_first_reject(job_id));
        failure->hint = "All other rows are written. See rs2ddb.reject, mend the cause and call "
                        "rs2ddb_resume, or export with a higher max_rejects.";
        return true;
    }
    return false;
}

static void finish(R2dLeader *leader)
{
    R2dFileCounts counts;
    R2dFailure failure;
    bool failed;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    r2d_catalog_files_release(leader->job_id);
    counts = r2d_catalog_file_counts(leader->job_id);
    failed = find_failure(leader, &counts, &failure);
    r2d_tx_commit();
    if (!failed && !leader->job->keep_files)
        (void)r2d_stage_clean(leader);
    settle(leader, failed ? R2D_JOB_FAILED : R2D_JOB_SUCCEEDED, failed ? &failure : NULL, NULL);
}

/* What a bucket's lifecycle rule has taken away is unloaded anew. The manifest stands for the
 * files, and only files that are still to be loaded matter. */
static void look_for_files(R2dLeader *leader)
{
    R2dFileCounts counts;
    R2dStatus status;
    R2dBytes text;

    r2d_tx_begin();
    counts = r2d_catalog_file_counts(leader->job_id);
    r2d_tx_commit();
    if (counts.pending + counts.running == 0 || leader->stage_prefix == NULL)
        return;
    r2d_bytes_init(&text, leader->aws->alloc);
    status = r2d_unload_manifest_text(leader, &text);
    r2d_bytes_free(&text);
    if (status == R2D_OK)
        return;
    leader->job->rows_unloaded = -1;
    r2d_tx_begin();
    r2d_catalog_job_forget_files(leader->job_id);
    r2d_tx_commit();
}

static bool table_is_the_same(R2dLeader *leader)
{
    R2dAwsSession *aws = leader->aws;
    R2dTable table;
    R2dError err;
    R2dStatus status = r2d_table_describe(&aws->dynamodb, aws->http, &aws->wait,
                                          leader->job->table_name, &table, &err);

    if (status == R2D_END)
        return false;
    r2d_check(status, &err);
    return leader->job->table_id == NULL || strcmp(leader->job->table_id, table.id) == 0;
}

/* What was written to a table that is gone is lost: its successor, which is made if need be, gets
 * every row. */
static void look_at_table(R2dLeader *leader)
{
    if (table_is_the_same(leader))
        return;
    ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": table \"%s\" is not the one that was loaded "
                         "before, all rows are written again",
                         leader->job_id, leader->job->table_name)));
    r2d_prepare(leader);
}

/* The extension was dropped: as after a cancel, nothing stays behind. */
static void clean_up(void *arg)
{
    R2dLeader *leader = arg;

    MemoryContextSwitchTo(leader->context);
    if (leader->job != NULL && !leader->job->keep_files)
        r2d_stage_discard(leader);
}

static void run_job(R2dLeader *leader)
{
    take_job(leader);
    if (leader->job == NULL)
        return;
    move(leader, R2D_JOB_PREPARING, NULL);
    load_options(leader);
    leader->aws = r2d_aws_session_open(leader->context, leader->options, 4);
    leader->stage_prefix = leader->job->stage_prefix ? pstrdup(leader->job->stage_prefix) : NULL;
    r2d_home_clean_up(clean_up, leader);
    if (leader->job->cancel_requested) /* a lost leader did not live to see it */
        ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceled")));
    if (has_files(leader->job))
        look_at_table(leader);
    if (has_files(leader->job))
        look_for_files(leader);
    if (!has_files(leader->job)) {
        leader->unload_open = leader->stage_prefix != NULL && !leader->job->stage_doomed;
        r2d_prepare(leader);
        move(leader, R2D_JOB_UNLOADING, NULL);
        r2d_unload(leader);
    }
    move(leader, R2D_JOB_LOADING, NULL);
    r2d_loading(leader);
    move(leader, R2D_JOB_FINISHING, NULL);
    finish(leader);
}

static void take_back_files(R2dLeader *leader)
{
    r2d_tx_begin();
    r2d_catalog_files_release(leader->job_id);
    r2d_tx_commit();
}

static void give_up_attempt(R2dLeader *leader)
{
    r2d_tx_begin();
    r2d_catalog_job_forget_files(leader->job_id);
    r2d_catalog_job_doom_stage(leader->job_id);
    r2d_tx_commit();
}

/* The owner asked: the job ends now, also when the remote side hangs. What lies on S3 goes after
 * that. */
static void settle_canceled(R2dLeader *leader)
{
    give_up_attempt(leader);
    settle(leader, R2D_JOB_CANCELED, NULL, "canceled by its owner");
    r2d_stage_abandon(leader);
}

/* Files that can be gone on with stay, and so do those of an UNLOAD that may not have ended. */
static void settle_failed(R2dLeader *leader, const ErrorData *error)
{
    R2dFailure failure;

    r2d_failure_of(error, &failure);
    if (leader->unload_pid != 0 && !leader->unload_open) {
        give_up_attempt(leader);
        r2d_stage_abandon(leader);
    } else if (!has_files(leader->job) && !leader->unload_open)
        (void)r2d_stage_clean(leader);
    ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT " failed: %s", leader->job_id, failure.message),
                  failure.detail ? errdetail_internal("%s", failure.detail) : 0));
    settle(leader, R2D_JOB_FAILED, &failure, NULL);
}

/* The job ended with an error: its owner cancelled it (whatever went wrong since), or it failed. */
static void settle_error(R2dLeader *leader, const ErrorData *error)
{
    /* From here on only a shutdown may interrupt: a second cancel asks for what is being done. */
    pqsignal(SIGINT, SIG_IGN);
    QueryCancelPending = false;
    r2d_loading_end(leader);
    take_back_files(leader);
    read_job(leader);
    if (leader->job == NULL)
        return;
    if (leader->job->cancel_requested)
        settle_canceled(leader);
    else
        settle_failed(leader, error);
}

/* The catalog may be what failed, a full disk say: it gets a few tries. If it stays so, the job
 * keeps its state, and the log has the reason. */
static void settle_error_patiently(R2dLeader *leader, const ErrorData *error)
{
    volatile int tries_left = SETTLE_TRIES;

    while (tries_left-- > 0) {
        PG_TRY();
        {
            settle_error(leader, error);
            tries_left = 0;
        }
        PG_CATCH();
        {
            MemoryContextSwitchTo(leader->context);
            if (tries_left == 0)
                PG_RE_THROW();
            EmitErrorReport();
            FlushErrorState();
            AbortCurrentTransaction();
            MemoryContextSwitchTo(leader->context);
        }
        PG_END_TRY();
        if (tries_left > 0)
            r2d_sleep(SETTLE_RETRY_MS);
    }
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
        settle_error_patiently(leader, error);
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
    pqsignal(SIGINT, SIG_IGN); /* a cancel that came too late must not keep the next job waiting */
    QueryCancelPending = false;
    r2d_home_clean_up(NULL, NULL);
    MemoryContextSwitchTo(TopMemoryContext);
    MemoryContextDelete(leader.context);
    give_lock(args.job_id);
    r2d_stage_leftovers(args.job_id);
    prune_history();
    r2d_pool_worker_end();
}
