/* loader.c - the life of a loader: file after file until there are none. */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"

#include "failure.h"
#include "load_file.h"
#include "owner.h"
#include "pool.h"

PGDLLEXPORT void r2d_loader_main(Datum arg);

/* The job and its owner's options; false when the job is not loading any more. */
static bool read_job(MemoryContext context, int64 job_id, R2dJob **job, R2dOptions **options)
{
    bool loading;

    r2d_tx_begin();
    MemoryContextSwitchTo(context);
    *job = r2d_catalog_job(job_id);
    loading = *job != NULL && (*job)->state == R2D_JOB_LOADING && !(*job)->foreign;
    if (loading)
        *options = r2d_options_load_by_oid((*job)->server_oid, (*job)->server, r2d_job_owner(*job));
    r2d_tx_commit();
    return loading;
}

static void load_files(MemoryContext context, int64 job_id)
{
    R2dJob *job;
    R2dOptions *options;
    R2dLoad *load;

    if (!read_job(context, job_id, &job, &options))
        return;
    load = r2d_load_open(context, job, options);
    while (r2d_load_next(load, true))
        CHECK_FOR_INTERRUPTS();
}

/* The next loader would meet the same: then the file fails, and the job with this reason. */
static void tell_failure(int64 job_id, const ErrorData *error)
{
    R2dFailure failure;
    int file_no;

    if (r2d_failure_passes(error))
        return;
    r2d_failure_of(error, &failure);
    r2d_tx_begin();
    file_no = r2d_catalog_file_of_worker(job_id);
    if (file_no != 0)
        r2d_catalog_file_failed(job_id, file_no, &failure);
    r2d_tx_commit();
}

static void load_files_or_tell(MemoryContext context, int64 job_id)
{
    PG_TRY();
    {
        load_files(context, job_id);
    }
    PG_CATCH();
    {
        ErrorData *error;
        MemoryContextSwitchTo(context);
        error = CopyErrorData();
        EmitErrorReport();
        FlushErrorState();
        AbortCurrentTransaction();
        MemoryContextSwitchTo(context);
        tell_failure(job_id, error);
    }
    PG_END_TRY();
}

void r2d_loader_main(Datum arg)
{
    R2dWorkerArgs args = r2d_pool_worker_begin();
    MemoryContext context =
        AllocSetContextCreate(TopMemoryContext, "rs2ddb loader", ALLOCSET_DEFAULT_SIZES);
    bool slot;

    (void)arg;
    MemoryContextSwitchTo(context);
    r2d_tx_begin();
    slot = r2d_pool_slot_take();
    r2d_tx_commit();
    if (!slot)
        return;
    load_files_or_tell(context, args.job_id);
    MemoryContextSwitchTo(TopMemoryContext);
    MemoryContextDelete(context);
    r2d_pool_worker_end();
}
