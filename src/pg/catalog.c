/* catalog.c - transactions of workers, and SPI as the owner of the tables. */
#include "catalog_spi.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "home.h"

static MemoryContext tx_caller; /* transactions of a worker do not nest */

void r2d_tx_begin(void)
{
    tx_caller = CurrentMemoryContext;
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    r2d_home_check();
    PushActiveSnapshot(GetTransactionSnapshot());
}

void r2d_tx_commit(void)
{
    PopActiveSnapshot();
    CommitTransactionCommand();
    pgstat_report_stat(false);
    MemoryContextSwitchTo(tx_caller);
}

void r2d_tx_commit_lazily(void)
{
    (void)set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_LOCAL, true, 0, false);
    r2d_tx_commit();
}

void r2d_arg(R2dArgs *args, Oid type, Datum value, bool is_null)
{
    Assert(args->count < R2D_ARGS_MAX);
    args->types[args->count] = type;
    args->values[args->count] = value;
    args->nulls[args->count] = is_null ? 'n' : ' ';
    args->count++;
}

void r2d_arg_int8(R2dArgs *args, int64 value)
{
    r2d_arg(args, INT8OID, Int64GetDatum(value), false);
}

void r2d_arg_int4(R2dArgs *args, int value)
{
    r2d_arg(args, INT4OID, Int32GetDatum(value), false);
}

void r2d_arg_float8(R2dArgs *args, double value)
{
    r2d_arg(args, FLOAT8OID, Float8GetDatum(value), false);
}

void r2d_arg_bool(R2dArgs *args, bool value)
{
    r2d_arg(args, BOOLOID, BoolGetDatum(value), false);
}

void r2d_arg_text(R2dArgs *args, const char *value)
{
    r2d_arg(args, TEXTOID, value ? CStringGetTextDatum(value) : (Datum)0, value == NULL);
}

void r2d_arg_bytea(R2dArgs *args, R2dView value)
{
    r2d_arg(args, BYTEAOID, PointerGetDatum(cstring_to_text_with_len(value.data, (int)value.len)),
            value.data == NULL);
}

/* A schema of our name that somebody else made must not have his triggers run by a worker. */
static bool is_of_extension(Oid table)
{
    static Oid known = InvalidOid;
    Oid extension;

    if (!OidIsValid(table) || table == known)
        return OidIsValid(table);
    extension = get_extension_oid("rs2ddb", true);
    if (!OidIsValid(extension) || getExtensionOfObject(RelationRelationId, table) != extension)
        return false;
    known = table;
    return true;
}

static Oid tables_owner(void)
{
    Oid schema = get_namespace_oid("rs2ddb", true);
    Oid table = OidIsValid(schema) ? get_relname_relid("job", schema) : InvalidOid;
    HeapTuple tuple =
        is_of_extension(table) ? SearchSysCache1(RELOID, ObjectIdGetDatum(table)) : NULL;
    Oid owner;

    if (!HeapTupleIsValid(tuple))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the tables of rs2ddb are missing"),
                 errhint("Run CREATE EXTENSION rs2ddb in this database.")));
    owner = ((Form_pg_class)GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

R2dSpi r2d_spi_enter(bool as_owner)
{
    R2dSpi spi = {.caller = CurrentMemoryContext};

    GetUserIdAndSecContext(&spi.user, &spi.security);
    if (as_owner)
        SetUserIdAndSecContext(tables_owner(), spi.security | SECURITY_LOCAL_USERID_CHANGE);
    spi.guc_level = NewGUCNestLevel();
    (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_SAVE, true, 0, false);
    (void)set_config_option("row_security", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                            0, false);
    SPI_connect();
    return spi;
}

void r2d_spi_leave(R2dSpi *spi)
{
    SPI_finish();
    AtEOXact_GUC(true, spi->guc_level);
    SetUserIdAndSecContext(spi->user, spi->security);
    MemoryContextSwitchTo(spi->caller);
}

/* Statements are literals: their address tells them apart, and a process runs the same few
 * thousands of times. The plan cache looks after changed tables, roles and settings. */
static SPIPlanPtr saved_plan(const char *sql, R2dArgs *args)
{
    static struct {
        const char *sql;
        SPIPlanPtr plan;
    } saved[64];
    static int count = 0;
    SPIPlanPtr plan;

    for (int i = 0; i < count; i++)
        if (saved[i].sql == sql)
            return saved[i].plan;
    plan = SPI_prepare(sql, args->count, args->types);
    if (plan != NULL && count < lengthof(saved) && SPI_keepplan(plan) == 0) {
        saved[count].sql = sql;
        saved[count++].plan = plan;
    }
    return plan;
}

static uint64 checked(int result, const char *sql)
{
    if (result < 0)
        elog(ERROR, "SPI failed with %s: %s", SPI_result_code_string(result), sql);
    return SPI_processed;
}

uint64 r2d_spi_run(const char *sql, R2dArgs *args)
{
    SPIPlanPtr plan = saved_plan(sql, args);
    return checked(plan != NULL ? SPI_execute_plan(plan, args->values, args->nulls, false, 0)
                                : SPI_ERROR_ARGUMENT,
                   sql);
}

uint64 r2d_spi_run_latest(const char *sql, R2dArgs *args)
{
    SPIPlanPtr plan = saved_plan(sql, args);
    return checked(plan != NULL
                       ? SPI_execute_snapshot(plan, args->values, args->nulls, GetLatestSnapshot(),
                                              InvalidSnapshot, true, false, 0)
                       : SPI_ERROR_ARGUMENT,
                   sql);
}

Datum r2d_spi_datum(int column, bool *is_null)
{
    return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, is_null);
}

char *r2d_spi_text(R2dSpi *spi, int column)
{
    char *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);
    return value ? MemoryContextStrdup(spi->caller, value) : NULL;
}

int64 r2d_spi_id(uint64 row)
{
    bool is_null;
    return DatumGetInt64(
        SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &is_null));
}

int64 r2d_spi_int8(int column, int64 if_null)
{
    bool is_null;
    Datum value = r2d_spi_datum(column, &is_null);
    return is_null ? if_null : DatumGetInt64(value);
}

int r2d_spi_int4(int column, int if_null)
{
    bool is_null;
    Datum value = r2d_spi_datum(column, &is_null);
    return is_null ? if_null : DatumGetInt32(value);
}

double r2d_spi_float8(int column, double if_null)
{
    bool is_null;
    Datum value = r2d_spi_datum(column, &is_null);
    return is_null ? if_null : DatumGetFloat8(value);
}

bool r2d_spi_bool(int column)
{
    bool is_null;
    Datum value = r2d_spi_datum(column, &is_null);
    return !is_null && DatumGetBool(value);
}

Oid r2d_spi_oid(int column)
{
    bool is_null;
    Datum value = r2d_spi_datum(column, &is_null);
    return is_null ? InvalidOid : DatumGetObjectId(value);
}
