/* load_file.c - one file after the other through the transfer, with progress on a timer. */
#include "load_file.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "../core/encode/mapping.h"
#include "../core/encode/plan.h"
#include "../core/fetch/s3_object.h"
#include "failure.h"
#include "meter.h"
#include "pool.h"
#include "settings.h"

#define REQUESTS_IN_FLIGHT 32
#define COMMIT_INTERVAL_US R2D_SHARE_INTERVAL_US

struct R2dLoad {
    MemoryContext context;      /* life of the worker */
    MemoryContext file_context; /* reset after every file */
    const R2dJob *job;
    R2dAwsSession *aws;
    R2dMapping mapping;
    R2dTransfer *transfer;
    R2dFile file;
    bool file_locked;
    R2dOrders orders;
    R2dMeter meter;
    R2dShare share; /* of the bound of the table */
    int64_t next_commit_us;
};

static void close_load(void *arg)
{
    R2dLoad *load = arg;
    if (load->transfer != NULL)
        r2d_transfer_close(load->transfer);
    r2d_mapping_free(&load->mapping);
}

static void open_mapping(R2dLoad *load)
{
    char *plan = r2d_to_utf8(load->job->plan);
    R2dColumn *columns;
    int count;
    R2dError err;

    r2d_check(r2d_plan_read(load->aws->alloc, r2d_view_of(plan), &columns, &count, &err), &err);
    r2d_check(
        r2d_mapping_init(&load->mapping, load->aws->alloc, columns, count, load->job->mode, &err),
        &err);
    r2d_release(load->aws->alloc, columns);
}

int r2d_load_limit(const R2dJob *job)
{
    int most = job->workers > 0 ? job->workers : r2d_max_workers;
    return Max(Min(most, r2d_max_workers - 1), 0);
}

/* How many loaders will share the table when this one begins. */
static int expected_loaders(R2dLoad *load)
{
    R2dFileCounts counts;

    r2d_tx_begin();
    counts = r2d_catalog_file_counts(load->job->job_id);
    r2d_tx_commit();
    return (int)Max(Min(counts.pending + counts.running, r2d_load_limit(load->job)), 1);
}

/* The rate to begin with: what the table says it takes, shared with the other loaders. */
static double initial_wcu(R2dLoad *load)
{
    R2dTable table;

    if (!r2d_aws_session_describe_table(load->aws, load->job->table_name, &table)) {
        R2dError err;
        r2d_fail(&err, R2D_ERR_REMOTE, "DynamoDB table \"%s\" does not exist any more",
                 load->job->table_name);
        r2d_throw(&err);
    }
    return (double)r2d_table_initial_wcu(&table) / expected_loaders(load);
}

static void open_transfer(R2dLoad *load)
{
    R2dTransferOptions options = {.alloc = load->aws->alloc,
                                  .clock = &r2d_clock_system,
                                  .http = load->aws->http,
                                  .s3 = &load->aws->s3,
                                  .dynamodb = &load->aws->dynamodb,
                                  .mapping = &load->mapping,
                                  .table_name = load->job->table_name,
                                  .requests_in_flight_max = REQUESTS_IN_FLIGHT,
                                  .initial_wcu = initial_wcu(load),
                                  .max_wcu = load->job->max_wcu,
                                  .rejects_max =
                                      Max(R2D_TRANSFER_REJECTS_MAX, load->job->max_rejects + 1)};
    R2dError err;
    r2d_check(r2d_transfer_open(&load->transfer, &options, &err), &err);
}

R2dLoad *r2d_load_open(MemoryContext context, const R2dJob *job, const R2dOptions *options)
{
    MemoryContext old = MemoryContextSwitchTo(context);
    R2dLoad *load = palloc0(sizeof *load);

    load->context = context;
    load->job = job;
    load->aws = r2d_aws_session_open(context, options, REQUESTS_IN_FLIGHT + 2);
    if (job->stage_prefix != NULL)
        r2d_aws_session_use_stage(load->aws, options, job->stage_prefix);
    /* Registered after the session's own callback: callbacks run last in, first out, and the
     * transfer must be closed before the client it borrows. */
    r2d_on_reset(context, close_load, load);
    load->file_context = AllocSetContextCreate(context, "rs2ddb file", ALLOCSET_DEFAULT_SIZES);
    open_mapping(load);
    open_transfer(load);
    MemoryContextSwitchTo(old);
    return load;
}

