/* catalog_job.c - statements of the workers on rs2ddb.job and rs2ddb.event. */
#include "catalog_spi.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"

void r2d_catalog_event(int64 job_id, R2dJobState state, const char *message)
{
    R2dArgs args = {0};
    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, r2d_job_state_name(state));
    r2d_arg_text(&args, message);
    r2d_spi_run("WITH e AS (INSERT INTO rs2ddb.event (job_id, state, message) VALUES ($1, $2, $3) "
                "RETURNING event_id, job_id, state) "
                "SELECT pg_notify('rs2ddb', json_build_object('job', job_id, 'event', event_id, "
                "'state', state)::text) FROM e",
                &args);
}

static void read_key(R2dSpi *spi, int column, R2dJob *job)
{
    bool is_null;
    Datum value = r2d_spi_datum(column, &is_null);
    Datum *names;
    int count;

    if (is_null)
        return;
    deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL,
                      &count);
    job->key = MemoryContextAlloc(spi->caller, sizeof(char *) * Max(count, 1));
    job->key_count = count;
    for (int i = 0; i < count; i++)
        job->key[i] = MemoryContextStrdup(spi->caller, TextDatumGetCString(names[i]));
}

static void read_job(R2dSpi *spi, R2dJob *job)
{
    char *state = r2d_spi_text(spi, 2);
    (void)r2d_job_state_from_name(r2d_view_of(state), &job->state);
    job->job_id = r2d_spi_int8(1, 0);
    job->owner = r2d_spi_text(spi, 3);
    job->server = r2d_spi_text(spi, 4);
    job->query = r2d_spi_text(spi, 5);
    job->table_name = r2d_spi_text(spi, 6);
    read_key(spi, 7, job);
    job->mode = r2d_write_mode_from_name(r2d_view_of(r2d_spi_text(spi, 8)));
    job->attributes = r2d_spi_text(spi, 9);
    job->workers = r2d_spi_int4(10, 0);
    job->max_wcu = r2d_spi_int4(11, 0);
    job->max_rejects = r2d_spi_int8(12, 0);
    job->keep_files = r2d_spi_bool(13);
    job->cancel_requested = r2d_spi_bool(14);
    job->attempt = r2d_spi_int4(15, 0);
    job->stage_prefix = r2d_spi_text(spi, 16);
    job->leader_pid = r2d_spi_int4(17, 0);
    job->plan = r2d_spi_text(spi, 18);
    job->rows_unloaded = r2d_spi_int8(19, -1);
    job->foreign = !r2d_spi_bool(20);
    job->server_oid = r2d_spi_oid(21);
    job->unload_pid = r2d_spi_int4(22, 0);
    job->table_id = r2d_spi_text(spi, 23);
    job->owner_oid = r2d_spi_oid(24);
    job->unloaded = r2d_spi_bool(25);
    job->cancel_requested_by = r2d_spi_text(spi, 26);
}

R2dJob *r2d_catalog_job(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    R2dJob *job = NULL;

    r2d_arg_int8(&args, job_id);
    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    if (r2d_spi_run("SELECT job_id, state, owner, server, query, table_name, key, mode, "
                    "attributes, workers, max_wcu, max_rejects, keep_files, cancel_requested, "
                    "attempt, stage_prefix, leader_pid, plan, rows_unloaded, "
                    "system_identifier = $2 AND database_oid = $3, " R2D_SERVER_HERE
                    ", unload_pid, "
                    "table_id, " R2D_OWNER_HERE ", unload_finished_at IS NOT NULL, "
                    "cancel_requested_by FROM rs2ddb.job WHERE job_id = $1",
                    &args) == 1) {
        job = MemoryContextAllocZero(spi.caller, sizeof *job);
        read_job(&spi, job);
    }
    r2d_spi_leave(&spi);
    return job;
}

static void check_move(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by)
{
    if (!r2d_job_move_allowed(from, to, by))
        elog(ERROR, "job " INT64_FORMAT " cannot move from %s to %s", job_id,
             r2d_job_state_name(from), r2d_job_state_name(to));
}

bool r2d_catalog_job_move(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by,
                          const char *message)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool moved;

    check_move(job_id, from, to, by);
    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, r2d_job_state_name(from));
    r2d_arg_text(&args, r2d_job_state_name(to));
    moved = r2d_spi_run("UPDATE rs2ddb.job SET state = $3, "
                        "loading_at = CASE WHEN $3 = 'loading' THEN clock_timestamp() "
                        "ELSE loading_at END WHERE job_id = $1 AND state = $2",
                        &args) == 1;
    if (moved)
        r2d_catalog_event(job_id, to, message);
    r2d_spi_leave(&spi);
    return moved;
}

void r2d_catalog_job_led(int64 job_id, int leader_pid)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, leader_pid);
    r2d_spi_run("UPDATE rs2ddb.job SET leader_pid = $2, "
                "started_at = COALESCE(started_at, clock_timestamp()), "
                "server_oid = COALESCE((SELECT oid FROM pg_foreign_server WHERE oid = server_oid), "
                "(SELECT oid FROM pg_foreign_server WHERE srvname = server)) WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

bool r2d_catalog_job_set_plan(int64 job_id, const char *plan, const char *table_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool same;

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, plan);
    r2d_arg_text(&args, table_id);
    r2d_spi_run("UPDATE rs2ddb.job j SET plan = $2::jsonb, table_id = NULLIF($3, '') "
                "FROM rs2ddb.job old WHERE j.job_id = $1 AND old.job_id = $1 "
                "RETURNING COALESCE(j.plan = old.plan, false)",
                &args);
    same = r2d_spi_bool(1);
    r2d_spi_leave(&spi);
    return same;
}

