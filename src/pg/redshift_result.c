/* redshift_result.c - sending a statement, waiting for its last result, throwing what it says. */
#include "redshift_session.h"

#include "storage/latch.h"

#include "../core/unload/refusal.h"
#include "wait.h"

static char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text && text[0] ? r2d_from_utf8_or_null(r2d_view_of(text)) : NULL;
}

char *r2d_redshift_problem(const R2dRedshift *redshift)
{
    char *text = pchomp(PQerrorMessage(redshift->conn));
    char *shown = r2d_from_utf8_or_null(r2d_view_of(text));

    if (shown != NULL)
        return shown;
    for (char *c = text; *c != '\0'; c++)
        if (IS_HIGHBIT_SET(*c))
            *c = '?';
    return text;
}

void r2d_redshift_throw(R2dRedshift *redshift, PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    bool told = state && strlen(state) == 5;
    int sqlstate = told ? MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])
                        : ERRCODE_CONNECTION_FAILURE;
    char *message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    char *detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    char *hint = field(result, PG_DIAG_MESSAGE_HINT);
    int at = position ? atoi(position) : 0;
    R2dError aws = {0};

    if (message == NULL && !told)
        message = r2d_redshift_problem(redshift);
    if (message == NULL)
        message = "the warehouse's message cannot be shown in the encoding of this database";
    PQclear(result);
    redshift->refused = true;
    r2d_refusal_read(r2d_view_of(message), &aws);
    r2d_error_mark_set(&aws);
    if (hint == NULL && aws.hint[0] != '\0')
        hint = pstrdup(aws.hint);
    ereport(ERROR, (errcode(sqlstate), errmsg("%s", message), detail ? errdetail("%s", detail) : 0,
                    hint ? errhint("%s", hint) : 0, at > 0 ? errposition(at) : 0));
}

/* What nobody asked for must not pile up: PQnotifies parses the input, which gives notices to their
 * receiver, and takes notifications. */
bool r2d_redshift_hear(R2dRedshift *redshift)
{
    PGnotify *notification;

    if (!PQconsumeInput(redshift->conn))
        return false;
    while ((notification = PQnotifies(redshift->conn)) != NULL)
        PQfreemem(notification);
    return true;
}

/* Sends what could not be sent at once (both sides would wait for each other if only that were
 * waited for) and reads what comes. False when the connection is lost. */
static bool exchange(R2dRedshift *redshift)
{
    R2dRedshiftWatch *watch = redshift->watch;
    int left = PQflush(redshift->conn);

    if (left < 0)
        return false;
    if (!r2d_wait_socket(PQsocket(redshift->conn),
                         WL_SOCKET_READABLE | (left > 0 ? WL_SOCKET_WRITEABLE : 0),
                         watch != NULL ? r2d_redshift_watch_next(watch) : 0)) {
        r2d_redshift_watch_step(watch);
        return true;
    }
    return r2d_redshift_hear(redshift);
}

/* Neither side could send a statement now, and libpq would give this result for ever. */
pg_noreturn static void refuse_copy(R2dRedshift *redshift)
{
    r2d_redshift_close(redshift);
    ereport(ERROR,
            (errcode(ERRCODE_PROTOCOL_VIOLATION),
             errmsg("the warehouse answered a statement with COPY"),
             errdetail("No statement of a job copies; the connection was closed."),
             errhint("Check host and port of the server: Redshift does not answer like this.")));
}

/* libpq has failed without losing the connection (memory is out): its next call might block. */
pg_noreturn static void give_up(R2dRedshift *redshift)
{
    char *why = r2d_redshift_problem(redshift);

    r2d_redshift_close(redshift);
    ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE),
                    errmsg("could not read from the warehouse"), errdetail("%s", why)));
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Keeps the later of two results, unless it only says that the connection is lost, and the earlier
 * one why. */
static void keep(R2dRedshift *redshift, PGresult *result)
{
    bool newer = redshift->result == NULL || PQstatus(redshift->conn) == CONNECTION_OK ||
                 PQresultErrorField(redshift->result, PG_DIAG_SQLSTATE) == NULL;

    PQclear(newer ? redshift->result : result);
    if (newer)
        redshift->result = result;
}

/* The last result of what was sent; NULL or an error's result when the connection is lost. */
static PGresult *last_result(R2dRedshift *redshift)
{
    PGconn *conn = redshift->conn;
    PGresult *result = NULL;

    PQclear(redshift->result);
    redshift->result = NULL;
    do {
        while (PQisBusy(conn) && exchange(redshift))
            ;
        if (PQisBusy(conn) && PQstatus(conn) == CONNECTION_OK)
            give_up(redshift);
        result = PQgetResult(conn);
        if (result == NULL)
            break;
        keep(redshift, result);
        if (is_copy(redshift->result))
            refuse_copy(redshift);
    } while (PQstatus(conn) == CONNECTION_OK);
    result = redshift->result;
    redshift->result = NULL;
    return result;
}

PGresult *r2d_redshift_await(R2dRedshift *redshift, int sent)
{
    if (!sent)
        ereport(ERROR,
                (errcode(ERRCODE_CONNECTION_FAILURE), errmsg("could not send to the warehouse"),
                 errdetail("%s", r2d_redshift_problem(redshift))));
    return last_result(redshift);
}

PGresult *r2d_redshift_exec(R2dRedshift *redshift, const char *sql)
{
    return r2d_redshift_await(redshift, PQsendQuery(redshift->conn, sql));
}

void r2d_redshift_run(R2dRedshift *redshift, const char *sql, bool must_work)
{
    PGresult *result = r2d_redshift_exec(redshift, sql);
    ExecStatusType status = PQresultStatus(result);

    if (must_work && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        r2d_redshift_throw(redshift, result);
    PQclear(result);
}
