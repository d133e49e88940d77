/*
 * redshift_session.h - what redshift*.c share: a session over libpq and statements in it. The only
 * way to libpq.
 */
#ifndef R2D_PG_REDSHIFT_SESSION_H
#define R2D_PG_REDSHIFT_SESSION_H

#include "redshift.h"

#include "libpq-fe.h"
#include "utils/timestamp.h"

#include "resolve.h"

typedef struct R2dRedshiftWatch R2dRedshiftWatch;

struct R2dRedshift {
    MemoryContext context;
    PGconn *conn;
    PGresult *result;        /* while more may follow */
    int64 unloaded_rows;     /* from the INFO message; -1: not seen */
    bool refused;            /* the last UNLOAD failed by the word of the warehouse */
    R2dRedshiftWatch *watch; /* while it runs; NULL: none */
};

/* redshift_connect.c: a session that is closed with the context; nothing was sent yet. Throws. */
extern R2dRedshift *r2d_redshift_connect(MemoryContext context, const R2dOptions *options,
                                         int timeout_s);

/* The same in steps, for who must not wait: begun (then PQconnectPoll goes on with it), and, once
 * it is connected, accepted. Where a session leads to is an address to begin with. Both throw. */
extern R2dRedshift *r2d_redshift_begin(MemoryContext context, const R2dOptions *options,
                                       const R2dAddresses *addresses);
extern void r2d_redshift_accept(R2dRedshift *redshift, const R2dOptions *options);
extern R2dAddresses r2d_redshift_address(const R2dRedshift *redshift);

/* redshift_unload.c: the notice receiver, which hears how many rows an UNLOAD wrote. */
extern void r2d_redshift_notice(void *arg, const PGresult *result);

/*
 * The last result of what a PQsend... function has sent (its answer is `sent`), for the caller to
 * clear. Throws when it could not be sent, or is answered with COPY: the session is closed then. A
 * connection that is lost meanwhile gives NULL or the result of an error. Whatever comes, and
 * however much of it, interrupts are checked at each wait, and what nobody asked for is not kept.
 */
extern PGresult *r2d_redshift_await(R2dRedshift *redshift, int sent);

/* Reads what has come, without waiting: false when the connection is lost, or memory is out. */
extern bool r2d_redshift_hear(R2dRedshift *redshift);

/* r2d_redshift_await for one statement; and for one whose result nobody needs, which throws only if
 * it must_work. */
extern PGresult *r2d_redshift_exec(R2dRedshift *redshift, const char *sql);
extern void r2d_redshift_run(R2dRedshift *redshift, const char *sql, bool must_work);

/* What libpq says of the connection, which may be the warehouse's own text: in the encoding of this
 * database, with '?' for each byte of a text that has no place in it. palloc'd. */
extern char *r2d_redshift_problem(const R2dRedshift *redshift);

/* Throws what the warehouse said, in its own words and with its own SQLSTATE; what it says of AWS
 * becomes the error's mark. Clears the result. */
pg_noreturn extern void r2d_redshift_throw(R2dRedshift *redshift, PGresult *result);

/* redshift_unload.c: the question of r2d_redshift_history, palloc'd in the context, and its answer.
 */
extern char *r2d_redshift_history_sql(MemoryContext context, const char *prefix);
extern R2dUnloadHistory r2d_redshift_read_history(const PGresult *result);

/* redshift_watch.c: the wait of a statement takes a step whenever it is time. Never throws. */
extern TimestampTz r2d_redshift_watch_next(const R2dRedshiftWatch *watch);
extern void r2d_redshift_watch_step(R2dRedshiftWatch *watch);

#endif
