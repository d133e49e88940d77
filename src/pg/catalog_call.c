/* catalog_call.c - statements of the SQL functions: what a user asks of a job. */
#include "catalog_spi.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/typcache.h"

#include "pool.h"

int64 r2d_catalog_job_insert(const R2dJobRequest *request)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int64 job_id;

    r2d_arg_text(&args, GetUserNameFromId(request->owner, false));
    r2d_arg_text(&args, request->server);
    r2d_arg_text(&args, request->query);
    r2d_arg_text(&args, request->table_name);
    r2d_arg(&args, TEXTARRAYOID, request->key, request->key_is_null);
    r2d_arg_text(&args, request->mode);
    r2d_arg(&args, JSONBOID, request->attributes, request->attributes_is_null);
    r2d_arg(&args, INT4OID, Int32GetDatum(request->workers), request->workers == 0);
    r2d_arg(&args, INT4OID, Int32GetDatum(request->max_wcu), request->max_wcu == 0);
    r2d_arg_int8(&args, request->max_rejects);
    r2d_arg_bool(&args, request->keep_files);
    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(request->owner), false);
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(get_foreign_server_oid(request->server, false)), false);
    r2d_spi_run(
        "INSERT INTO rs2ddb.job (owner, server, query, table_name, key, mode, attributes, "
        "workers, max_wcu, max_rejects, keep_files, system_identifier, database_oid, owner_oid, "
        "server_oid) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING "
        "job_id",
        &args);
    job_id = r2d_spi_int8(1, 0);
    r2d_catalog_event(job_id, R2D_JOB_QUEUED, NULL);
    r2d_spi_leave(&spi);
    return job_id;
}

Datum r2d_catalog_job_row(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(false);
    R2dArgs args = {0};
    Datum row = (Datum)0;

    r2d_arg_int8(&args, job_id);
    if (r2d_spi_run("SELECT * FROM rs2ddb.job WHERE job_id = $1", &args) == 1)
        row = PointerGetDatum(SPI_returntuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc));
    r2d_spi_leave(&spi);
    return row;
}

/* The leader is who holds the job's lock. What pg_stat_activity tells may be as old as this
 * transaction. */
R2dCancel r2d_catalog_job_cancel(int64 job_id, const char *by, int *leader_pid)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool running, untouched = false;

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, R2D_POOL_LOCK_JOB);
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    r2d_arg_text(&args, by);
    running = r2d_spi_run(
                  "UPDATE rs2ddb.job SET cancel_requested = true, cancel_requested_by = "
                  "CASE WHEN cancel_requested THEN cancel_requested_by ELSE $4::name END "
                  "WHERE job_id = $1 "
                  "AND state NOT IN ('succeeded', 'failed', 'canceled') "
                  "RETURNING (SELECT pid FROM pg_locks l WHERE l.pid = job.leader_pid "
                  "AND l.locktype = 'advisory' AND l.objsubid = $2 AND l.database = $3 "
                  "AND l.classid = (job_id >> 32)::oid AND l.objid = (job_id & 4294967295)::oid), "
                  "state = 'queued' AND stage_prefix IS NULL",
                  &args) == 1;
    if (running) {
        *leader_pid = r2d_spi_int4(1, 0);
        untouched = r2d_spi_bool(2);
    }
    r2d_spi_leave(&spi);
    if (!running)
        return R2D_CANCEL_SETTLED;
    if (!r2d_pool_lock_job(job_id)) /* the lock, not the process id, says whether it is led */
        return R2D_CANCEL_INTERRUPT;
    PG_TRY();
    {
        if (untouched)
            r2d_catalog_job_settle(job_id, R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_BY_OWNER, NULL,
                                   psprintf("canceled by %s before it started", by));
    }
    PG_FINALLY();
    {
        r2d_pool_unlock_job(job_id);
    }
    PG_END_TRY();
    return untouched ? R2D_CANCEL_DONE : R2D_CANCEL_LEAD;
}

static void rate_event(R2dSpi *spi, int64 job_id, int max_wcu, const char *by)
{
    R2dJobState state;

    (void)r2d_job_state_from_name(r2d_view_of(r2d_spi_text(spi, 1)), &state);
    r2d_catalog_event(job_id, state,
                      max_wcu > 0 ? psprintf("rate changed to %d by %s", max_wcu, by)
                                  : psprintf("bound of the rate taken away by %s", by));
}

