/* redshift_connect.c - connecting to the warehouse, in time and only where it may. */
#include "redshift_session.h"

#include <sys/socket.h>

#include "storage/fd.h"
#include "utils/timestamp.h"

#include "../core/base/address.h"
#include "resolve.h"
#include "wait.h"

#define DEFAULT_PORT    "5439"
#define DEFAULT_SSLMODE "require"

/* A path that cannot be: libpq then has neither certificate nor key nor passwords of its own. */
#define NO_FILE "/dev/null/none"

static void close_conn(void *arg)
{
    R2dRedshift *redshift = arg;
    PQclear(redshift->result);
    redshift->result = NULL;
    if (redshift->conn == NULL)
        return;
    ReleaseExternalFD();
    PQfinish(redshift->conn);
    redshift->conn = NULL;
}

void r2d_redshift_close(R2dRedshift *redshift)
{
    close_conn(redshift);
}

/* why: in the encoding of this database. Closes the session, if there is one: who tries again for
 * minutes must not gather dead ones. */
pg_noreturn static void throw_connection(R2dRedshift *redshift, const R2dOptions *options,
                                         const char *why)
{
    if (redshift != NULL)
        r2d_redshift_close(redshift);
    r2d_error_mark_clear();
    ereport(ERROR,
            (errcode(ERRCODE_CONNECTION_FAILURE),
             errmsg("could not connect to warehouse at %s:%s", options->host,
                    options->port ? options->port : DEFAULT_PORT),
             errdetail("%s", why),
             strstr(why, "authentication")
                 ? errhint("Check user and password in the user mapping (ALTER USER MAPPING).")
                 : errhint("Check host, port, dbname and sslmode of the server, and that the "
                           "warehouse's network lets this host in.")));
}

/* Known once the socket is connected, and before anything is sent. */
static bool is_metadata_service(PGconn *conn)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;

    return getpeername(PQsocket(conn), (struct sockaddr *)&peer, &len) == 0 &&
           r2d_address_socket_is_metadata((struct sockaddr *)&peer);
}

/* libpq ignores connect_timeout when it is polled, so the deadline is ours. */
static bool poll_connection(R2dRedshift *redshift, const R2dOptions *options, int timeout_s)
{
    PGconn *conn = redshift->conn;
    TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_s * 1000L);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        if (!r2d_wait_socket(PQsocket(conn),
                             status == PGRES_POLLING_READING ? WL_SOCKET_READABLE
                                                             : WL_SOCKET_WRITEABLE,
                             deadline))
            return false;
        if (is_metadata_service(conn))
            throw_connection(redshift, options, "the host name leads to a link-local address");
        status = PQconnectPoll(conn);
    }
    return true;
}

static PGconn *start_connection(const R2dOptions *options, const R2dAddresses *addresses)
{
    const char *keywords[] = {"host",
                              "hostaddr",
                              "port",
                              "dbname",
                              "user",
                              "password",
                              "sslmode",
                              "sslrootcert",
                              "client_encoding",
                              "application_name",
                              "gssencmode",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "passfile",
                              "sslcert",
                              "sslkey",
                              NULL};
    const char *own_files = options->own_password_only ? NO_FILE : NULL;
    const char *values[] = {addresses->count > 0 ? addresses->hosts : options->host,
                            addresses->list,
                            options->port ? options->port : DEFAULT_PORT,
                            options->dbname,
                            options->user,
                            options->password,
                            options->sslmode ? options->sslmode : DEFAULT_SSLMODE,
                            options->sslrootcert,
                            "UTF8",
                            "rs2ddb",
                            "disable",
                            "60",
                            "30",
                            "5",
                            own_files,
                            own_files,
                            own_files,
                            NULL};
    if (!AcquireExternalFD()) /* a connection counts as one of the descriptors the server may open
                               */
        ereport(ERROR, (errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
                        errmsg("could not connect to warehouse \"%s\"", options->server),
                        errdetail("There are too many open files on the local server."),
                        errhint("Raise max_files_per_process, or the limit of open files of the "
                                "operating system.")));
    return PQconnectStartParams(keywords, values, false);
}

R2dRedshift *r2d_redshift_begin(MemoryContext context, const R2dOptions *options,
                                const R2dAddresses *addresses)
{
    R2dRedshift *redshift = MemoryContextAllocZero(context, sizeof *redshift);

    redshift->context = context;
    redshift->unloaded_rows = -1;
    r2d_on_reset(context, close_conn, redshift);
    redshift->conn = start_connection(options, addresses);
    if (redshift->conn == NULL) {
        ReleaseExternalFD();
        r2d_throw_memory();
    }
    /* From the start: libpq writes notices of the login to our log. */
    PQsetNoticeReceiver(redshift->conn, r2d_redshift_notice, redshift);
    return redshift;
}

void r2d_redshift_accept(R2dRedshift *redshift, const R2dOptions *options)
{
    if (options->own_password_only && !PQconnectionUsedPassword(redshift->conn))
        ereport(ERROR, (errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
                        errmsg("the warehouse did not ask for a password"),
                        errdetail("Only superusers may use a connection that is not "
                                  "authenticated by the password of the user mapping.")));
    PQsetnonblocking(redshift->conn, 1); /* a long statement must not wait in libpq */
}

R2dAddresses r2d_redshift_address(const R2dRedshift *redshift)
{
    return (R2dAddresses){.count = 1,
                          .hosts = MemoryContextStrdup(redshift->context, PQhost(redshift->conn)),
                          .list =
                              MemoryContextStrdup(redshift->context, PQhostaddr(redshift->conn))};
}

R2dRedshift *r2d_redshift_connect(MemoryContext context, const R2dOptions *options, int timeout_s)
{
    R2dAddresses addresses = r2d_resolve(options->host, timeout_s);
    R2dRedshift *redshift;

    if (addresses.problem != NULL)
        throw_connection(NULL, options, addresses.problem);
    redshift = r2d_redshift_begin(context, options, &addresses);
    if (PQstatus(redshift->conn) != CONNECTION_BAD &&
        !poll_connection(redshift, options, timeout_s))
        throw_connection(redshift, options, psprintf("no answer within %d s", timeout_s));
    if (PQstatus(redshift->conn) != CONNECTION_OK)
        throw_connection(redshift, options, r2d_redshift_problem(redshift));
    r2d_redshift_accept(redshift, options);
    return redshift;
}
