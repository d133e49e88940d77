/* catalog_load.c - statements of a loader: its next file, its orders, progress and rejects. */
#include "catalog_spi.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "pool.h"
#include "settings.h"

static void read_file(R2dSpi *spi, R2dFile *file)
{
    file->file_no = r2d_spi_int4(1, 0);
    file->url = r2d_spi_text(spi, 2);
    file->size_bytes = r2d_spi_int8(3, -1);
    file->rows_promised = r2d_spi_int8(4, -1);
    file->checkpoint = r2d_spi_int8(5, 0);
    file->items_written = r2d_spi_int8(6, 0);
    file->rows_collapsed = r2d_spi_int8(7, 0);
    file->rows_rejected = r2d_spi_int8(8, 0);
    file->write_units = r2d_spi_float8(9, 0);
    file->writes_throttled = r2d_spi_int8(10, 0);
    file->tries = r2d_spi_int4(11, 0);
    file->late_for_us = r2d_spi_int8(12, 0);
}

/* Rejects beyond the checkpoint belong to rows that are read again now. */
static void forget_rejects_behind(R2dArgs *args, const R2dFile *file)
{
    args->count = 1;
    r2d_arg_int4(args, file->file_no);
    r2d_arg_int8(args, file->checkpoint);
    r2d_spi_run(
        "WITH gone AS (DELETE FROM rs2ddb.reject "
        "WHERE job_id = $1 AND file_no = $2 AND row_number > $3 RETURNING job_id) "
        "UPDATE rs2ddb.file SET rejects_stored = rejects_stored - (SELECT count(*) FROM gone) "
        "WHERE job_id = $1 AND file_no = $2 AND EXISTS (SELECT FROM gone)",
        args);
}

/* Jobs with a bound that load into one table at once share the smallest of their bounds. */
static void read_sharers(R2dArgs *args, R2dSharers *sharers)
{
    if (r2d_spi_run(
            "SELECT LEAST(j.max_wcu, o.max_wcu), "
            "(SELECT count(*) FROM rs2ddb.file "
            "WHERE file.job_id = j.job_id AND file.state = 'running')::integer, "
            "(SELECT count(*) FROM (SELECT FROM rs2ddb.file "
            "WHERE file.job_id = j.job_id AND file.state = 'pending' LIMIT 100) p)::integer, "
            "o.running::integer "
            "FROM rs2ddb.job j, LATERAL ("
            "SELECT count(*) AS running, min(other.max_wcu) AS max_wcu "
            "FROM rs2ddb.job other JOIN rs2ddb.file USING (job_id) "
            "WHERE other.state = 'loading' AND file.state = 'running' "
            "AND other.job_id <> j.job_id AND other.table_name = j.table_name "
            "AND other.server_oid = j.server_oid AND other.max_wcu > 0 AND j.max_wcu > 0) o "
            "WHERE j.job_id = $1",
            args) == 0)
        return;
    sharers->max_wcu = r2d_spi_int4(1, 0);
    sharers->running = Max(r2d_spi_int4(2, 1), 1);
    sharers->pending = r2d_spi_int4(3, 0);
    sharers->elsewhere = r2d_spi_int4(4, 0);
}

static bool is_true(const char *question, R2dArgs *args)
{
    R2dSpi spi = r2d_spi_enter(true);
    bool yes = r2d_spi_run(question, args) == 1 && r2d_spi_bool(1);

    r2d_spi_leave(&spi);
    return yes;
}

bool r2d_catalog_loader_lost(int64 job_id, int within_s)
{
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, within_s);
    return is_true("SELECT EXISTS (SELECT FROM rs2ddb.file WHERE job_id = $1 "
                   "AND (state = 'pending' AND tries > 0 OR tries > 1 "
                   "AND progress_at > clock_timestamp() - make_interval(secs => $2)))",
                   &args);
}

bool r2d_catalog_files_begun(int64 job_id)
{
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    return is_true("SELECT EXISTS (SELECT FROM rs2ddb.file WHERE job_id = $1 AND tries > 0)",
                   &args);
}

/* Counting passes over entries of the files behind, which cannot be removed while anybody waits for
 * the job: only a bound is worth that. */
