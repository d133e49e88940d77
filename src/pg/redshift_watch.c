/* redshift_watch.c - how many rows a running UNLOAD has written so far. */
#include "redshift_session.h"

#include <poll.h>

#include "access/xact.h"
#include "miscadmin.h"

#include "resolve.h"

#define LOOK_FIRST_MS    10000
#define LOOK_INTERVAL_MS 10000
#define LOOK_LAST_MS     600000 /* after looks that failed */
#define STEP_MS          100    /* while the warehouse has a look to answer */
#define PATIENCE_MS      15000

typedef enum Step {
    PAUSING,
    CONNECTING,
    ASKING,
} Step;

struct R2dRedshiftWatch {
    MemoryContext context; /* the watch lives in it, and its session does */
    const R2dOptions *options;
    const char *prefix;
    R2dAddresses address; /* where the watched session leads */
    R2dRedshiftTold told;
    void *told_arg;
    R2dRedshift *session; /* NULL: none */
    Step step;
    PostgresPollingStatusType polling; /* while connecting */
    TimestampTz next;
    TimestampTz deadline; /* of the look under way */
    int pause_ms;
    bool has_failed; /* one line in the log is enough */
};

static TimestampTz in_ms(int ms)
{
    return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
}

static void end_session(R2dRedshiftWatch *watch)
{
    if (watch->session != NULL)
        r2d_redshift_close(watch->session);
    watch->session = NULL;
}

static void pause_for(R2dRedshiftWatch *watch, int ms)
{
    watch->step = PAUSING;
    watch->pause_ms = ms;
    watch->next = in_ms(ms);
}

/* why: in the encoding of this database; the session may be of no use any more. */
static void look_failed(R2dRedshiftWatch *watch, const char *why)
{
    if (!watch->has_failed)
        ereport(LOG, (errmsg("rs2ddb: cannot tell how many rows the UNLOAD below %s has written "
                             "so far: %s",
                             watch->prefix, why)));
    watch->has_failed = true;
    end_session(watch);
    pause_for(watch, Min(watch->pause_ms * 2, LOOK_LAST_MS));
}

/* PQconnectPoll may be called only when the socket is ready for what it waits for. */
static bool is_ready(const R2dRedshiftWatch *watch)
{
    struct pollfd fd = {.fd = PQsocket(watch->session->conn),
                        .events = watch->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT};

    return poll(&fd, 1, 0) != 0;
}

static void ask(R2dRedshiftWatch *watch)
{
    char *sql = r2d_redshift_history_sql(watch->context, watch->prefix);

    if (!PQsendQuery(watch->session->conn, sql))
        look_failed(watch, r2d_redshift_problem(watch->session));
    else
        watch->step = ASKING;
    pfree(sql);
}

static void begin_look(R2dRedshiftWatch *watch)
{
    watch->deadline = in_ms(PATIENCE_MS);
    if (watch->session != NULL &&
        (!r2d_redshift_hear(watch->session) || !r2d_redshift_idle(watch->session)))
        end_session(watch);
    if (watch->session != NULL) {
        ask(watch);
        return;
    }
    watch->session = r2d_redshift_begin(watch->context, watch->options, &watch->address);
    watch->polling = PGRES_POLLING_WRITING;
    watch->step = CONNECTING;
    if (PQstatus(watch->session->conn) == CONNECTION_BAD)
        look_failed(watch, r2d_redshift_problem(watch->session));
}

static void go_on_connecting(R2dRedshiftWatch *watch)
{
    if (!is_ready(watch))
        return;
    watch->polling = PQconnectPoll(watch->session->conn);
    if (watch->polling == PGRES_POLLING_FAILED)
        look_failed(watch, r2d_redshift_problem(watch->session));
    else if (watch->polling == PGRES_POLLING_OK) {
        r2d_redshift_accept(watch->session, watch->options);
        ask(watch);
    }
}

/* The answer is the first result that comes. That nothing follows shows before the next look. */
static void go_on_asking(R2dRedshiftWatch *watch)
{
    PGconn *conn = watch->session->conn;
    R2dUnloadHistory history;
    PGresult *result;
    ExecStatusType status;

    if (!r2d_redshift_hear(watch->session)) {
        look_failed(watch, r2d_redshift_problem(watch->session));
        return;
    }
    if (PQisBusy(conn))
        return;
    result = PQgetResult(conn);
    status = PQresultStatus(result);
    history = r2d_redshift_read_history(result);
    PQclear(result);
    if (status != PGRES_TUPLES_OK) {
        look_failed(watch, status == PGRES_FATAL_ERROR ? r2d_redshift_problem(watch->session)
                                                       : "the answer is no result of a query");
        return;
    }
    pause_for(watch, LOOK_INTERVAL_MS);
    if (history.state == R2D_UNLOAD_RUNNING && history.rows >= 0)
        watch->told(watch->told_arg, history.rows);
}

static void go_on(R2dRedshiftWatch *watch)
{
    if (watch->step == PAUSING)
        begin_look(watch);
    else if (GetCurrentTimestamp() >= watch->deadline)
        look_failed(watch, "no answer within " CppAsString2(PATIENCE_MS) " ms");
    else if (watch->step == CONNECTING)
        go_on_connecting(watch);
    else
        go_on_asking(watch);
}

/* An error in here is none of the UNLOAD's. A cancel is not lost: the wait throws it. */
static void end_error(R2dRedshiftWatch *watch)
{
    ErrorData *error;

    MemoryContextSwitchTo(watch->context);
    error = CopyErrorData();
    FlushErrorState();
    r2d_error_mark_clear();
    AbortCurrentTransaction();
    MemoryContextSwitchTo(watch->context);
    if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
        InterruptPending = QueryCancelPending = true;
    look_failed(watch, error->message);
    FreeErrorData(error);
}

void r2d_redshift_watch_step(R2dRedshiftWatch *watch)
{
    MemoryContext caller = MemoryContextSwitchTo(watch->context);

    watch->next = in_ms(STEP_MS);
    PG_TRY();
    {
        go_on(watch);
    }
    PG_CATCH();
    {
        end_error(watch);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(caller);
}

TimestampTz r2d_redshift_watch_next(const R2dRedshiftWatch *watch)
{
    return watch->next;
}

void r2d_redshift_watch_begin(R2dRedshift *redshift, const R2dOptions *options, const char *prefix,
                              R2dRedshiftTold told, void *arg)
{
    MemoryContext context =
        AllocSetContextCreate(redshift->context, "rs2ddb watch", ALLOCSET_SMALL_SIZES);
    R2dRedshiftWatch *watch = MemoryContextAllocZero(context, sizeof *watch);

    watch->context = context;
    watch->options = options;
    watch->prefix = MemoryContextStrdup(context, prefix);
    watch->address = r2d_redshift_address(redshift);
    watch->told = told;
    watch->told_arg = arg;
    pause_for(watch, LOOK_FIRST_MS);
    redshift->watch = watch;
}

void r2d_redshift_watch_end(R2dRedshift *redshift)
{
    R2dRedshiftWatch *watch = redshift->watch;

    redshift->watch = NULL;
    if (watch != NULL)
        MemoryContextDelete(watch->context);
}
