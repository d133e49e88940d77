/* stage.c - the files of an attempt that nobody goes on with, deleted at once. */
#include "stage.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "../core/fetch/s3_list.h"
#include "../core/fetch/s3_object.h"

#define STOP_WAIT_MS       10000
#define STOP_PATIENCE_MS   20000
#define DELETE_PATIENCE_MS 40000

typedef void (*Step)(R2dLeader *leader);

static bool timeout_registered;
static TimeoutId patience_timeout;
static volatile sig_atomic_t patience_ended;

const char *r2d_stage_try(R2dLeader *leader, Step step)
{
    const char *volatile reason = NULL;

    PG_TRY();
    {
        step(leader);
    }
    PG_CATCH();
    {
        reason = r2d_error_to_line(leader->context);
    }
    PG_END_TRY();
    return reason;
}

/* In a bucket that does not exist nothing can be left. */
static void delete_files(R2dLeader *leader)
{
    R2dView bucket, prefix;
    R2dStatus status;
    R2dError err;
    int64_t deleted;

    r2d_aws_session_use_stage(leader->aws, leader->options, leader->stage_prefix);
    r2d_check(r2d_s3_parse_uri(r2d_view_of(leader->stage_prefix), &bucket, &prefix, &err), &err);
    status = r2d_s3_delete_prefix(&leader->aws->s3, leader->aws->http, &leader->aws->wait,
                                  pnstrdup(bucket.data, bucket.len),
                                  pnstrdup(prefix.data, prefix.len), &deleted, &err);
    if (status != R2D_FAILED || strcmp(err.code, "NoSuchBucket") != 0)
        r2d_check(status, &err);
}

static void mark_clean(R2dLeader *leader)
{
    r2d_tx_begin();
    r2d_catalog_job_stage_clean(leader->job_id, leader->stage_prefix);
    r2d_catalog_leftover_gone(leader->stage_prefix); /* it may have been given up before */
    r2d_tx_commit();
}

static void leave_to_later(R2dLeader *leader)
{
    r2d_tx_begin();
    r2d_catalog_leftover_add(leader->job_id, false);
    r2d_catalog_leftover_failed(leader->stage_prefix, leader->stage_error);
    r2d_tx_commit();
}

bool r2d_stage_clean(R2dLeader *leader)
{
    const char *reason;

    if (leader->stage_prefix == NULL || leader->aws == NULL)
        return true;
    leader->stage_error = r2d_stage_try(leader, delete_files);
    if (leader->stage_error != NULL)
        ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": staging files stay at %s: %s",
                             leader->job_id, leader->stage_prefix, leader->stage_error)));
    reason = r2d_stage_try(leader, leader->stage_error ? leave_to_later : mark_clean);
    if (reason != NULL)
        ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": the state of %s was not stored: %s",
                             leader->job_id, leader->stage_prefix, reason)));
    return leader->stage_error == NULL && reason == NULL;
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
    patience_ended = true;
    InterruptPending = QueryCancelPending = true;
    SetLatch(MyLatch);
}

/* Waits for the remote side are ended by what ends them for a cancel, and nobody cancels here. */
static const char *try_patiently(R2dLeader *leader, Step step, int patience_ms)
{
    const char *reason;

    if (!timeout_registered)
        patience_timeout = RegisterTimeout(USER_TIMEOUT, give_up);
    timeout_registered = true;
    patience_ended = false;
    enable_timeout_after(patience_timeout, patience_ms);
    reason = r2d_stage_try(leader, step);
    disable_timeout(patience_timeout, false);
    QueryCancelPending = false;
    if (reason != NULL && patience_ended)
        reason = psprintf("no answer within %d s", patience_ms / 1000);
    return reason;
}

const char *r2d_stage_remove(R2dLeader *leader, bool may_run)
{
    const char *reason = may_run ? try_patiently(leader, stop_unload, STOP_PATIENCE_MS) : NULL;

    r2d_leader_sessions_end(leader);
    return reason != NULL ? reason : try_patiently(leader, delete_files, DELETE_PATIENCE_MS);
}

static void stop_and_delete(R2dLeader *leader)
{
    if (leader->unload_pid != 0)
        (void)r2d_stage_try(leader, stop_unload);
    delete_files(leader);
}

void r2d_stage_discard(R2dLeader *leader)
{
    const char *reason;

    if (leader->stage_prefix == NULL || leader->aws == NULL)
        return;
    reason = try_patiently(leader, stop_and_delete, STOP_PATIENCE_MS);
    if (reason != NULL)
        ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": staging files stay at %s: %s",
                             leader->job_id, leader->stage_prefix, reason)));
}