void r2d_catalog_orders(int64 job_id, int attempt, R2dOrders *orders)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    *orders = (R2dOrders){.stop = true, .sharers = {.running = 1}};
    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, attempt);
    if (r2d_spi_run("SELECT cancel_requested OR state <> 'loading' OR attempt <> $2, max_wcu "
                    "FROM rs2ddb.job WHERE job_id = $1",
                    &args) == 1) {
        orders->stop = r2d_spi_bool(1);
        orders->sharers.max_wcu = r2d_spi_int4(2, 0);
        args.count = 1;
        if (orders->sharers.max_wcu > 0)
            read_sharers(&args, &orders->sharers);
    }
    r2d_spi_leave(&spi);
}

static bool claim_behind(R2dArgs *args, int file_no, const R2dRates *rates)
{
    args->count = 1;
    r2d_arg_int4(args, MyProcPid);
    r2d_arg_int4(args, file_no);
    r2d_arg_float8(args, rates->rows_per_s);
    r2d_arg_float8(args, rates->units_per_s);
    r2d_arg_float8(args, rates->throttled_share);
    return r2d_spi_run(
               "UPDATE rs2ddb.file SET state = 'running', loader_pid = $2, tries = tries + 1, "
               "bytes_read = 0, started_at = COALESCE(started_at, clock_timestamp()), "
               "progress_at = clock_timestamp(), "
               "rows_per_s = $4, units_per_s = $5, throttled_share = $6 "
               "WHERE job_id = $1 AND file_no = (SELECT file_no FROM rs2ddb.file "
               "WHERE job_id = $1 AND state = 'pending' AND file_no > $3 "
               "ORDER BY file_no LIMIT 1 FOR UPDATE SKIP LOCKED) "
               "RETURNING file_no, url, size_bytes, rows_promised, checkpoint, items_written, "
               "rows_collapsed, rows_rejected, write_units, writes_throttled, tries, "
               "(1e6 * EXTRACT(epoch FROM GREATEST(late_until - clock_timestamp(), "
               "interval '0')))::bigint",
               args) == 1;
}

bool r2d_catalog_file_claim(int64 job_id, int after, const R2dRates *rates, R2dFile *file)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool claimed;

    r2d_arg_int8(&args, job_id);
    claimed = claim_behind(&args, after, rates) || (after > 0 && claim_behind(&args, 0, rates));
    if (claimed) {
        read_file(&spi, file);
        if (file->tries > 1)
            forget_rejects_behind(&args, file);
    }
    r2d_spi_leave(&spi);
    return claimed;
}

void r2d_catalog_file_unclaim(int64 job_id, int file_no)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, file_no);
    r2d_spi_run("UPDATE rs2ddb.file SET state = 'pending', loader_pid = NULL, tries = tries - 1, "
                "rows_per_s = NULL, units_per_s = NULL, throttled_share = NULL "
                "WHERE job_id = $1 AND file_no = $2 AND state = 'running'",
                &args);
    r2d_spi_leave(&spi);
}

/* What SET_PROGRESS and WHERE_OURS refer to. */
static void arg_progress(R2dArgs *args, int64 job_id, const R2dFile *file,
                         const R2dTransferProgress *progress, const R2dRates *rates)
{
    r2d_arg_int8(args, job_id);
    r2d_arg_int4(args, file->file_no);
    r2d_arg_int4(args, MyProcPid);
    r2d_arg_int8(args, progress->checkpoint);
    r2d_arg_int8(args, progress->rows_read);
    r2d_arg_int8(args, file->items_written + progress->written);
    r2d_arg_int8(args, file->rows_collapsed + progress->collapsed);
    r2d_arg_int8(args, file->rows_rejected + progress->rejected);
    r2d_arg_int8(args, progress->bytes_received);
    r2d_arg_float8(args, file->write_units + progress->write_units);
    r2d_arg_int8(args, file->writes_throttled + progress->throttled);
    r2d_arg_float8(args, rates->rows_per_s);
    r2d_arg_float8(args, rates->units_per_s);
    r2d_arg_float8(args, rates->throttled_share);
    r2d_arg(args, INT8OID, Int64GetDatum(progress->late_for_us), progress->late_for_us == 0);
}

#define SET_PROGRESS                                                                               \
    "UPDATE rs2ddb.file SET checkpoint = $4, rows_read = $5, items_written = $6, "                 \
    "rows_collapsed = $7, rows_rejected = $8, bytes_read = $9, write_units = $10, "                \
    "writes_throttled = $11, rows_per_s = $12, units_per_s = $13, throttled_share = $14, "         \
    "progress_at = clock_timestamp(), "                                                            \
    "late_until = COALESCE(clock_timestamp() + $15 * interval '1 microsecond', late_until)"