bool r2d_catalog_job_set_rate(int64 job_id, int max_wcu, const char *by, int **loader_pids,
                              int *count)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool running;

    *count = 0;
    r2d_arg_int8(&args, job_id);
    r2d_arg(&args, INT4OID, Int32GetDatum(max_wcu), max_wcu == 0);
    running = r2d_spi_run("UPDATE rs2ddb.job SET max_wcu = $2 WHERE job_id = $1 "
                          "AND state NOT IN ('succeeded', 'failed', 'canceled') RETURNING state",
                          &args) == 1;
    args.count = 1;
    if (running) {
        rate_event(&spi, job_id, max_wcu, by);
        *count = (int)r2d_spi_run("SELECT loader_pid FROM rs2ddb.file "
                                  "WHERE job_id = $1 AND state = 'running'",
                                  &args);
        *loader_pids = MemoryContextAlloc(spi.caller, sizeof(int) * Max(*count, 1));
        for (int i = 0; i < *count; i++) {
            bool is_null;
            (*loader_pids)[i] = DatumGetInt32(
                SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
        }
    }
    r2d_spi_leave(&spi);
    return running;
}

/* Rejected rows are tried again: their files start from the beginning, for a put may be
 * repeated. So none of the rejects stands for a row that is settled. */
static void requeue_files(R2dArgs *args)
{
    args->count = 1;
    r2d_spi_run("DELETE FROM rs2ddb.reject WHERE job_id = $1", args);
    r2d_spi_run("UPDATE rs2ddb.file SET rejects_stored = 0 WHERE job_id = $1 "
                "AND rejects_stored > 0",
                args);
    r2d_spi_run("UPDATE rs2ddb.file SET state = 'pending', finished_at = NULL, "
                "error_message = NULL, error_detail = NULL, error_hint = NULL, "
                "error_sqlstate = NULL, error_code = NULL, error_request_id = NULL "
                "WHERE job_id = $1 AND state <> 'done'",
                args);
    r2d_spi_run("UPDATE rs2ddb.file SET state = 'pending', finished_at = NULL, checkpoint = 0, "
                "rows_read = 0, items_written = 0, rows_collapsed = 0, rows_rejected = 0 "
                "WHERE job_id = $1 AND rows_rejected > 0",
                args);
}

/* A job that is taken over begins anew: its UNLOAD and its files are those of the original, which
 * may go on with them. */
static void leave_files_to_original(R2dArgs *args)
{
    r2d_spi_run("UPDATE rs2ddb.job SET stage_prefix = NULL, "
                "unload_pid = NULL, rows_unloaded = NULL, unload_finished_at = NULL "
                "WHERE job_id = $1 "
                "AND state <> 'succeeded' AND (system_identifier, database_oid) <> ($2, $3)",
                args);
}

void r2d_catalog_job_requeue(int64 job_id, const char *by)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    leave_files_to_original(&args);
    if (r2d_spi_run("UPDATE rs2ddb.job SET state = 'queued', cancel_requested = false, "
                    "cancel_requested_by = NULL, "
                    "finished_at = NULL, error_message = NULL, error_detail = NULL, "
                    "error_hint = NULL, error_sqlstate = NULL, error_code = NULL, "
                    "error_request_id = NULL, error_position = NULL, "
                    "owner_oid = " R2D_OWNER_HERE ", server_oid = " R2D_SERVER_HERE ", "
                    "system_identifier = $2, database_oid = $3, rejects_stored = 0 "
                    "WHERE job_id = $1 AND (state IN ('failed', 'canceled') OR "
                    "state <> 'succeeded' AND (system_identifier, database_oid) <> ($2, $3))",
                    &args) == 1) {
        requeue_files(&args);
        r2d_catalog_event(job_id, R2D_JOB_QUEUED, psprintf("resumed by %s", by));
    }
    r2d_spi_leave(&spi);
}