static void share(R2dLoad *load)
{
    double wcu = r2d_share_wcu(&load->share, &load->orders.sharers, r2d_load_limit(load->job),
                               r2d_mono_us(&r2d_clock_system));

    r2d_transfer_set_max_wcu(load->transfer, wcu);
}

static void read_orders(R2dLoad *load)
{
    r2d_catalog_orders(load->job->job_id, load->job->attempt, &load->orders);
    load->next_commit_us = r2d_mono_us(&r2d_clock_system) + COMMIT_INTERVAL_US;
}

/* Within a transaction. Orders are read on the timer, however short the files are. */
static void claim(R2dLoad *load)
{
    MemoryContext old = MemoryContextSwitchTo(load->file_context);
    int64 job_id = load->job->job_id;
    bool claimed =
        r2d_catalog_file_claim(job_id, load->file.file_no, &load->meter.rates, &load->file);

    if (claimed && !r2d_pool_lock_file(job_id, load->file.file_no))
        ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                        errmsg("file %d of job " INT64_FORMAT " is locked by another worker",
                               load->file.file_no, job_id)));
    load->file_locked = claimed;
    if (claimed && r2d_mono_us(&r2d_clock_system) >= load->next_commit_us)
        read_orders(load);
    MemoryContextSwitchTo(old);
}

static void claim_first(R2dLoad *load)
{
    r2d_tx_begin();
    claim(load);
    r2d_tx_commit();
}

static void open_file(R2dLoad *load)
{
    R2dView bucket, key;
    R2dTransferFile file = {.size_bytes = load->file.size_bytes,
                            .skip_rows = load->file.checkpoint};
    R2dError err;
    char *url = r2d_to_utf8(load->file.url);

    r2d_check(r2d_s3_parse_uri(r2d_view_of(url), &bucket, &key, &err), &err);
    file.bucket = pnstrdup(bucket.data, bucket.len);
    file.key = pnstrdup(key.data, key.len);
    r2d_check(r2d_transfer_file_open(load->transfer, &file, &err), &err);
    pgstat_report_activity(STATE_RUNNING, psprintf("rs2ddb job " INT64_FORMAT ": loading file %d",
                                                   load->job->job_id, load->file.file_no));
}

static void store_rejects(R2dLoad *load, const R2dReject *first)
{
    R2dReject reject;

    for (bool more = first != NULL; more;
         more = r2d_transfer_next_reject(load->transfer, &reject) == R2D_OK) {
        r2d_catalog_file_reject(load->job->job_id, load->file.file_no, first ? first : &reject);
        first = NULL;
    }
}

static void store_progress(R2dLoad *load, const R2dReject *first, R2dStatus status)
{
    R2dTransferProgress progress;

    store_rejects(load, first);
    r2d_transfer_progress(load->transfer, &progress);
    r2d_meter_measure(&load->meter, &progress);
    if (status == R2D_END)
        r2d_catalog_file_done(load->job->job_id, &load->file, &progress, &load->meter.rates);
    else
        r2d_catalog_file_progress(load->job->job_id, &load->file, &progress, &load->meter.rates);
}

static void show_progress(const R2dLoad *load)
{
    R2dTransferProgress progress;
    char text[128];

    r2d_transfer_progress(load->transfer, &progress);
    snprintf(text, sizeof text,
             "rs2ddb job " INT64_FORMAT ": loading file %d, " INT64_FORMAT " of " INT64_FORMAT
             " rows",
             load->job->job_id, load->file.file_no, progress.checkpoint, load->file.rows_promised);
    pgstat_report_activity(STATE_RUNNING, text);
}

/* Counts, checkpoint and rejects in one short transaction, which also brings the job's orders. */
static void commit_progress(R2dLoad *load, const R2dReject *first)
{
    r2d_tx_begin();
    store_progress(load, first, R2D_AGAIN);
    read_orders(load);
    r2d_tx_commit();
    share(load);
    show_progress(load);
}

static void commit_when_due(R2dLoad *load)
{
    R2dReject reject;
    bool has_reject = r2d_transfer_next_reject(load->transfer, &reject) == R2D_OK;

    if (has_reject || r2d_mono_us(&r2d_clock_system) >= load->next_commit_us)
        commit_progress(load, has_reject ? &reject : NULL);
}

static void wait_for_network(R2dLoad *load)
{
    int64_t until_commit_ms =
        (load->next_commit_us - r2d_mono_us(&r2d_clock_system)) / R2D_US_PER_MS + 1;
    int wait_ms = r2d_transfer_wait_ms(load->transfer);

    if (wait_ms < 0 || wait_ms > until_commit_ms)
        wait_ms = (int)Max(until_commit_ms, 0);
    r2d_waiter_wait(load->aws->waiter, wait_ms);
    if (r2d_waiter_take_wake(load->aws->waiter))
        load->next_commit_us = 0;
}

