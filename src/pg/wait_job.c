/* wait_job.c - rs2ddb_wait: waits for the end of a job and tells how it gets on. */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "catalog.h"
#include "functions.h"
#include "rejects.h"
#include "wait.h"

#define HELP_INTERVAL_MS 2000
#define LOOK_FIRST_MS    20
#define LOOK_LAST_MS     250

/* A wait that could never see the end is refused. */
static void check_can_wait(int64 job_id, const R2dJobGlance *glance)
{
    if (glance->foreign)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("job " INT64_FORMAT " does not run here", job_id),
                        errdetail("It came with a copy of the database that it belongs to."),
                        errhint("Call rs2ddb_resume to take it over.")));
    if (TransactionIdIsCurrentTransactionId(glance->inserted_by))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("job " INT64_FORMAT " was queued by this transaction and starts "
                               "only when it commits",
                               job_id),
                        errhint("COMMIT first, then call rs2ddb_wait.")));
    if (IsolationUsesXactSnapshot())
        ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
                        errmsg("rs2ddb_wait cannot see the progress of a job in a transaction of "
                               "this isolation level"),
                        errhint("Call it in a transaction with isolation level READ COMMITTED.")));
}

static void tell_progress(int64 job_id)
{
    char text[R2D_NOTICE_SIZE];
    R2dNotice notice;

    if (!r2d_catalog_job_notice(job_id, &notice))
        return;
    r2d_notice_text(&notice, text, sizeof text);
    ereport(NOTICE, (errmsg("job " INT64_FORMAT ": %s", job_id, text)));
    pfree(unconstify(char *, notice.state)); /* a wait looks for days */
}

static int sqlstate_of(const R2dFailure *failure)
{
    const char *code = failure->sqlstate;

    if (strlen(code) != 5)
        return ERRCODE_WARNING;
    return MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]);
}

static void tell_failure(int64 job_id)
{
    R2dFailure failure;

    if (!r2d_catalog_job_failure(job_id, &failure))
        return;
    ereport(WARNING, (errcode(sqlstate_of(&failure)),
                      errmsg("job " INT64_FORMAT " failed: %s", job_id,
                             failure.message ? failure.message : "nobody said why"),
                      failure.detail ? errdetail_internal("%s", failure.detail) : 0,
                      failure.hint ? errhint("%s", failure.hint) : 0));
}

static void glance_at(int64 job_id, R2dJobGlance *glance)
{
    if (!r2d_catalog_job_glance(job_id, glance))
        r2d_no_such_job(job_id);
}

/* What is due after so long a wait; the times of the next ones. */
static void tell_and_help(int64 job_id, int64 elapsed_ms, int64 *notice_ms, int64 *help_ms)
{
    if (elapsed_ms >= *notice_ms) {
        tell_progress(job_id);
        *notice_ms = r2d_notice_next_ms(elapsed_ms);
    }
    if (elapsed_ms >= *help_ms) {
        r2d_help_waiting_jobs();
        *help_ms = elapsed_ms + HELP_INTERVAL_MS;
    }
}

static void wait_until_settled(int64 job_id, TimestampTz deadline)
{
    TimestampTz begin = GetCurrentTimestamp();
    int64 notice_ms = r2d_notice_next_ms(0);
    int64 help_ms = HELP_INTERVAL_MS;
    int look_ms = LOOK_FIRST_MS;
    R2dJobGlance glance;

    glance_at(job_id, &glance);
    if (r2d_job_is_settled(glance.state))
        return;
    check_can_wait(job_id, &glance);
    while (!r2d_job_is_settled(glance.state) && GetCurrentTimestamp() < deadline) {
        r2d_sleep(look_ms);
        look_ms = Min(look_ms * 2, LOOK_LAST_MS);
        glance_at(job_id, &glance);
        if (!r2d_job_is_settled(glance.state))
            tell_and_help(job_id, (GetCurrentTimestamp() - begin) / 1000, &notice_ms, &help_ms);
    }
    if (!r2d_job_is_settled(glance.state))
        r2d_help_waiting_jobs(); /* a wait that was too short for a round must not leave it alone */
}

/* Of a job that has settled. */
static void tell_rejects(int64 job_id)
{
    R2dJobGlance glance;
    char *remark;

    glance_at(job_id, &glance);
    if (!r2d_job_is_settled(glance.state))
        return;
    remark = r2d_rejects_remark(glance.rejects_stored, glance.rows_rejected);
    if (remark != NULL)
        ereport(NOTICE, (errmsg("job " INT64_FORMAT ": %s", job_id, remark)));
}

/* Whoever cancels the wait may think of the job. */
static void wait_or_say_it_continues(int64 job_id, TimestampTz deadline)
{
    MemoryContext context = CurrentMemoryContext;

    PG_TRY();
    {
        wait_until_settled(job_id, deadline);
    }
    PG_CATCH();
    {
        ErrorData *error;
        MemoryContextSwitchTo(context);
        error = CopyErrorData();
        if (error->sqlerrcode != ERRCODE_QUERY_CANCELED)
            PG_RE_THROW();
        FlushErrorState();
        error->hint = psprintf(
            "The job continues. To stop it, call rs2ddb_cancel(" INT64_FORMAT ").", job_id);
        ReThrowError(error);
    }
    PG_END_TRY();
}

PG_FUNCTION_INFO_V1(rs2ddb_wait);
PGDLLEXPORT Datum rs2ddb_wait(PG_FUNCTION_ARGS)
{
    TimestampTz deadline = DT_NOEND;
    int64 job_id;
    Datum row;

    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    job_id = PG_GETARG_INT64(0);
    if (!PG_ARGISNULL(1))
        deadline = DatumGetTimestampTz(
            DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(GetCurrentTimestamp()),
                                PG_GETARG_DATUM(1)));
    wait_or_say_it_continues(job_id, deadline);
    tell_failure(job_id);
    tell_rejects(job_id);
    row = r2d_catalog_job_row(job_id);
    if (row == (Datum)0)
        r2d_no_such_job(job_id);
    PG_RETURN_DATUM(HeapTupleHeaderGetDatum(DatumGetHeapTupleHeader(row)));
}
