/* aws_session.c - opening the AWS side of a worker from its options. */
#include "aws_session.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "../core/base/clock.h"
#include "../core/fetch/s3_object.h"
#include "../core/http/http_curl.h"
#include "catalog.h"

#define USER_AGENT "rs2ddb/1.0"
#define RETRY_MS   1000

static void close_session(void *arg)
{
    R2dAwsSession *session = arg;
    if (session->http != NULL)
        session->http->ops->close(session->http);
    r2d_aws_service_wipe(&session->s3);
    r2d_aws_service_wipe(&session->dynamodb);
    r2d_credentials_wipe(&session->credentials);
}

static void load_credentials(R2dCredentials *credentials, const R2dOptions *options)
{
    R2dError err;
    if (options->aws_access_key_id == NULL || options->aws_secret_access_key == NULL) {
        if (options->own_keys_only)
            ereport(ERROR,
                    (errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
                     errmsg("the AWS credentials of the server are not for the owner of this job"),
                     errhint("Put AWS keys into the user mapping, or have a superuser set the "
                             "server option server_credentials.")));
        r2d_check(r2d_credentials_from_server(credentials, &err), &err);
        return;
    }
    if (!r2d_credentials_set(
            credentials, r2d_view_of(options->aws_access_key_id),
            r2d_view_of(options->aws_secret_access_key),
            r2d_view_of(options->aws_session_token ? options->aws_session_token : "")))
        r2d_throw_memory();
}

/* The owner may have given new keys, or a file of the server has them. */
static bool read_credentials_again(R2dAwsSession *session)
{
    MemoryContext scratch =
        AllocSetContextCreate(session->context, "rs2ddb credentials", ALLOCSET_SMALL_SIZES);
    R2dCredentials fresh;
    R2dOptions *options;

    r2d_tx_begin();
    MemoryContextSwitchTo(scratch);
    options = r2d_options_load_by_oid(session->server_oid, session->server, session->role);
    r2d_tx_commit();
    MemoryContextSwitchTo(scratch);
    r2d_credentials_init(&fresh, session->alloc);
    load_credentials(&fresh, options);
    MemoryContextDelete(scratch);
    return r2d_credentials_renew(&session->credentials, &fresh);
}

/* Called by the core, which must not be jumped through. */
static bool renew(void *context)
{
    R2dAwsSession *session = context;
    MemoryContext caller = CurrentMemoryContext;
    volatile bool renewed = false;

    if (IsTransactionState())
        return false;
    PG_TRY();
    {
        renewed = read_credentials_again(session);
    }
    PG_CATCH();
    {
        r2d_error_to_log(caller);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(caller);
    if (renewed)
        ereport(LOG, (errmsg("rs2ddb: AWS credentials for warehouse \"%s\" were renewed",
                             session->server)));
    return renewed;
}

static void init_service(R2dAwsSession *session, R2dAwsService *service, const char *name,
                         const R2dOptions *options)
{
    r2d_aws_service_init(service, session->alloc, &r2d_clock_system, name, &session->credentials);
    service->renew = renew;
    service->renew_context = session;
    if (options->request_timeout != NULL)
        service->silence_timeout_ms = atoi(options->request_timeout) * 1000;
}

static void open_dynamodb(R2dAwsSession *session, const R2dOptions *options)
{
    const char *region = options->dynamodb_region ? options->dynamodb_region : options->region;
    R2dAwsService *service = &session->dynamodb;
    R2dError err;

    strlcpy(service->region, region, sizeof service->region);
    if (options->dynamodb_endpoint != NULL)
        r2d_check(r2d_endpoint_custom(&service->endpoint, options->dynamodb_endpoint, &err), &err);
    else
        r2d_check(r2d_endpoint_service(&service->endpoint, "dynamodb", region, &err), &err);
}

void r2d_aws_session_use_stage(R2dAwsSession *session, const R2dOptions *options, const char *stage)
{
    const char *region = options->stage_region ? options->stage_region : options->region;
    R2dAwsService *service = &session->s3;
    R2dView bucket, folder;
    R2dError err;

    r2d_check(r2d_s3_parse_uri(r2d_view_of(stage), &bucket, &folder, &err), &err);
    session->bucket = pnstrdup(bucket.data, bucket.len);
    session->folder = folder.len == 0 || folder.data[folder.len - 1] == '/'
                          ? pnstrdup(folder.data, folder.len)
                          : psprintf("%.*s/", (int)folder.len, folder.data);
    strlcpy(service->region, region, sizeof service->region);
    if (options->s3_endpoint != NULL) {
        r2d_check(r2d_endpoint_custom(&service->endpoint, options->s3_endpoint, &err), &err);
        service->path_style = true;
    } else {
        r2d_check(r2d_endpoint_s3(&service->endpoint, session->bucket, region, &service->path_style,
                                  &err),
                  &err);
    }
}

static bool may_pass(const R2dError *err)
{
    return err->action == R2D_ACT_RETRY || err->action == R2D_ACT_THROTTLE;
}

bool r2d_aws_session_describe_table(R2dAwsSession *session, const char *table_name, int patience_ms,
                                    R2dTable *table)
{
    TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), patience_ms);
    R2dError err;
    R2dStatus status = r2d_table_describe(&session->dynamodb, session->http, &session->wait,
                                          table_name, table, &err);

    while (status == R2D_FAILED && may_pass(&err) && GetCurrentTimestamp() < deadline) {
        r2d_sleep(RETRY_MS);
        status = r2d_table_describe(&session->dynamodb, session->http, &session->wait, table_name,
                                    table, &err);
    }
    if (status == R2D_END)
        return false;
    r2d_check(status, &err);
    return true;
}

R2dAwsSession *r2d_aws_session_open(MemoryContext context, const R2dOptions *options,
                                    int max_connections)
{
    MemoryContext old = MemoryContextSwitchTo(context);
    R2dAwsSession *session = palloc0(sizeof *session);
    R2dHttpCurlOptions http = {
        .max_connections = max_connections, .user_agent = USER_AGENT, .ca_file = options->ca_file};
    R2dError err;

    session->alloc = r2d_alloc_in(context);
    r2d_credentials_init(&session->credentials, session->alloc);
    session->context = context;
    session->server = pstrdup(options->server);
    session->server_oid = options->server_oid;
    session->role = options->role;
    init_service(session, &session->s3, "s3", options);
    init_service(session, &session->dynamodb, "dynamodb", options);
    r2d_on_reset(context, close_session, session);
    load_credentials(&session->credentials, options);
    r2d_aws_session_use_stage(session, options, options->stage);
    open_dynamodb(session, options);
    r2d_check(r2d_http_curl_global_init(&err), &err);
    session->http = r2d_http_curl_open(session->alloc, &http, &err);
    if (session->http == NULL)
        r2d_throw(&err);
    session->waiter = r2d_waiter_create(context, session->http->ops->wait_fd(session->http));
    session->wait = r2d_waiter_table(session->waiter);
    MemoryContextSwitchTo(old);
    return session;
}
