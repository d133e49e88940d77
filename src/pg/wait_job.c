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

#define NOTICE_INTERVAL_MS 2000
#define LOOK_FIRST_MS      20
#define LOOK_LAST_MS       250

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

static void tell_progress(int64 job_id, const R2dJobGlance *glance)
{
    if (glance->state != R2D_JOB_LOADING || glance->percent < 0)
        ereport(NOTICE,
                (errmsg("job " INT64_FORMAT ": %s", job_id, r2d_job_state_name(glance->state))));
    else if (glance->seconds_left < 0)
        ereport(NOTICE, (errmsg("job " INT64_FORMAT ": loading, %.1f %% of " INT64_FORMAT " rows",
                                job_id, glance->percent, glance->rows_unloaded)));
    else
        ereport(NOTICE, (errmsg("job " INT64_FORMAT ": loading, %.1f %% of " INT64_FORMAT
                                " rows, %.0f rows/s, %.0f units/s, " INT64_FORMAT " s left",
                                job_id, glance->percent, glance->rows_unloaded, glance->rows_per_s,
                                glance->units_per_s, glance->seconds_left)));
}

static void glance_at(int64 job_id, R2dJobGlance *glance)
{
    if (!r2d_catalog_job_glance(job_id, glance))
        r2d_no_such_job(job_id);
}

static void wait_until_settled(int64 job_id, TimestampTz deadline)
{
    TimestampTz next_notice = GetCurrentTimestamp() + NOTICE_INTERVAL_MS * INT64CONST(1000);
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
        if (GetCurrentTimestamp() >= next_notice) {
            tell_progress(job_id, &glance);
            r2d_help_waiting_jobs();
            next_notice = GetCurrentTimestamp() + NOTICE_INTERVAL_MS * INT64CONST(1000);
        }
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
    wait_until_settled(job_id, deadline);
    tell_rejects(job_id);
    row = r2d_catalog_job_row(job_id);
    if (row == (Datum)0)
        r2d_no_such_job(job_id);
    PG_RETURN_DATUM(HeapTupleHeaderGetDatum(DatumGetHeapTupleHeader(row)));
}