/* R2D_END, R2D_FAILED, or R2D_CANCELED when the job stops. */
static R2dStatus run_file(R2dLoad *load, R2dError *err)
{
    for (;;) {
        R2dStatus status = r2d_transfer_step(load->transfer, err);
        CHECK_FOR_INTERRUPTS();
        commit_when_due(load);
        if (load->orders.stop)
            return R2D_CANCELED;
        if (status == R2D_AGAIN)
            wait_for_network(load);
        else if (status != R2D_OK)
            return status;
    }
}

/* Decoders do not know whose bytes they read: the object is named here. */
static void describe_failure(const R2dLoad *load, const R2dError *err, R2dFailure *failure)
{
    const char *url = load->file.url;

    r2d_failure_of_core(err, failure);
    if (failure->message != NULL && err->kind == R2D_ERR_DATA && !strstr(failure->message, url))
        failure->message = psprintf("%s: %s", url, failure->message);
}

/* The manifest is the truth: a file with more or fewer rows than it promises is not done. */
static R2dStatus check_promise(R2dLoad *load, R2dError *err)
{
    R2dTransferProgress progress;

    r2d_transfer_progress(load->transfer, &progress);
    if (load->file.rows_promised < 0 || load->file.rows_promised == progress.checkpoint)
        return R2D_END;
    r2d_fail(err, R2D_ERR_DATA, "the manifest promises " INT64_FORMAT " rows, %s has " INT64_FORMAT,
             load->file.rows_promised, load->file.url, progress.checkpoint);
    strlcpy(err->hint, "Export again: the files do not hold what the warehouse said.",
            sizeof err->hint);
    return R2D_FAILED;
}

static void unlock_file(R2dLoad *load)
{
    if (load->file_locked)
        r2d_pool_unlock_file(load->job->job_id, load->file.file_no);
    load->file_locked = false;
}

void r2d_load_abandon(R2dLoad *load)
{
    r2d_transfer_file_close(load->transfer);
    unlock_file(load);
}

static void leave_file(R2dLoad *load)
{
    R2dTransferProgress progress;

    unlock_file(load);
    r2d_transfer_progress(load->transfer, &progress);
    r2d_meter_end(&load->meter, &progress);
    r2d_transfer_file_close(load->transfer);
    MemoryContextReset(load->file_context);
    r2d_share_leave(&load->share, r2d_mono_us(&r2d_clock_system));
}

/* The next claim belongs to the same transaction: others never see this process without a file. */
static void settle_file(R2dLoad *load, R2dStatus status, const R2dError *err, bool go_on)
{
    R2dReject reject;
    bool has_reject = r2d_transfer_next_reject(load->transfer, &reject) == R2D_OK;
    int64_t due_us = load->next_commit_us;
    R2dFailure failure;

    r2d_tx_begin();
    store_progress(load, has_reject ? &reject : NULL, status);
    if (status == R2D_FAILED) {
        describe_failure(load, err, &failure);
        r2d_catalog_file_failed(load->job->job_id, load->file.file_no, &failure);
    }
    leave_file(load);
    if (go_on)
        claim(load);
    if (load->file_locked && load->next_commit_us == due_us)
        r2d_tx_commit_lazily(); /* the commit that is due, or the last file's, makes it durable */
    else
        r2d_tx_commit();
    MemoryContextSwitchTo(load->context);
}

static R2dStatus load_claimed(R2dLoad *load, R2dError *err)
{
    R2dStatus status;

    MemoryContextSwitchTo(load->file_context);
    r2d_share_join(&load->share, r2d_mono_us(&r2d_clock_system));
    share(load);
    r2d_meter_begin(&load->meter, load->file.checkpoint);
    open_file(load);
    status = run_file(load, err);
    return status == R2D_END ? check_promise(load, err) : status;
}

bool r2d_load_next(R2dLoad *load, bool go_on)
{
    R2dStatus status;
    R2dError err;
    bool more;

    if (!load->file_locked)
        claim_first(load);
    if (!load->file_locked)
        return false;
    status = load_claimed(load, &err);
    more = status == R2D_END || (status == R2D_FAILED && err.kind == R2D_ERR_DATA);
    settle_file(load, status, &err, go_on && more);
    return more && (load->file_locked || !go_on);
}
