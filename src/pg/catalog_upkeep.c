/* catalog_upkeep.c - statements on jobs whose worker is gone or goes, and on history. */
#include "catalog_spi.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "pool.h"

/* A leader could not see what this transaction has done to the job: its turn comes at the commit.
 */
static bool is_ours_alone(uint64 row)
{
    bool is_null;
    Datum xmin = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 2, &is_null);

    return TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
}

/* The locks, not the rows, say who is alive. Jobs that have lost a leader come last: one that kills
 * its leaders must not keep the others waiting. */
int r2d_catalog_waiting(int64 *job_ids, int most)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int found = 0;
    uint64 count;

    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    count = r2d_spi_run("SELECT job_id, xmin FROM rs2ddb.job "
                        "WHERE state NOT IN ('succeeded', 'failed', 'canceled') "
                        "AND system_identifier = $1 AND database_oid = $2 "
                        "ORDER BY leader_pid IS NOT NULL, job_id",
                        &args);
    for (uint64 i = 0; i < count && found < most; i++) {
        int64 job_id = r2d_spi_id(i);
        if (!is_ours_alone(i) && r2d_pool_lock_job(job_id)) {
            r2d_pool_unlock_job(job_id);
            job_ids[found++] = job_id;
        }
    }
    r2d_spi_leave(&spi);
    return found;
}

int64 r2d_catalog_oldest_waiting(void)
{
    int64 job_id;
    return r2d_catalog_waiting(&job_id, 1) == 1 ? job_id : 0;
}

int r2d_catalog_file_of_worker(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int file_no = 0;

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, MyProcPid);
    if (r2d_spi_run("SELECT file_no FROM rs2ddb.file "
                    "WHERE job_id = $1 AND loader_pid = $2 AND state = 'running'",
                    &args) > 0)
        file_no = r2d_spi_int4(1, 0);
    r2d_spi_leave(&spi);
    return file_no;
}

static void give_back_files(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, MyProcPid);
    r2d_spi_run("UPDATE rs2ddb.file SET state = 'pending', loader_pid = NULL, "
                "rows_per_s = NULL, units_per_s = NULL, throttled_share = NULL "
                "WHERE job_id = $1 AND loader_pid = $2 AND state = 'running'",
                &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_worker_leaves(int64 job_id)
{
    R2dJob *job = r2d_catalog_job(job_id);

    give_back_files(job_id);
    if (job == NULL || job->leader_pid != MyProcPid)
        return;
    if (r2d_job_move_allowed(job->state, R2D_JOB_QUEUED, R2D_BY_RECOVERY))
        (void)r2d_catalog_job_move(
            job_id, job->state, R2D_JOB_QUEUED, R2D_BY_RECOVERY,
            "its leader left the database, which is being copied or dropped");
}

void r2d_catalog_prune(int64 age_s)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, age_s);
    r2d_spi_run("DELETE FROM rs2ddb.job WHERE job_id IN (SELECT job_id FROM rs2ddb.job "
                "WHERE state IN ('succeeded', 'failed', 'canceled') "
                "AND finished_at < clock_timestamp() - make_interval(secs => $1) "
                "ORDER BY finished_at LIMIT 100 FOR UPDATE SKIP LOCKED)",
                &args);
    r2d_spi_leave(&spi);
}
