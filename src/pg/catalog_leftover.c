/* catalog_leftover.c - statements on rs2ddb.leftover, and the trigger that fills it. */
#include "catalog_spi.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"

/* The age of a row is its backoff. */
#define NEXT_TRY                                                                                   \
    "next_try = clock_timestamp() + "                                                              \
    "LEAST(GREATEST(clock_timestamp() - since, interval '1 minute'), interval '1 hour')"

#define THIS_ROW "bucket = split_part($1, '/', 3) AND $1 = 's3://' || bucket || '/' || prefix"

/* The prefix of the job, if it is one of this database that has not succeeded. What the manifest
 * named is known once it is to be loaded; files of an earlier UNLOAD lie elsewhere. */
static void insert_prefix(R2dArgs *args, int64 job_id, bool may_run)
{
    r2d_arg_int8(args, job_id);
    r2d_arg_int8(args, (int64)GetSystemIdentifier());
    r2d_arg(args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    r2d_arg_bool(args, may_run);
    r2d_spi_run("INSERT INTO rs2ddb.leftover (owner, owner_oid, server, server_oid, bucket, "
                "prefix, job, statement_id, files, bytes, system_identifier, database_oid) "
                "SELECT owner, owner_oid, server, server_oid, b.bucket, "
                "substr(stage_prefix, length(b.bucket) + length('s3:///') + 1), job_id, "
                "CASE WHEN $4 THEN unload_pid::text END, f.files, f.bytes, "
                "system_identifier, database_oid FROM rs2ddb.job j, "
                "LATERAL (SELECT split_part(j.stage_prefix, '/', 3) AS bucket) b, "
                "LATERAL (SELECT NULLIF(count(*), 0) AS files, sum(size_bytes)::bigint AS bytes "
                "FROM rs2ddb.file WHERE file.job_id = j.job_id "
                "AND starts_with(url, j.stage_prefix)) f "
                "WHERE job_id = $1 AND system_identifier = $2 AND database_oid = $3 "
                "AND stage_prefix IS NOT NULL AND state <> 'succeeded' "
                "ON CONFLICT (bucket, prefix) DO NOTHING",
                args);
}

void r2d_catalog_leftover_add(int64 job_id, bool may_run)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    insert_prefix(&args, job_id, may_run);
    r2d_spi_run("UPDATE rs2ddb.job SET unload_pid = NULL, stage_prefix = "
                "CASE WHEN NOT $4 AND state IN ('finishing', 'succeeded') THEN stage_prefix END "
                "WHERE job_id = $1 AND system_identifier = $2 AND database_oid = $3",
                &args);
    r2d_spi_leave(&spi);
}

bool r2d_catalog_leftover_claim(R2dLeftover *leftover)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};
    bool found;

    r2d_arg_int8(&args, (int64)GetSystemIdentifier());
    r2d_arg(&args, OIDOID, ObjectIdGetDatum(MyDatabaseId), false);
    found = r2d_spi_run("UPDATE rs2ddb.leftover SET " NEXT_TRY " "
                        "WHERE (bucket, prefix) = (SELECT bucket, prefix FROM rs2ddb.leftover "
                        "WHERE system_identifier = $1 AND database_oid = $2 "
                        "AND next_try <= clock_timestamp() "
                        "ORDER BY next_try LIMIT 1 FOR UPDATE SKIP LOCKED) "
                        "RETURNING job, owner, owner_oid, server, server_oid, "
                        "'s3://' || bucket || '/' || prefix, statement_id IS NOT NULL",
                        &args) == 1;
    if (found)
        *leftover = (R2dLeftover){.job_id = r2d_spi_int8(1, 0),
                                  .owner = r2d_spi_text(&spi, 2),
                                  .owner_oid = r2d_spi_oid(3),
                                  .server = r2d_spi_text(&spi, 4),
                                  .server_oid = r2d_spi_oid(5),
                                  .uri = r2d_spi_text(&spi, 6),
                                  .may_run = r2d_spi_bool(7)};
    r2d_spi_leave(&spi);
    return found;
}

void r2d_catalog_leftover_gone(const char *uri)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_text(&args, uri);
    r2d_spi_run("DELETE FROM rs2ddb.leftover WHERE " THIS_ROW, &args);
    r2d_spi_leave(&spi);
}

void r2d_catalog_leftover_failed(const char *uri, const char *error)
{
    R2dSpi spi = r2d_spi_enter(true);
    R2dArgs args = {0};

    r2d_arg_text(&args, uri);
    r2d_arg_text(&args, error);
    r2d_spi_run("UPDATE rs2ddb.leftover SET last_error = $2, " NEXT_TRY " WHERE " THIS_ROW, &args);
    r2d_spi_leave(&spi);
}

/* BEFORE DELETE ON rs2ddb.job FOR EACH ROW: its files still have their rows. */
PG_FUNCTION_INFO_V1(rs2ddb_keep_prefix);
PGDLLEXPORT Datum rs2ddb_keep_prefix(PG_FUNCTION_ARGS)
{
    TriggerData *trigger = (TriggerData *)fcinfo->context;
    R2dArgs args = {0};
    R2dSpi spi;
    bool is_null;
    Datum job_id;

    if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
        !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("rs2ddb.keep_prefix is the trigger of rs2ddb.job")));
    job_id =
        SPI_getbinval(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation), 1, &is_null);
    spi = r2d_spi_enter(true);
    insert_prefix(&args, DatumGetInt64(job_id), true);
    r2d_spi_leave(&spi);
    PG_RETURN_POINTER(trigger->tg_trigtuple);
}