#define WHERE_OURS " WHERE job_id = $1 AND file_no = $2 AND state = 'running' AND loader_pid = $3"

static void check_ours(uint64 changed, int64 job_id, const R2dFile *file)
{
    if (changed != 1)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("file %d of job " INT64_FORMAT " is not ours any more",
                               file->file_no, job_id)));
}

void r2d_catalog_file_progress(int64 job_id, const R2dFile *file,
                               const R2dTransferProgress *progress, const R2dRates *rates)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    arg_progress(&args, job_id, file, progress, rates);
    check_ours(r2d_spi_run(SET_PROGRESS WHERE_OURS, &args), job_id, file);
    r2d_spi_leave(&spi);
}

void r2d_catalog_file_done(int64 job_id, const R2dFile *file, const R2dTransferProgress *progress,
                           const R2dRates *rates)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    arg_progress(&args, job_id, file, progress, rates);
    check_ours(r2d_spi_run(SET_PROGRESS ", state = 'done', loader_pid = NULL, "
                                        "finished_at = clock_timestamp()" WHERE_OURS,
                           &args),
               job_id, file);
    r2d_spi_leave(&spi);
}

static char *view_text(R2dView view)
{
    return view.data ? r2d_from_utf8_or_null(view) : NULL;
}

/* The files count, each written by its loader alone: no row is shared by those who store. */
int64 r2d_catalog_reject_room(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int64 stored;

    r2d_pool_lock_rejects(job_id);
    r2d_arg_int8(&args, job_id);
    r2d_spi_run("SELECT COALESCE(sum(rejects_stored), 0)::bigint FROM rs2ddb.file "
                "WHERE job_id = $1",
                &args);
    stored = r2d_spi_int8(1, 0);
    r2d_spi_leave(&spi);
    return Max(r2d_max_stored_rejects - stored, 0);
}

void r2d_catalog_file_rejects_stored(int64 job_id, int file_no, int64 count)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, file_no);
    r2d_arg_int8(&args, count);
    r2d_spi_run("UPDATE rs2ddb.file SET rejects_stored = rejects_stored + $3 "
                "WHERE job_id = $1 AND file_no = $2",
                &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_file_reject(int64 job_id, int file_no, const R2dReject *reject)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    char *reason = view_text(reject->reason);

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, file_no);
    r2d_arg_int8(&args, reject->row);
    r2d_arg_text(&args, view_text(reject->key));
    r2d_arg_text(&args, view_text(reject->code));
    r2d_arg_text(&args, reason ? reason : "the reason cannot be shown in this encoding");
    r2d_arg_bytea(&args, reject->key);
    r2d_arg_bytea(&args, reject->item);
    r2d_spi_run("INSERT INTO rs2ddb.reject (job_id, file_no, row_number, key, code, reason, "
                "key_bytes, item) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                "ON CONFLICT (job_id, file_no, row_number) DO UPDATE SET "
                "code = excluded.code, reason = excluded.reason",
                &args);
    r2d_spi_leave(&spi);
}

int64 r2d_catalog_rejects_of_code(int64 job_id, const char *code)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int64 count;

    r2d_arg_int8(&args, job_id);
    r2d_arg_text(&args, code);
    r2d_spi_run("SELECT count(*) FROM rs2ddb.reject WHERE job_id = $1 AND code = $2", &args);
    count = r2d_spi_int8(1, 0);
    r2d_spi_leave(&spi);
    return count;
}

void r2d_catalog_file_failed(int64 job_id, int file_no, const R2dFailure *failure)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_arg_int4(&args, file_no);
    r2d_arg_text(&args, failure->message);
    r2d_arg_text(&args, failure->detail);
    r2d_arg_text(&args, failure->hint);
    r2d_arg_text(&args, failure->sqlstate);
    r2d_arg_text(&args, failure->code);
    r2d_arg_text(&args, failure->request_id);
    r2d_spi_run("UPDATE rs2ddb.file SET state = 'failed', loader_pid = NULL, "
                "finished_at = clock_timestamp(), error_message = $3, error_detail = $4, "
                "error_hint = $5, error_sqlstate = $6, error_code = $7, error_request_id = $8 "
                "WHERE job_id = $1 AND file_no = $2 AND state = 'running'",
                &args);
    r2d_spi_leave(&spi);
}
