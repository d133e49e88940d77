/* redshift.c - a session with the warehouse: settings, what a query returns. */
#include "redshift_session.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "../core/unload/query.h"

#define DEFAULT_CONNECT_TIMEOUT_S 15

static void set_to(R2dRedshift *redshift, const char *name, const char *value, bool must_work)
{
    R2dBytes sql;
    r2d_bytes_init(&sql, r2d_alloc_in(redshift->context));
    if (!r2d_bytes_appendf(&sql, "SET %s TO ", name) ||
        !r2d_query_literal(&sql, r2d_view_of(value)) || r2d_bytes_text(&sql) == NULL)
        r2d_throw_memory();
    r2d_redshift_run(redshift, sql.data, must_work);
    r2d_bytes_free(&sql);
}

/* Each name is quoted anew: the option must not be able to carry a statement. */
static void set_search_path(R2dRedshift *redshift, const char *path)
{
    R2dBytes sql;
    List *names;
    ListCell *cell;
    bool ok;

    if (!SplitIdentifierString(pstrdup(path), ',', &names) || names == NIL)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("invalid value for option \"search_path\": \"%s\"", path),
                        errhint("Use schema names with commas between them.")));
    r2d_bytes_init(&sql, r2d_alloc_in(redshift->context));
    ok = r2d_bytes_append_text(&sql, "SET search_path TO ");
    foreach (cell, names)
        ok = ok && (cell == list_head(names) || r2d_bytes_append_text(&sql, ", ")) &&
             r2d_query_identifier(&sql, r2d_view_of(lfirst(cell)));
    if (!ok || r2d_bytes_text(&sql) == NULL)
        r2d_throw_memory();
    r2d_redshift_run(redshift, sql.data, true);
    r2d_bytes_free(&sql);
}

/* What the projection relies on (facts: redshift 4.6). The user's search path stays his own
 * unless the server says otherwise. */
static void pin_settings(R2dRedshift *redshift, const R2dOptions *options)
{
    set_to(redshift, "datestyle", "ISO, MDY", true);
    set_to(redshift, "timezone", "UTC", true);
    set_to(redshift, "intervalstyle", "postgres", true);
    set_to(redshift, "extra_float_digits", "2", true);
    set_to(redshift, "enable_case_sensitive_identifier",
           options->case_sensitive ? options->case_sensitive : "on", true);
    set_to(redshift, "describe_field_name_in_uppercase", "off", false);
    if (options->query_group != NULL)
        set_to(redshift, "query_group", options->query_group, true);
    if (options->search_path != NULL)
        set_search_path(redshift, options->search_path);
}

R2dRedshift *r2d_redshift_open(MemoryContext context, const R2dOptions *options)
{
    int timeout_s =
        options->connect_timeout ? atoi(options->connect_timeout) : DEFAULT_CONNECT_TIMEOUT_S;
    R2dRedshift *redshift = r2d_redshift_connect(context, options, timeout_s);

    PG_TRY();
    {
        pin_settings(redshift, options);
    }
    PG_CATCH();
    {
        r2d_redshift_close(redshift);
        PG_RE_THROW();
    }
    PG_END_TRY();
    return redshift;
}

bool r2d_redshift_lost(const R2dRedshift *redshift)
{
    return PQstatus(redshift->conn) != CONNECTION_OK;
}

bool r2d_redshift_idle(const R2dRedshift *redshift)
{
    return PQtransactionStatus(redshift->conn) == PQTRANS_IDLE;
}

bool r2d_redshift_refused(const R2dRedshift *redshift)
{
    return redshift->refused;
}

int r2d_redshift_pid(const R2dRedshift *redshift)
{
    return PQbackendPID(redshift->conn);
}

int r2d_redshift_describe(R2dRedshift *redshift, R2dView query, R2dRemoteColumn **columns)
{
    char *sql = pnstrdup(query.data, query.len);
    PGresult *result =
        r2d_redshift_await(redshift, PQsendPrepare(redshift->conn, "", sql, 0, NULL));
    int count;

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        r2d_redshift_throw(redshift, result);
    PQclear(result);
    result = r2d_redshift_await(redshift, PQsendDescribePrepared(redshift->conn, ""));
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        r2d_redshift_throw(redshift, result);
    if (PQnparams(result) > 0) {
        PQclear(result);
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_PARAMETER), errmsg("the query must not have parameters"),
                 errhint("Write the values into the query in place of $1, $2, ...")));
    }
    count = PQnfields(result);
    *columns = MemoryContextAllocZero(redshift->context, sizeof(R2dRemoteColumn) * (count + 1));
    for (int i = 0; i < count; i++) {
        char *name = MemoryContextStrdup(redshift->context, PQfname(result, i));
        (*columns)[i] = (R2dRemoteColumn){
            .name = r2d_view_of(name), .type_oid = PQftype(result, i), .typmod = PQfmod(result, i)};
    }
    PQclear(result);
    return count;
}
