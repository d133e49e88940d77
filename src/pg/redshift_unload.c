/* redshift_unload.c - running an UNLOAD, and what the warehouse's history says of one. */
#include "redshift_session.h"

#include "utils/timestamp.h"

#include "../core/unload/query.h"
#include "wait.h"

#define STOP_LOOK_MS 200

/* "UNLOAD completed, 123 record(s) unloaded successfully." (facts: redshift 3.2) */
void r2d_redshift_notice(void *arg, const PGresult *result)
{
    R2dRedshift *redshift = arg;
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    long long rows;
    if (text != NULL && sscanf(text, "UNLOAD completed, %lld record", &rows) == 1)
        redshift->unloaded_rows = rows;
}

static int64 last_unload_count(R2dRedshift *redshift)
{
    PGresult *result = r2d_redshift_exec(redshift, "SELECT pg_last_unload_count()");
    int64 rows = -1;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
        !PQgetisnull(result, 0, 0))
        rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return rows;
}

/* Zstandard with JSON is allowed by omission only (facts: redshift 1.2): a refusal names it. */
static bool refuses_compression(const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return text != NULL && state != NULL && strncmp(state, "57", 2) != 0 &&
           (strcasestr(text, "zstd") != NULL || strcasestr(text, "compress") != NULL);
}

R2dUnloadResult r2d_redshift_unload(R2dRedshift *redshift, const char *command, int64 *rows)
{
    PGresult *result;

    redshift->unloaded_rows = -1;
    redshift->refused = false;
    /* The extended protocol takes one statement only: a second net below the quoting. */
    result = r2d_redshift_await(
        redshift, PQsendQueryParams(redshift->conn, command, 0, NULL, NULL, NULL, NULL, 0));
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        if (!refuses_compression(result))
            r2d_redshift_throw(redshift, result);
        PQclear(result);
        return R2D_UNLOAD_NO_COMPRESSION;
    }
    PQclear(result);
    *rows = redshift->unloaded_rows >= 0 ? redshift->unloaded_rows : last_unload_count(redshift);
    return R2D_UNLOAD_DONE;
}

static R2dUnloadState state_of(const char *status)
{
    static const struct {
        const char *status;
        R2dUnloadState state;
    } states[] = {{"running", R2D_UNLOAD_RUNNING},
                  {"completed", R2D_UNLOAD_COMPLETED},
                  {"aborted", R2D_UNLOAD_ABORTED}};
    for (int i = 0; i < lengthof(states); i++)
        if (strncmp(status, states[i].status, strlen(states[i].status)) == 0)
            return states[i].state;
    return R2D_UNLOAD_UNKNOWN;
}

char *r2d_redshift_history_sql(MemoryContext context, const char *prefix)
{
    R2dBytes sql;
    char *copy;

    r2d_bytes_init(&sql, r2d_alloc_in(context));
    if (!r2d_bytes_append_text(&sql, "SELECT status, session_id, unloaded_rows FROM "
                                     "sys_unload_history WHERE STRPOS(unloaded_location, ") ||
        !r2d_query_literal(&sql, r2d_view_of(prefix)) ||
        !r2d_bytes_append_text(&sql, ") > 0 ORDER BY start_time DESC LIMIT 1") ||
        r2d_bytes_text(&sql) == NULL)
        r2d_throw_memory();
    copy = MemoryContextStrdup(context, sql.data);
    r2d_bytes_free(&sql);
    return copy;
}

R2dUnloadHistory r2d_redshift_read_history(const PGresult *result)
{
    R2dUnloadHistory history = {.state = R2D_UNLOAD_UNKNOWN, .rows = -1};

    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0 &&
        PQnfields(result) == 3) {
        history.state = state_of(PQgetvalue(result, 0, 0));
        history.pid = atoi(PQgetvalue(result, 0, 1));
        if (!PQgetisnull(result, 0, 2))
            history.rows = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
    }
    return history;
}

R2dUnloadHistory r2d_redshift_history(R2dRedshift *redshift, const char *prefix)
{
    char *sql = r2d_redshift_history_sql(redshift->context, prefix);
    PGresult *result = r2d_redshift_exec(redshift, sql);
    R2dUnloadHistory history = r2d_redshift_read_history(result);

    PQclear(result);
    pfree(sql);
    return history;
}

bool r2d_redshift_stop_unload(R2dRedshift *redshift, const char *prefix, int pid, int wait_ms)
{
    TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms);
    R2dUnloadHistory history = r2d_redshift_history(redshift, prefix);

    if (pid == 0 && history.state == R2D_UNLOAD_RUNNING)
        pid = history.pid;
    if (pid != 0)
        r2d_redshift_run(redshift, psprintf("SELECT pg_cancel_backend(%d)", pid), false);
    while (history.state == R2D_UNLOAD_RUNNING && GetCurrentTimestamp() < deadline) {
        r2d_sleep(STOP_LOOK_MS);
        history = r2d_redshift_history(redshift, prefix);
    }
    return history.state != R2D_UNLOAD_RUNNING;
}
