/*
 * transfer.c - see transfer.h. Opening, closing and stepping; how rows flow into batches is in
 * flow.c.
 */
#include "chain.h"
#include "flow.h"

#include "../decode/decompress.h"
#include "../fetch/s3_object.h"
#include "../send/table.h"

#define LINE_LIMIT_BYTES ((size_t)16 * 1024 * 1024)
#define DEPTH_LIMIT      40

static void on_settled(void *context, int64_t row, R2dOutcome outcome)
{
    R2dTransfer *transfer = context;
    if (outcome == R2D_ROW_WRITTEN)
        transfer->fruitless_rejects = -1;
    if (!r2d_ledger_settle(&transfer->ledger, row, outcome))
        transfer->ledger_broken = true;
}

static R2dStatus on_rejected(void *context, int64_t row, R2dView request, const R2dError *why,
                             R2dError *err)
{
    R2dTransfer *transfer = context;
    R2dStatus status = r2d_reject_queue_request(&transfer->rejects, transfer->options.mapping, row,
                                                request, why, err);
    if (status != R2D_OK)
        return status;
    on_settled(context, row, R2D_ROW_REJECTED);
    return r2d_flow_count_reject(transfer, why->message, why, err);
}

static R2dStatus open_sender(R2dTransfer *transfer, R2dError *err)
{
    const R2dTransferOptions *o = &transfer->options;
    R2dSenderOptions sender = {
        .alloc = o->alloc,
        .clock = o->clock,
        .http = o->http,
        .service = o->dynamodb,
        .mapping = o->mapping,
        .table_name = o->table_name,
        .in_flight_max = o->requests_in_flight_max,
        .initial_wcu = o->initial_wcu,
        .max_wcu = o->max_wcu,
        .late_grace_us = o->late_write_grace_us,
        .seed = (uint64_t)r2d_wall_us(o->clock) ^ (uint64_t)(uintptr_t)transfer,
        .spread = &transfer->spread,
        .service_error_patience_us = o->service_error_patience_us,
        .sink = {.settled = on_settled, .rejected = on_rejected, .context = transfer},
    };
    return r2d_sender_open(&transfer->sender, &sender, err);
}

R2dStatus r2d_transfer_open(R2dTransfer **out, const R2dTransferOptions *options, R2dError *err)
{
    *out = NULL;
    if (!r2d_table_name_valid(r2d_view_of(options->table_name)))
        return r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.300s\" is not a name of a DynamoDB table",
                        options->table_name);
    R2dTransfer *transfer = r2d_new(options->alloc, sizeof *transfer);
    if (transfer == NULL)
        return r2d_fail_memory(err);
    transfer->options = *options;
    r2d_reject_queue_init(&transfer->rejects, options->alloc);
    r2d_loose_item_init(&transfer->held, options->alloc);
    r2d_held_rows_init(&transfer->late, options->alloc);
    r2d_spread_init(&transfer->spread, options->alloc);
    R2dStatus status = r2d_ledger_init(&transfer->ledger, options->alloc)
                           ? open_sender(transfer, err)
                           : r2d_fail_memory(err);
    if (status != R2D_OK) {
        r2d_transfer_close(transfer);
        return status;
    }
    *out = transfer;
    return R2D_OK;
}

R2dStatus r2d_transfer_source_open(R2dTransfer *transfer, R2dSource *source, int64_t skip_rows,
                                   R2dError *err)
{
    const R2dTransferOptions *o = &transfer->options;
    R2dScanJsonOptions scan = {.columns = o->mapping->file_columns,
                               .column_count = o->mapping->file_column_count,
                               .line_limit_bytes = LINE_LIMIT_BYTES,
                               .depth_limit = DEPTH_LIMIT};
    r2d_transfer_file_close(transfer);
    source = r2d_decompress_open(o->alloc, source, err);
    if (source == NULL)
        return R2D_FAILED;
    transfer->scan = r2d_scan_json_open(o->alloc, source, &scan, err);
    if (transfer->scan == NULL)
        return R2D_FAILED;
    r2d_ledger_reset(&transfer->ledger, skip_rows);
    r2d_reject_queue_clear(&transfer->rejects);
    r2d_sender_counts(transfer->sender, &transfer->counts_before);
    transfer->skip_left = skip_rows;
    transfer->skipped = 0;
    transfer->reading = R2D_OK;
    transfer->failure = R2D_OK;
    transfer->ledger_broken = false;
    transfer->received = 0;
    transfer->quiet_since_us = 0;
    return R2D_OK;
}

R2dStatus r2d_transfer_file_open(R2dTransfer *transfer, const R2dTransferFile *file, R2dError *err)
{
    R2dS3ObjectOptions options = {.http = transfer->options.http,
                                  .service = transfer->options.s3,
                                  .bucket = file->bucket,
                                  .key = file->key,
                                  .size_bytes = file->size_bytes};
    r2d_transfer_file_close(transfer);
    R2dSource *object = r2d_s3_object_open(transfer->options.alloc, &options, err);
    if (object == NULL)
        return R2D_FAILED;
    R2dStatus status = r2d_transfer_source_open(transfer, object, file->skip_rows, err);
    if (status != R2D_OK)
        return status;
    transfer->object = object;
    r2d_transfer_take_over(transfer, file);
    return R2D_OK;
}

void r2d_transfer_take_over(R2dTransfer *transfer, const R2dTransferFile *file)
{
    r2d_sender_take_over(transfer->sender, file->was_lost, file->late_for_us);
}