bool r2d_catalog_job_glance(int64 job_id, R2dJobGlance *glance)
{
    R2dSpi spi = r2d_spi_enter(false);
    R2dArgs args = {0};
    bool found;

    r2d_arg_int8(&args, job_id);
    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    found = r2d_spi_run("SELECT state, xmin, (system_identifier, database_oid) <> ($2, $3), "
                        "rows_rejected, rejects_stored "
                        "FROM rs2ddb.job WHERE job_id = $1",
                        &args) == 1;
    if (found) {
        bool is_null;
        char *state = r2d_spi_text(&spi, 1);
        (void)r2d_job_state_from_name(r2d_view_of(state), &glance->state);
        pfree(state); /* a wait looks for days */
        glance->inserted_by = DatumGetTransactionId(r2d_spi_datum(2, &is_null));
        glance->foreign = r2d_spi_bool(3);
        glance->rows_rejected = r2d_spi_int8(4, 0);
        glance->rejects_stored = r2d_spi_int8(5, 0);
    }
    r2d_spi_leave(&spi);
    return found;
}

/* How long the UNLOAD runs is known while its process is. */
bool r2d_catalog_job_notice(int64 job_id, R2dNotice *notice)
{
    R2dSpi spi = r2d_spi_enter(false);
    R2dArgs args = {0};
    bool found;

    r2d_arg_int8(&args, job_id);
    found =
        r2d_spi_run("SELECT p.state, p.percent::float8, p.rows_unloaded, "
                    "p.items_written + p.rows_collapsed + p.rows_rejected, p.rows_per_s::float8, "
                    "p.units_per_s::float8, p.throttled_share::float8, "
                    "extract(epoch FROM p.time_left)::bigint, "
                    "CASE WHEN j.unload_pid IS NOT NULL THEN "
                    "extract(epoch FROM clock_timestamp() - j.unload_started_at)::bigint END, "
                    "j.unload_rows FROM rs2ddb.progress p JOIN rs2ddb.job j USING (job_id) "
                    "WHERE job_id = $1",
                    &args) == 1;
    if (found)
        *notice = (R2dNotice){.state = r2d_spi_text(&spi, 1),
                              .percent = r2d_spi_float8(2, -1),
                              .rows_unloaded = r2d_spi_int8(3, -1),
                              .rows_settled = r2d_spi_int8(4, -1),
                              .rows_per_s = r2d_spi_float8(5, -1),
                              .units_per_s = r2d_spi_float8(6, -1),
                              .throttled_share = r2d_spi_float8(7, -1),
                              .seconds_left = r2d_spi_int8(8, -1),
                              .unload_seconds = r2d_spi_int8(9, -1),
                              .unload_rows = r2d_spi_int8(10, -1)};
    r2d_spi_leave(&spi);
    return found;
}

bool r2d_catalog_job_failure(int64 job_id, R2dFailure *failure)
{
    R2dSpi spi = r2d_spi_enter(false);
    R2dArgs args = {0};
    bool found;

    memset(failure, 0, sizeof *failure);
    r2d_arg_int8(&args, job_id);
    found = r2d_spi_run("SELECT error_message, error_detail, error_hint, error_sqlstate "
                        "FROM rs2ddb.job WHERE job_id = $1 AND state = 'failed'",
                        &args) == 1;
    if (found) {
        char *sqlstate = r2d_spi_text(&spi, 4);
        failure->message = r2d_spi_text(&spi, 1);
        failure->detail = r2d_spi_text(&spi, 2);
        failure->hint = r2d_spi_text(&spi, 3);
        strlcpy(failure->sqlstate, sqlstate ? sqlstate : "", sizeof failure->sqlstate);
    }
    r2d_spi_leave(&spi);
    return found;
}

bool r2d_catalog_job_names_leader(int64 job_id, int leader_pid)
{
    R2dSpi spi = r2d_spi_enter(false);
    R2dArgs args = {0};
    bool found;

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, leader_pid);
    found = r2d_spi_run_latest(
                "SELECT FROM rs2ddb.job WHERE job_id = $1 AND COALESCE(leader_pid, 0) = $2 "
                "AND state IN ('preparing', 'unloading', 'loading', 'finishing')",
                &args) == 1;
    r2d_spi_leave(&spi);
    return found;
}
