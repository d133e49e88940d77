/* load_open.c - what a process needs to load files: plan, connections, the transfer and its rate.
 */
#include "load.h"

#include "../core/encode/plan.h"
#include "../core/send/service_error.h"
#include "job_table.h"
#include "settings.h"

#define REQUESTS_IN_FLIGHT 32
#define TABLE_PATIENCE_MS  60000

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

    r2d_job_table_require(load->aws, load->job, TABLE_PATIENCE_MS, &table);
    return (double)r2d_table_initial_wcu(&table) / expected_loaders(load);
}

/* A claim that did not wait for the disk may have been lost in a crash of the server, and with it
 * that somebody had begun the file. */
static void look_for_lost_loaders(R2dLoad *load, int grace_s)
{
    bool lost;

    r2d_tx_begin();
    lost = r2d_catalog_loader_lost(load->job->job_id, grace_s);
    r2d_tx_commit();
    if (lost)
        load->lost_until_us = r2d_mono_us(&r2d_clock_system) + grace_s * R2D_US_PER_S;
}

static int64_t service_error_patience_us(const R2dOptions *options)
{
    const char *seconds = options->service_error_patience;
    return seconds != NULL ? atoi(seconds) * R2D_US_PER_S : R2D_SERVICE_ERROR_PATIENCE_US;
}

static void open_transfer(R2dLoad *load, const R2dOptions *options)
{
    R2dTransferOptions transfer = {
        .alloc = load->aws->alloc,
        .clock = &r2d_clock_system,
        .http = load->aws->http,
        .s3 = &load->aws->s3,
        .dynamodb = &load->aws->dynamodb,
        .mapping = &load->mapping,
        .table_name = load->job->table_name,
        .requests_in_flight_max = REQUESTS_IN_FLIGHT,
        .initial_wcu = initial_wcu(load),
        .max_wcu = load->job->max_wcu,
        .late_write_grace_us = r2d_options_late_write_grace_s(options) * R2D_US_PER_S,
        .rejects_max = Max(R2D_TRANSFER_REJECTS_MAX, load->job->max_rejects + 1),
        .service_error_patience_us = service_error_patience_us(options)};
    R2dError err;
    r2d_check(r2d_transfer_open(&load->transfer, &transfer, &err), &err);
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
    look_for_lost_loaders(load, r2d_options_late_write_grace_s(options));
    open_transfer(load, options);
    MemoryContextSwitchTo(old);
    return load;
}
