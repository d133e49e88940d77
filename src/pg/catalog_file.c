/* catalog_file.c - statements of the leader on the files of a job and their rejects. */
#include "catalog_spi.h"

#include "catalog/pg_type.h"

#include "pool.h"

static void arg_known(R2dArgs *args, int64 value)
{
    r2d_arg(args, INT8OID, Int64GetDatum(value), value < 0);
}

void r2d_catalog_files_insert(int64 job_id, const R2dManifest *manifest)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("DELETE FROM rs2ddb.file WHERE job_id = $1", &args);
    r2d_spi_run("DELETE FROM rs2ddb.reject WHERE job_id = $1", &args);
    for (int i = 0; i < manifest->file_count; i++) {
        const R2dManifestFile *file = &manifest->files[i];
        args.count = 1;
        r2d_arg_int4(&args, i + 1);
        r2d_arg_text(&args, r2d_from_utf8(file->url));
        arg_known(&args, file->size_bytes);
        arg_known(&args, file->rows);
        r2d_spi_run("INSERT INTO rs2ddb.file (job_id, file_no, url, size_bytes, rows_promised) "
                    "VALUES ($1, $2, $3, $4, $5)",
                    &args);
    }
    r2d_spi_leave(&spi);
}

void r2d_catalog_files_restart(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("DELETE FROM rs2ddb.reject WHERE job_id = $1", &args);
    r2d_spi_run("UPDATE rs2ddb.file SET state = 'pending', finished_at = NULL, checkpoint = 0, "
                "rows_read = 0, items_written = 0, rows_collapsed = 0, rows_rejected = 0, "
                "rejects_stored = 0 WHERE job_id = $1",
                &args);
    r2d_spi_leave(&spi);
}

/* The lock, not the row, says whether the loader is alive. */
void r2d_catalog_files_release(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    SPITupleTable *running;
    uint64 count;

    r2d_arg_int8(&args, job_id);
    count = r2d_spi_run("SELECT file_no FROM rs2ddb.file WHERE job_id = $1 AND state = 'running'",
                        &args);
    running = SPI_tuptable;
    for (uint64 i = 0; i < count; i++) {
        bool is_null;
        int file_no = DatumGetInt32(SPI_getbinval(running->vals[i], running->tupdesc, 1, &is_null));
        if (!r2d_pool_lock_file(job_id, file_no))
            continue;
        r2d_pool_unlock_file(job_id, file_no); /* an error below must not leave it locked */
        args.count = 1;
        r2d_arg_int4(&args, file_no);
        r2d_spi_run("UPDATE rs2ddb.file SET state = 'pending', loader_pid = NULL, "
                    "rows_per_s = NULL, units_per_s = NULL, throttled_share = NULL "
                    "WHERE job_id = $1 AND file_no = $2 AND state = 'running'",
                    &args);
    }
    r2d_spi_leave(&spi);
}

R2dFileCounts r2d_catalog_file_counts(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    R2dFileCounts counts;

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("SELECT count(*) FILTER (WHERE state = 'pending'), "
                "count(*) FILTER (WHERE state = 'running'), "
                "count(*) FILTER (WHERE state = 'done'), "
                "count(*) FILTER (WHERE state = 'failed'), "
                "count(*) FILTER (WHERE state = 'failed' AND error_sqlstate NOT LIKE '22%'), "
                "COALESCE(sum(checkpoint), 0)::bigint, "
                "COALESCE(sum(rows_rejected), 0)::bigint, "
                "count(*) FILTER (WHERE state = 'done' AND "
                "(items_written + rows_collapsed + rows_rejected <> checkpoint OR "
                "checkpoint <> COALESCE(rows_promised, checkpoint))), "
                "(SELECT cancel_requested FROM rs2ddb.job WHERE job_id = $1), "
                "COALESCE(sum(rejects_stored), 0)::bigint "
                "FROM rs2ddb.file WHERE job_id = $1",
                &args);
    counts = (R2dFileCounts){.pending = r2d_spi_int8(1, 0),
                             .running = r2d_spi_int8(2, 0),
                             .done = r2d_spi_int8(3, 0),
                             .failed = r2d_spi_int8(4, 0),
                             .systemic = r2d_spi_int8(5, 0),
                             .settled = r2d_spi_int8(6, 0),
                             .rejected = r2d_spi_int8(7, 0),
                             .unbalanced = r2d_spi_int8(8, 0),
                             .cancel = r2d_spi_bool(9),
                             .stored = r2d_spi_int8(10, 0)};
    r2d_spi_leave(&spi);
    return counts;
}

int r2d_catalog_files_late_ms(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    int late_ms;

    r2d_arg_int8(&args, job_id);
    r2d_spi_run("SELECT ceil(1e3 * EXTRACT(epoch FROM GREATEST(max(late_until) - "
                "clock_timestamp(), interval '0')))::integer "
                "FROM rs2ddb.file WHERE job_id = $1 AND late_until IS NOT NULL",
                &args);
    late_ms = r2d_spi_int4(1, 0);
    r2d_spi_leave(&spi);
    return late_ms;
}

bool r2d_catalog_first_file_failure(int64 job_id, R2dFailure *failure)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool found;

    memset(failure, 0, sizeof *failure);
    r2d_arg_int8(&args, job_id);
    found = r2d_spi_run("SELECT error_message, error_detail, error_hint, error_sqlstate, "
                        "error_code, error_request_id FROM rs2ddb.file "
                        "WHERE job_id = $1 AND state = 'failed' ORDER BY finished_at LIMIT 1",
                        &args) == 1;
    if (found) {
        char *sqlstate = r2d_spi_text(&spi, 4);
        failure->message = r2d_spi_text(&spi, 1);
        failure->detail = r2d_spi_text(&spi, 2);
        failure->hint = r2d_spi_text(&spi, 3);
        strlcpy(failure->sqlstate, sqlstate ? sqlstate : "", sizeof failure->sqlstate);
        failure->code = r2d_spi_text(&spi, 5);
        failure->request_id = r2d_spi_text(&spi, 6);
    }
    r2d_spi_leave(&spi);
    return found;
}

const char *r2d_catalog_first_reject(int64 job_id)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    char *reason = NULL;

    r2d_arg_int8(&args, job_id);
    if (r2d_spi_run("SELECT reason || COALESCE(' (key ' || left(key, 200) || ')', '') "
                    "FROM rs2ddb.reject WHERE job_id = $1 ORDER BY file_no, row_number LIMIT 1",
                    &args) == 1)
        reason = r2d_spi_text(&spi, 1);
    r2d_spi_leave(&spi);
    return reason;
}