void r2d_catalog_job_set_table(int64 job_id, bool created, const char *table_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_bool(&args, created);
    r2d_arg_text(&args, table_id);
    r2d_spi_run("UPDATE rs2ddb.job SET table_created = table_created OR $2, "
                "table_id = NULLIF($3, '') WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_unload(int64 job_id, const char *stage_prefix, int unload_pid,
                            const char *message)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, stage_prefix);
    r2d_arg_int4(&args, unload_pid);
    if (r2d_spi_run("UPDATE rs2ddb.job SET stage_prefix = $2, unload_pid = $3, "
                    "attempt = attempt + 1, unload_started_at = clock_timestamp(), "
                    "unload_rows = NULL "
                    "WHERE job_id = $1",
                    &args) != 1)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("job " INT64_FORMAT " was deleted", job_id)));
    if (message != NULL)
        r2d_catalog_event(job_id, R2D_JOB_UNLOADING, message);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_unloaded(int64 job_id, int64 rows)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg(&args, INT8OID, Int64GetDatum(rows), rows < 0);
    r2d_spi_run("UPDATE rs2ddb.job SET rows_unloaded = $2, unload_pid = NULL, "
                "unload_finished_at = clock_timestamp() WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_unload_rows(int64 job_id, int64 rows)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int8(&args, rows);
    r2d_spi_run("UPDATE rs2ddb.job SET unload_rows = $2 WHERE job_id = $1", &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_settle(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by,
                            const R2dFailure *failure, const char *message)
{
    static const R2dFailure none = {0};
    const R2dFailure *f = failure ? failure : &none;
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    check_move(job_id, from, to, by);
    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, r2d_job_state_name(to));
    r2d_arg_text(&args, f->message);
    r2d_arg_text(&args, f->detail);
    r2d_arg_text(&args, f->hint);
    r2d_arg_text(&args, f->sqlstate[0] ? f->sqlstate : NULL);
    r2d_arg_text(&args, f->code);
    r2d_arg_text(&args, f->request_id);
    r2d_arg(&args, INT4OID, Int32GetDatum(f->position), f->position <= 0);
    if (r2d_spi_run("UPDATE rs2ddb.job j SET state = $2, error_message = $3, error_detail = $4, "
                    "error_hint = $5, error_sqlstate = $6, error_code = $7, "
                    "error_request_id = $8, error_position = $9, leader_pid = NULL, "
                    "finished_at = clock_timestamp(), "
                    "items_written = f.written, rows_collapsed = f.collapsed, "
                    "rows_rejected = f.rejected + r.ahead, write_units = f.units, "
                    "rejects_stored = r.stored "
                    "FROM (SELECT COALESCE(sum(items_written), 0) AS written, "
                    "COALESCE(sum(rows_collapsed), 0) AS collapsed, "
                    "COALESCE(sum(rows_rejected), 0) AS rejected, "
                    "COALESCE(sum(write_units), 0) AS units "
                    "FROM rs2ddb.file WHERE job_id = $1) f, "
                    "(SELECT count(*) AS stored, "
                    "count(*) FILTER (WHERE row_number > checkpoint) AS ahead "
                    "FROM rs2ddb.reject LEFT JOIN rs2ddb.file USING (job_id, file_no) "
                    "WHERE job_id = $1) r "
                    "WHERE j.job_id = $1 AND j.state NOT IN ('succeeded', 'failed', 'canceled')",
                    &args) == 1)
        r2d_catalog_event(job_id, to, message ? message : f->message);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_totals(int64 job_id, R2dTotals *totals)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    *totals = (R2dTotals){.rows_unloaded = -1};
    r2d_arg_int8(&args, job_id);
    if (r2d_spi_run("SELECT rows_unloaded, items_written, rows_collapsed, rows_rejected, "
                    "write_units, extract(epoch FROM finished_at - created_at)::float8 "
                    "FROM rs2ddb.job WHERE job_id = $1",
                    &args) == 1)
        *totals = (R2dTotals){.rows_unloaded = r2d_spi_int8(1, -1),
                              .items_written = r2d_spi_int8(2, 0),
                              .rows_collapsed = r2d_spi_int8(3, 0),
                              .rows_rejected = r2d_spi_int8(4, 0),
                              .write_units = r2d_spi_float8(5, 0),
                              .seconds = r2d_spi_float8(6, 0)};
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_forget_files(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("UPDATE rs2ddb.job SET rows_unloaded = NULL, unload_finished_at = NULL "
                "WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_stage_clean(int64 job_id, const char *stage_prefix)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, stage_prefix);
    r2d_spi_run(
        "UPDATE rs2ddb.job SET unload_pid = NULL, "
        "stage_prefix = CASE WHEN state IN ('finishing', 'succeeded') THEN stage_prefix END "
        "WHERE job_id = $1 AND stage_prefix = $2",
        &args);
    r2d_spi_leave(&spi);
}
