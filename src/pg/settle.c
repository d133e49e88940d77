/* settle.c - how a job ends: by its ledger, by a cancel, or by an error. */
#include "leader.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"

#include "../core/send/sender.h"
#include "failure.h"
#include "job_log.h"
#include "job_table.h"
#include "leftover.h"
#include "rejects.h"
#include "stage.h"
#include "wait.h"

#define SETTLE_TRIES    3
#define SETTLE_RETRY_MS 1000
/* All rows are written: what passes must not make the job fail, as little as it does a write. */
#define TABLE_PATIENCE_MS ((int)(R2D_SENDER_PATIENCE_US / R2D_US_PER_MS))

#define NO_PROMISE                                                                                 \
    "neither the manifest nor the warehouse told how many rows there are: "                        \
    "every file was read to its verified end"

static void log_end(const R2dLeader *leader, const R2dTotals *totals, const R2dFailure *failure,
                    const char *message)
{
    if (leader->job->state == R2D_JOB_SUCCEEDED)
        r2d_job_log_succeeded(leader->log_name, totals, message);
    else if (leader->job->state == R2D_JOB_FAILED)
        r2d_job_log_failed(leader->log_name, failure);
    else
        r2d_job_log_canceled(leader->log_name, message);
}

static void settle(R2dLeader *leader, R2dJobState state, const R2dFailure *failure,
                   const char *message)
{
    R2dTotals totals;

    r2d_tx_begin();
    r2d_catalog_job_settle(leader->job_id, leader->job->state, state, R2D_BY_LEADER, failure,
                           message);
    r2d_catalog_job_totals(leader->job_id, &totals);
    r2d_tx_commit();
    leader->job->state = state;
    log_end(leader, &totals, failure, message);
}

/* Rows that are not accounted for. Where nobody promised a number, each file was read to its end,
 * which its length and its compression verify. */
static bool is_unbalanced(const R2dLeader *leader, const R2dFileCounts *counts, R2dFailure *failure)
{
    int64 unloaded = leader->job->rows_unloaded;

    if (counts->unbalanced + counts->pending + counts->running == 0 &&
        (unloaded < 0 || counts->settled == unloaded))
        return false;
    failure->message =
        unloaded < 0
            ? psprintf("the ledger does not balance: rows settled: " INT64_FORMAT, counts->settled)
            : psprintf("the ledger does not balance: rows unloaded: " INT64_FORMAT
                       ", settled: " INT64_FORMAT,
                       unloaded, counts->settled);
    failure->detail = "Rows promised by the manifest must equal rows written, collapsed and "
                      "rejected; rs2ddb.file shows where they do not.";
    failure->hint = "Go on with rs2ddb_resume.";
    return true;
}

/* The first one, and how many more there are to look at. */
static const char *describe_rejects(const R2dLeader *leader, const R2dFileCounts *counts)
{
    const char *first = r2d_catalog_first_reject(leader->job_id);
    const char *remark = r2d_rejects_remark(counts->stored, counts->rejected);

    if (first == NULL)
        return remark ? psprintf("%s.", remark) : NULL;
    return remark ? psprintf("First: %s. %s.", first, remark) : psprintf("First: %s", first);
}

static bool has_too_many_rejects(const R2dLeader *leader, const R2dFileCounts *counts,
                                 R2dFailure *failure)
{
    if (counts->rejected <= leader->job->max_rejects)
        return false;
    failure->message =
        psprintf(INT64_FORMAT " %s rejected, " INT64_FORMAT " %s tolerated", counts->rejected,
                 counts->rejected == 1 ? "row was" : "rows were", leader->job->max_rejects,
                 leader->job->max_rejects == 1 ? "is" : "are");
    failure->detail = describe_rejects(leader, counts);
    failure->hint = "All other rows are written. See rs2ddb.reject, mend the cause and call "
                    "rs2ddb_resume, or export with a higher max_rejects.";
    return true;
}

/* True when the job failed: files that failed, a ledger that does not balance, too many rejects. */
static bool find_failure(R2dLeader *leader, const R2dFileCounts *counts, R2dFailure *failure)
{
    if (r2d_catalog_first_file_failure(leader->job_id, failure))
        return true;
    memset(failure, 0, sizeof *failure);
    strlcpy(failure->sqlstate, unpack_sql_state(ERRCODE_DATA_EXCEPTION), 6);
    return is_unbalanced(leader, counts, failure) || has_too_many_rejects(leader, counts, failure);
}