/* Takes what the client finished. The source looks at its own exchange when it is read. */
static R2dStatus drain(R2dTransfer *transfer, bool *moved, R2dError *err)
{
    R2dHttpClient *http = transfer->options.http;
    R2dHttpExchange *exchange;
    while ((exchange = http->ops->next_done(http)) != NULL) {
        *moved = true;
        if (!r2d_sender_owns(transfer->sender, exchange))
            continue;
        R2dStatus status = r2d_sender_done(transfer->sender, exchange, err);
        if (status != R2D_OK)
            return status;
    }
    return R2D_OK;
}

static R2dStatus move(R2dTransfer *transfer, R2dError *err)
{
    R2dHttpClient *http = transfer->options.http;
    bool moved = false;
    int64_t requests = r2d_sender_started(transfer->sender);
    R2dStatus status = http->ops->step(http, err);
    if (status == R2D_OK)
        status = drain(transfer, &moved, err);
    if (status == R2D_OK)
        status = r2d_sender_pump(transfer->sender, err);
    if (status == R2D_OK)
        status = r2d_flow(transfer, &moved, err);
    if (status != R2D_OK)
        return status;
    if (transfer->ledger_broken)
        return r2d_fail(err, R2D_ERR_INTERNAL, "a row was settled twice");
    if (r2d_flow_over(transfer)) {
        if (!r2d_ledger_balanced(&transfer->ledger))
            return r2d_fail(err, R2D_ERR_INTERNAL, "rows were left unsettled");
        if (transfer->reading == R2D_FAILED && err != NULL)
            *err = transfer->read_error;
        return transfer->reading;
    }
    moved = moved || r2d_sender_started(transfer->sender) != requests ||
            r2d_reject_queue_full(&transfer->rejects);
    return moved ? R2D_OK : R2D_AGAIN;
}

R2dStatus r2d_transfer_step(R2dTransfer *transfer, R2dError *err)
{
    if (transfer->scan == NULL)
        return r2d_fail(err, R2D_ERR_INTERNAL, "no file is open");
    if (transfer->failure == R2D_FAILED) {
        if (err != NULL)
            *err = transfer->error;
        return R2D_FAILED;
    }
    R2dStatus status = move(transfer, &transfer->error);
    if (status == R2D_FAILED) {
        transfer->failure = R2D_FAILED;
        if (err != NULL)
            *err = transfer->error;
    }
    return status;
}

static int sooner_ms(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int r2d_transfer_wait_ms(R2dTransfer *transfer)
{
    R2dHttpClient *http = transfer->options.http;
    int64_t sender_us = r2d_sender_wait_us(transfer->sender);
    int64_t flow_us = r2d_flow_wait_us(transfer);
    int wait_ms = http->ops->wait_ms(http);
    wait_ms = sooner_ms(wait_ms, sender_us < 0 ? -1 : (int)((sender_us + 999) / R2D_US_PER_MS));
    wait_ms = sooner_ms(wait_ms, flow_us < 0 ? -1 : (int)((flow_us + 999) / R2D_US_PER_MS));
    if (transfer->object != NULL && transfer->quiet_since_us != 0)
        wait_ms = sooner_ms(wait_ms, r2d_s3_object_wait_ms(transfer->object));
    return wait_ms;
}

void r2d_transfer_progress(const R2dTransfer *transfer, R2dTransferProgress *progress)
{
    R2dSenderCounts counts;
    r2d_sender_counts(transfer->sender, &counts);
    *progress = (R2dTransferProgress){
        .checkpoint = transfer->ledger.checkpoint,
        .rows_read = transfer->skip_left > 0 ? transfer->skipped : transfer->ledger.last,
        .written = transfer->ledger.written,
        .collapsed = transfer->ledger.collapsed,
        .rejected = transfer->ledger.rejected,
        .bytes_received = transfer->object != NULL ? r2d_s3_object_received(transfer->object)
                                                   : transfer->received,
        .write_units = counts.write_units - transfer->counts_before.write_units,
        .throttled = counts.throttled - transfer->counts_before.throttled,
        .requests = counts.requests - transfer->counts_before.requests,
        .late_for_us = r2d_sender_late_for_us(transfer->sender, transfer->ledger.checkpoint),
    };
}

R2dStatus r2d_transfer_next_reject(R2dTransfer *transfer, R2dReject *reject)
{
    return r2d_reject_queue_next(&transfer->rejects, reject);
}

int r2d_transfer_given_up(const R2dTransfer *transfer, R2dError *outage)
{
    return r2d_sender_given_up(transfer->sender, outage);
}

void r2d_transfer_set_max_wcu(R2dTransfer *transfer, double max_wcu)
{
    r2d_sender_set_max_wcu(transfer->sender, max_wcu);
}

void r2d_transfer_file_close(R2dTransfer *transfer)
{
    R2dHttpClient *http = transfer->options.http;
    if (transfer->scan == NULL)
        return;
    r2d_sender_cancel(transfer->sender);
    while (http->ops->next_done(http) != NULL) /* none may be left that is about to be freed */
        ;
    if (transfer->object != NULL)
        transfer->received = r2d_s3_object_received(transfer->object);
    r2d_scan_json_close(transfer->scan);
    transfer->scan = NULL;
    transfer->object = NULL;
    transfer->held.held = false;
    r2d_held_rows_clear(&transfer->late);
    r2d_spread_clear(&transfer->spread);
}

void r2d_transfer_close(R2dTransfer *transfer)
{
    if (transfer == NULL)
        return;
    r2d_transfer_file_close(transfer);
    r2d_sender_close(transfer->sender);
    r2d_reject_queue_free(&transfer->rejects);
    r2d_loose_item_free(&transfer->held);
    r2d_ledger_free(&transfer->ledger);
    r2d_release(transfer->options.alloc, transfer);
}
