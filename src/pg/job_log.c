/* job_log.c - see job_log.h. */
#include "job_log.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/lsyscache.h" /* since 19 it declares get_database_name */

const char *r2d_job_log_name(const R2dJob *job)
{
    const char *database = get_database_name(MyDatabaseId);

    return psprintf(
        "rs2ddb job " INT64_FORMAT " (database \"%s\", owner \"%s\", server \"%s\", table \"%s\")",
        job->job_id, database ? database : "", job->owner, job->server, job->table_name);
}

void r2d_job_log_taken(const char *name, R2dJobState found)
{
    if (found == R2D_JOB_QUEUED)
        ereport(LOG, (errmsg_internal("%s started", name)));
    else
        ereport(LOG, (errmsg_internal("%s taken over: its leader was lost in state %s", name,
                                      r2d_job_state_name(found))));
}

void r2d_job_log_succeeded(const char *name, const R2dTotals *totals, const char *remark)
{
    const char *unloaded = totals->rows_unloaded < 0
                               ? "an unknown number"
                               : psprintf(INT64_FORMAT, totals->rows_unloaded);

    ereport(LOG,
            (errmsg_internal("%s succeeded: %s unloaded, " INT64_FORMAT " written, " INT64_FORMAT
                             " collapsed, " INT64_FORMAT " rejected, %.1f write units, %.1f s%s%s",
                             name, unloaded, totals->items_written, totals->rows_collapsed,
                             totals->rows_rejected, totals->write_units, totals->seconds,
                             remark ? "; " : "", remark ? remark : "")));
}

void r2d_job_log_failed(const char *name, const R2dFailure *failure)
{
    ereport(LOG, (errmsg_internal("%s failed: %s", name, failure->message),
                  failure->detail ? errdetail_internal("%s", failure->detail) : 0,
                  failure->hint ? errhint("%s", failure->hint) : 0));
}

void r2d_job_log_canceled(const char *name, const char *how)
{
    ereport(LOG, (errmsg_internal("%s %s", name, how)));
}

void r2d_job_log_not_stored(const char *name, const ErrorData *error)
{
    ereport(LOG, (errmsg_internal("%s ended, which cannot be stored: %s", name, error->message),
                  error->detail ? errdetail_internal("%s", error->detail) : 0));
}
