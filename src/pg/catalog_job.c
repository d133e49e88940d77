/* catalog_job.c - statements on rs2ddb.job and rs2ddb.event. */
#include "catalog_spi.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/typcache.h"

#include "pool.h"

/* One event and its NOTIFY; entered as owner. The payload tells no more than everybody may know. */
static void add_event(int64 job_id, R2dJobState state, const char *message)
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

int64 r2d_catalog_job_insert(const R2dJobRequest *request)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int64 job_id;

    r2d_arg_text(&args, request->owner);
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
    r2d_spi_run("INSERT INTO rs2ddb.job (owner, server, query, table_name, key, mode, attributes, "
                "workers, max_wcu, max_rejects, keep_files, system_identifier, database_oid) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING job_id",
                &args);
    job_id = r2d_spi_int8(1, 0);
    add_event(job_id, R2D_JOB_QUEUED, NULL);
    r2d_spi_leave(&spi);
    return job_id;
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
    job->mode = strcmp(r2d_spi_text(spi, 8), "delete") == 0 ? R2D_WRITE_DELETE : R2D_WRITE_PUT;
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
    job->stage_doomed = r2d_spi_bool(21);
    job->unload_pid = r2d_spi_int4(22, 0);
    job->table_id = r2d_spi_text(spi, 23);
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
                    "system_identifier = $2 AND database_oid = $3, stage_doomed, unload_pid, "
                    "table_id "
                    "FROM rs2ddb.job WHERE job_id = $1",
                    &args) == 1) {
        job = MemoryContextAllocZero(spi.caller, sizeof *job);
        read_job(&spi, job);
    }
    r2d_spi_leave(&spi);
    return job;
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

bool r2d_catalog_job_move(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by,
                          const char *message)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool moved;

    if (!r2d_job_move_allowed(from, to, by))
        elog(ERROR, "job " INT64_FORMAT " cannot move from %s to %s", job_id,
             r2d_job_state_name(from), r2d_job_state_name(to));
    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, r2d_job_state_name(from));
    r2d_arg_text(&args, r2d_job_state_name(to));
    moved = r2d_spi_run("UPDATE rs2ddb.job SET state = $3, "
                        "loading_at = CASE WHEN $3 = 'loading' THEN clock_timestamp() "
                        "ELSE loading_at END WHERE job_id = $1 AND state = $2",
                        &args) == 1;
    if (moved)
        add_event(job_id, to, message);
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
                "started_at = COALESCE(started_at, clock_timestamp()) WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

bool r2d_catalog_job_set_plan(int64 job_id, const char *plan, bool table_created,
                              const char *table_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool same;

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, plan);
    r2d_arg_bool(&args, table_created);
    r2d_arg_text(&args, table_id);
    r2d_spi_run("UPDATE rs2ddb.job j SET plan = $2::jsonb, table_created = j.table_created OR $3, "
                "table_id = NULLIF($4, '') "
                "FROM rs2ddb.job old WHERE j.job_id = $1 AND old.job_id = $1 "
                "RETURNING COALESCE(j.plan = old.plan, false)",
                &args);
    same = r2d_spi_bool(1);
    r2d_spi_leave(&spi);
    return same;
}

