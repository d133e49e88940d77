/* load_file.c - one file after the other through the transfer, with progress on a timer. */
#include "load.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "../core/fetch/s3_object.h"
#include "../core/send/service_error.h"
#include "failure.h"
#include "pool.h"

#define COMMIT_INTERVAL_US R2D_SHARE_INTERVAL_US
#define BUSY_RETRY_MS      50

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

/* Within a transaction. A worker that leaves has given its file back before its lock goes with it:
 * such a file is busy for a moment, and stays pending. Orders are read on the timer, however short
 * the files are. */
static void claim(R2dLoad *load)
{
    MemoryContext old = MemoryContextSwitchTo(load->file_context);
    int64 job_id = load->job->job_id;
    bool claimed =
        r2d_catalog_file_claim(job_id, load->file.file_no, &load->meter.rates, &load->file);

    load->file_locked = claimed && r2d_pool_lock_file(job_id, load->file.file_no);
    load->file_busy = claimed && !load->file_locked;
    if (load->file_busy)
        r2d_catalog_file_unclaim(job_id, load->file.file_no);
    if (load->file_locked && r2d_mono_us(&r2d_clock_system) >= load->next_commit_us)
        read_orders(load);
    MemoryContextSwitchTo(old);
}

static void claim_first(R2dLoad *load)
{
    r2d_tx_begin();
    claim(load);
    r2d_tx_commit();
    if (load->file_busy)
        r2d_sleep(BUSY_RETRY_MS);
}

static void open_file(R2dLoad *load)
{
    R2dView bucket, key;
    R2dTransferFile file = {.size_bytes = load->file.size_bytes,
                            .skip_rows = load->file.checkpoint,
                            .was_lost = load->file.tries > 1 ||
                                        r2d_mono_us(&r2d_clock_system) < load->lost_until_us,
                            .late_for_us = load->file.late_for_us};
    R2dError err;
    char *url = r2d_to_utf8(load->file.url);

    r2d_check(r2d_s3_parse_uri(r2d_view_of(url), &bucket, &key, &err), &err);
    file.bucket = pnstrdup(bucket.data, bucket.len);
    file.key = pnstrdup(key.data, key.len);
    r2d_check(r2d_transfer_file_open(load->transfer, &file, &err), &err);
    pgstat_report_activity(STATE_RUNNING, psprintf("rs2ddb job " INT64_FORMAT ": loading file %d",
                                                   load->job->job_id, load->file.file_no));
}

/* The first ones, as long as there is room; each is taken from the queue. */
static void store_rejects(R2dLoad *load, const R2dReject *first)
{
    int64 job_id = load->job->job_id;
    int64 room = load->rejects_full ? 0 : r2d_catalog_reject_room(job_id);
    int64 stored = 0;
    const R2dReject *reject = first;
    R2dReject next;

    while (reject != NULL) {
        if (stored < room) {
            r2d_catalog_file_reject(job_id, load->file.file_no, reject);
            stored++;
        }
        reject = r2d_transfer_next_reject(load->transfer, &next) == R2D_OK ? &next : NULL;
    }
    load->rejects_full = stored == room;
    if (stored > 0)
        r2d_catalog_file_rejects_stored(job_id, load->file.file_no, stored);
}

/* Whoever stores such rejects adds up those of all loaders: one after the other, for each sees what
 * the others have stored. */
static void check_given_up(R2dLoad *load)
{
    R2dError outage;
    int given_up = r2d_transfer_given_up(load->transfer, &outage);

    if (given_up == load->given_up)
        return;
    r2d_pool_lock_rejects(load->job->job_id);
    if (r2d_catalog_rejects_of_code(load->job->job_id, R2D_SERVICE_ERROR_CODE) >
        R2D_SERVICE_ERROR_ROWS_MAX)
        r2d_throw(&outage);
    load->given_up = given_up;
}

static void store_progress(R2dLoad *load, const R2dReject *first, R2dStatus status)
{
    R2dTransferProgress progress;

    if (first != NULL)
        store_rejects(load, first);
    check_given_up(load);
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
    int len;

    r2d_transfer_progress(load->transfer, &progress);
    len = snprintf(text, sizeof text, "rs2ddb job " INT64_FORMAT ": loading file %d, " INT64_FORMAT,
                   load->job->job_id, load->file.file_no, progress.checkpoint);
    if (load->file.rows_promised >= 0)
        len +=
            snprintf(text + len, sizeof text - len, " of " INT64_FORMAT, load->file.rows_promised);
    snprintf(text + len, sizeof text - len, " rows");
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
    r2d_fail(err, R2D_ERR_DATA, "the manifest promises " INT64_FORMAT " %s, %s has " INT64_FORMAT,
             load->file.rows_promised, load->file.rows_promised == 1 ? "row" : "rows",
             load->file.url, progress.checkpoint);
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
        return load->file_busy;
    status = load_claimed(load, &err);
    more = status == R2D_END || (status == R2D_FAILED && err.kind == R2D_ERR_DATA);
    settle_file(load, status, &err, go_on && more);
    return more && (load->file_locked || load->file_busy || !go_on);
}
