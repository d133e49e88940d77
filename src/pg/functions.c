/* functions.c - the SQL entry points: export, cancel, resume, set_rate (wait_job.c: wait). */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "../core/send/table.h"
#include "catalog.h"
#include "functions.h"
#include "job_log.h"
#include "options.h"
#include "owner.h"
#include "pool.h"
#include "wishes.h"

void r2d_help_waiting_jobs(void)
{
    int64 waiting;

    if (RecoveryInProgress())
        return;
    waiting = r2d_pool_slots_free() > 0 ? r2d_catalog_oldest_waiting() : 0;
    if (waiting > 0)
        (void)r2d_pool_start_leader(waiting);
}

static char *text_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
    if (PG_ARGISNULL(n))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
    return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static int positive_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
    int value;

    if (PG_ARGISNULL(n))
        return 0;
    value = PG_GETARG_INT32(n);
    if (value < 1)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be at least 1", name)));
    return value;
}

static void check_key(Datum key)
{
    ArrayType *names = DatumGetArrayTypeP(key);
    int count = ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names));

    if (ARR_NDIM(names) > 1 || count < 1 || count > 2 || array_contains_nulls(names))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("key must be one or two names"),
                 errhint("Write '{partition_key}' or '{partition_key,sort_key}', or leave "
                         "key out to use the table's own.")));
}

static void check_request(const R2dJobRequest *request)
{
    if (!request->key_is_null)
        check_key(request->key);
    if (!r2d_table_name_valid(r2d_view_of(request->table_name)))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_NAME),
                 errmsg("\"%s\" is no name of a DynamoDB table", request->table_name),
                 errhint("3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table.")));
    if (r2d_write_mode_from_name(r2d_view_of(request->mode)) == R2D_WRITE_UNKNOWN)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("mode must be 'put' or 'delete', not '%s'", request->mode)));
    if (request->max_rejects < 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("max_rejects must not be negative")));
}

PG_FUNCTION_INFO_V1(rs2ddb_export);
PGDLLEXPORT Datum rs2ddb_export(PG_FUNCTION_ARGS)
{
    R2dJobRequest request = {.owner = GetUserId(),
                             .query = text_arg(fcinfo, 0, "query"),
                             .table_name = text_arg(fcinfo, 1, "table_name"),
                             .server = PG_ARGISNULL(2) ? NULL : NameStr(*PG_GETARG_NAME(2)),
                             .key = PG_ARGISNULL(3) ? (Datum)0 : PG_GETARG_DATUM(3),
                             .key_is_null = PG_ARGISNULL(3),
                             .mode = text_arg(fcinfo, 4, "mode"),
                             .attributes = PG_ARGISNULL(5) ? (Datum)0 : PG_GETARG_DATUM(5),
                             .attributes_is_null = PG_ARGISNULL(5),
                             .workers = positive_arg(fcinfo, 6, "workers"),
                             .max_wcu = positive_arg(fcinfo, 7, "max_wcu"),
                             .max_rejects = PG_ARGISNULL(8) ? 0 : PG_GETARG_INT64(8),
                             .keep_files = !PG_ARGISNULL(9) && PG_GETARG_BOOL(9)};
    int64 job_id;

    check_request(&request);
    if (request.server == NULL)
        request.server = r2d_options_only_server(GetUserId());
    /* Missing secrets and options are told now, to the user, not later, to a table. */
    (void)r2d_options_load(request.server, GetUserId());
    r2d_help_waiting_jobs(); /* before this job is one of them: nobody else can see it yet */
    job_id = r2d_catalog_job_insert(&request);
    if (r2d_pool_slots_free() == 0)
        ereport(
            WARNING,
            (errmsg("all workers of rs2ddb are busy: job " INT64_FORMAT " waits for one", job_id),
             errhint("%s To run more at once, raise rs2ddb.max_workers.", r2d_queued_hint())));
    r2d_wish(R2D_WISH_LEADER, job_id, 0);
    PG_RETURN_INT64(job_id);
}