/* For the event: why the job failed (NULL: it did not), and what its numbers do not say. NULL when
 * there is nothing to be said. */
static const char *describe_end(const R2dLeader *leader, const R2dFileCounts *counts,
                                const char *failure)
{
    const char *rejects = r2d_rejects_remark(counts->stored, counts->rejected);
    const char *parts[] = {failure, rejects,
                           failure == NULL && leader->job->rows_unloaded < 0 ? NO_PROMISE : NULL};
    const char *text = NULL;

    for (int i = 0; i < lengthof(parts); i++)
        if (parts[i] != NULL)
            text = text ? psprintf("%s; %s", text, parts[i]) : parts[i];
    return text;
}

/* Whoever waits for the job may write the same keys next: no request of this one may come then. */
static void let_late_requests_pass(const R2dLeader *leader)
{
    int late_ms;

    do {
        r2d_tx_begin();
        late_ms = r2d_catalog_files_late_ms(leader->job_id);
        r2d_tx_commit();
        if (late_ms > 0)
            r2d_sleep(late_ms);
    } while (late_ms > 0);
}

void r2d_finish(R2dLeader *leader)
{
    R2dFileCounts counts;
    R2dFailure failure;
    R2dTable table;
    bool failed;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    r2d_catalog_files_release(leader->job_id);
    counts = r2d_catalog_file_counts(leader->job_id);
    failed = find_failure(leader, &counts, &failure);
    r2d_tx_commit();
    if (!failed) {
        let_late_requests_pass(leader);
        r2d_job_table_require(leader->aws, leader->job, TABLE_PATIENCE_MS, &table);
    }
    if (!failed && !leader->job->keep_files)
        (void)r2d_stage_clean(leader);
    settle(leader, failed ? R2D_JOB_FAILED : R2D_JOB_SUCCEEDED, failed ? &failure : NULL,
           describe_end(leader, &counts, failed ? failure.message : NULL));
}

static void take_back_files(R2dLeader *leader)
{
    r2d_tx_begin();
    r2d_catalog_files_release(leader->job_id);
    r2d_tx_commit();
}

/* Somebody asked: the job ends now, also when the remote side hangs. What lies on S3 goes after
 * that. */
static void settle_canceled(R2dLeader *leader)
{
    const char *by = leader->job->cancel_requested_by;

    r2d_leftover_give_up(leader);
    settle(leader, R2D_JOB_CANCELED, NULL, by ? psprintf("canceled by %s", by) : "canceled");
    r2d_leftover_delete(leader);
}

/* Files that can be gone on with stay, and so do those of an UNLOAD that may not have ended. */
static void settle_failed(R2dLeader *leader, const ErrorData *error)
{
    R2dFailure failure;

    r2d_failure_of(error, &failure);
    if (leader->unload_pid != 0 && !leader->unload_open) {
        r2d_leftover_give_up(leader);
        r2d_leftover_delete(leader);
    } else if (!r2d_leader_has_files(leader) && !leader->unload_open)
        (void)r2d_stage_clean(leader);
    settle(leader, R2D_JOB_FAILED, &failure, NULL);
}

/* The job ended with an error: it was canceled (whatever went wrong since), or it failed. */
static void settle_error(R2dLeader *leader, const ErrorData *error)
{
    /* From here on only a shutdown may interrupt: a second cancel asks for what is being done. */
    pqsignal(SIGINT, PG_SIG_IGN);
    QueryCancelPending = false;
    r2d_loading_end(leader);
    take_back_files(leader);
    r2d_leader_read_job(leader);
    if (leader->job == NULL)
        return;
    if (leader->job->cancel_requested)
        settle_canceled(leader);
    else
        settle_failed(leader, error);
}

/* The catalog may be what failed, a full disk say: it gets a few tries. If it stays so, the job
 * keeps its state, and the log has the reason. */
void r2d_settle_error(R2dLeader *leader, const ErrorData *error)
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
            if (tries_left == 0) {
                r2d_job_log_not_stored(leader->log_name, error);
                PG_RE_THROW();
            }
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