void r2d_catalog_job_unload(int64 job_id, const char *stage_prefix, int unload_pid,
                            const char *message)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, stage_prefix);
    r2d_arg_int4(&args, unload_pid);
    r2d_spi_run("UPDATE rs2ddb.job SET stage_prefix = $2, stage_doomed = false, unload_pid = $3, "
                "attempt = attempt + 1, unload_started_at = clock_timestamp() WHERE job_id = $1",
                &args);
    if (message != NULL)
        add_event(job_id, R2D_JOB_UNLOADING, message);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_unloaded(int64 job_id, int64 rows)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int8(&args, rows);
    r2d_spi_run("UPDATE rs2ddb.job SET rows_unloaded = $2, unload_pid = NULL WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_settle(int64 job_id, R2dJobState state, const R2dFailure *failure,
                            const char *message)
{
    static const R2dFailure none = {0};
    const R2dFailure *f = failure ? failure : &none;
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, r2d_job_state_name(state));
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
                    "unload_pid = CASE WHEN j.stage_doomed THEN j.unload_pid END, "
                    "finished_at = clock_timestamp(), "
                    "items_written = f.written, rows_collapsed = f.collapsed, "
                    "rows_rejected = f.rejected, write_units = f.units "
                    "FROM (SELECT COALESCE(sum(items_written), 0) AS written, "
                    "COALESCE(sum(rows_collapsed), 0) AS collapsed, "
                    "COALESCE(sum(rows_rejected), 0) AS rejected, "
                    "COALESCE(sum(write_units), 0) AS units "
                    "FROM rs2ddb.file WHERE job_id = $1) f "
                    "WHERE j.job_id = $1 AND j.state NOT IN ('succeeded', 'failed', 'canceled')",
                    &args) == 1)
        add_event(job_id, state, message ? message : f->message);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_forget_files(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("UPDATE rs2ddb.job SET rows_unloaded = NULL WHERE job_id = $1", &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_job_doom_stage(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("UPDATE rs2ddb.job SET stage_doomed = stage_prefix IS NOT NULL WHERE job_id = $1",
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
        "UPDATE rs2ddb.job SET stage_doomed = false, unload_pid = NULL, "
        "stage_prefix = CASE WHEN state IN ('finishing', 'succeeded') THEN stage_prefix END "
        "WHERE job_id = $1 AND stage_prefix = $2",
        &args);
    r2d_spi_leave(&spi);
}

/* In turns: one that can never be deleted must not keep the others waiting. After a week it is
 * left to the bucket's owner. */
int r2d_catalog_doomed_stages(int64 except, int64 *job_ids, int most)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int count;

    r2d_arg_int8(&args, except);
    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    r2d_arg_int4(&args, most);
    count = (int)r2d_spi_run("SELECT job_id FROM rs2ddb.job WHERE stage_doomed AND job_id <> $1 "
                             "AND state IN ('succeeded', 'failed', 'canceled') "
                             "AND system_identifier = $2 AND database_oid = $3 "
                             "AND finished_at > clock_timestamp() - interval '7 days' "
                             "ORDER BY random() LIMIT $4",
                             &args);
    for (int i = 0; i < count; i++)
        job_ids[i] = r2d_spi_id((uint64)i);
    r2d_spi_leave(&spi);
    return count;
}

R2dCancel r2d_catalog_job_cancel(int64 job_id, int *leader_pid)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool running, untouched = false;

    r2d_arg_int8(&args, job_id);
    running =
        r2d_spi_run("UPDATE rs2ddb.job SET cancel_requested = true WHERE job_id = $1 "
                    "AND state NOT IN ('succeeded', 'failed', 'canceled') "
                    "RETURNING (SELECT pid FROM pg_stat_activity a WHERE a.pid = job.leader_pid "
                    "AND a.backend_type = 'rs2ddb leader'), "
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
            r2d_catalog_job_settle(job_id, R2D_JOB_CANCELED, NULL, "canceled before it started");
    }
    PG_FINALLY();
    {
        r2d_pool_unlock_job(job_id);
    }
    PG_END_TRY();
    return untouched ? R2D_CANCEL_DONE : R2D_CANCEL_LEAD;
}

bool r2d_catalog_job_set_rate(int64 job_id, int max_wcu, int **loader_pids, int *count)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool running;

    *count = 0;
    r2d_arg_int8(&args, job_id);
    r2d_arg(&args, INT4OID, Int32GetDatum(max_wcu), max_wcu == 0);
    running = r2d_spi_run("UPDATE rs2ddb.job SET max_wcu = $2 WHERE job_id = $1 "
                          "AND state NOT IN ('succeeded', 'failed', 'canceled')",
                          &args) == 1;
    args.count = 1;
    if (running) {
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
 * repeated. */
static void requeue_files(R2dArgs *args)
{
    args->count = 1;
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

void r2d_catalog_job_requeue(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    if (r2d_spi_run("UPDATE rs2ddb.job SET state = 'queued', cancel_requested = false, "
                    "finished_at = NULL, error_message = NULL, error_detail = NULL, "
                    "error_hint = NULL, error_sqlstate = NULL, error_code = NULL, "
                    "error_request_id = NULL, error_position = NULL, "
                    "system_identifier = $2, database_oid = $3 "
                    "WHERE job_id = $1 AND (state IN ('failed', 'canceled') OR "
                    "state <> 'succeeded' AND (system_identifier, database_oid) <> ($2, $3))",
                    &args) == 1) {
        requeue_files(&args);
        add_event(job_id, R2D_JOB_QUEUED, "resumed");
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
    found =
        r2d_spi_run("SELECT j.state, p.percent::float8, j.rows_unloaded, p.items_written + "
                    "p.rows_collapsed + p.rows_rejected, p.rows_rejected, p.rows_per_s::float8, "
                    "p.units_per_s::float8, p.throttled_share::float8, "
                    "extract(epoch FROM p.time_left)::bigint, j.xmin, "
                    "(j.system_identifier, j.database_oid) <> ($2, $3) "
                    "FROM rs2ddb.job j LEFT JOIN rs2ddb.progress p USING (job_id) "
                    "WHERE j.job_id = $1",
                    &args) == 1;
    if (found) {
        bool is_null;
        char *state = r2d_spi_text(&spi, 1);
        (void)r2d_job_state_from_name(r2d_view_of(state), &glance->state);
        glance->percent = r2d_spi_float8(2, -1);
        glance->rows_unloaded = r2d_spi_int8(3, -1);
        glance->settled = r2d_spi_int8(4, 0);
        glance->rejected = r2d_spi_int8(5, 0);
        glance->rows_per_s = r2d_spi_float8(6, 0);
        glance->units_per_s = r2d_spi_float8(7, 0);
        glance->throttled_share = r2d_spi_float8(8, 0);
        glance->seconds_left = r2d_spi_int8(9, -1);
        glance->inserted_by = DatumGetTransactionId(r2d_spi_datum(10, &is_null));
        glance->foreign = r2d_spi_bool(11);
    }
    r2d_spi_leave(&spi);
    return found;
}