void r2d_no_such_job(int64 job_id)
{
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no job " INT64_FORMAT, job_id),
             errhint("TABLE rs2ddb.progress shows the jobs that you may see.")));
}

/* The job, if the current user may control it: his own, or he is a superuser. */
static R2dJob *own_job(int64 job_id)
{
    R2dJob *job = r2d_catalog_job(job_id);

    if (job == NULL || (!superuser() && job->owner_oid != GetUserId()))
        r2d_no_such_job(job_id);
    return job;
}

/* Whose rights the call has used: with SET ROLE the role that was set, in a function with SECURITY
 * DEFINER its owner. */
static const char *caller(void)
{
    return GetUserNameFromId(GetUserId(), false);
}

/* In the server log, once it is true. */
static void log_canceled(const R2dJob *job, const char *how)
{
    r2d_wish_log(job->job_id, psprintf("%s %s", r2d_job_log_name(job), how));
}

static void cancel_in_copy(const R2dJob *job)
{
    const char *how = psprintf("canceled in a copy by %s", caller());

    r2d_catalog_job_settle(job->job_id, job->state, R2D_JOB_CANCELED, R2D_IN_COPY, NULL, how);
    log_canceled(job, how);
}

PG_FUNCTION_INFO_V1(rs2ddb_cancel);
PGDLLEXPORT Datum rs2ddb_cancel(PG_FUNCTION_ARGS)
{
    int64 job_id = PG_GETARG_INT64(0);
    R2dJob *job = own_job(job_id);
    int leader_pid = 0;
    R2dCancel cancel;

    if (job->foreign && !r2d_job_is_settled(job->state)) {
        /* Nobody leads it here, and what is on S3 may still be its original's. */
        cancel_in_copy(job);
        PG_RETURN_BOOL(true);
    }
    cancel = r2d_catalog_job_cancel(job_id, caller(), &leader_pid);
    if (cancel == R2D_CANCEL_INTERRUPT && leader_pid != 0)
        r2d_wish(R2D_WISH_INTERRUPT, job_id, leader_pid);
    if (cancel == R2D_CANCEL_LEAD)
        r2d_wish(R2D_WISH_LEADER, job_id, 0);
    if (cancel == R2D_CANCEL_DONE)
        log_canceled(job, psprintf("canceled by %s before it started", caller()));
    PG_RETURN_BOOL(cancel != R2D_CANCEL_SETTLED);
}

PG_FUNCTION_INFO_V1(rs2ddb_set_rate);
PGDLLEXPORT Datum rs2ddb_set_rate(PG_FUNCTION_ARGS)
{
    int64 job_id;
    int *loader_pids;
    int count;
    bool running;

    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    job_id = PG_GETARG_INT64(0);
    (void)own_job(job_id);
    running = r2d_catalog_job_set_rate(job_id, positive_arg(fcinfo, 1, "max_wcu"), caller(),
                                       &loader_pids, &count);
    for (int i = 0; i < count; i++)
        r2d_wish(R2D_WISH_WAKE, job_id, loader_pids[i]);
    PG_RETURN_BOOL(running);
}

PG_FUNCTION_INFO_V1(rs2ddb_resume);
PGDLLEXPORT Datum rs2ddb_resume(PG_FUNCTION_ARGS)
{
    int64 job_id = PG_GETARG_INT64(0);
    R2dJob *job = own_job(job_id);

    if (job->state == R2D_JOB_SUCCEEDED)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("job " INT64_FORMAT " has succeeded: there is nothing to resume", job_id)));
    (void)r2d_job_owner(job); /* told now: a job of nobody could not be given to anybody later */
    r2d_catalog_job_requeue(job_id, caller());
    r2d_wish(R2D_WISH_LEADER, job_id, 0);
    PG_RETURN_INT64(job_id);
}
