/* flow.c - see flow.h. The row path: nothing here allocates once its buffers have grown. */
#include "flow.h"

#include <stdio.h>

/* Bounds of the work of one call. */
#define ROWS_MAX 2000
#define TIME_US  2000
/* Until a late row is looked at again whose older one is in a batch. */
#define SETTLE_US 20000

typedef enum Flow {
    FLOW_ROW,     /* a row was taken, there may be more */
    FLOW_BLOCKED, /* no batch can take rows now, or rejects must be taken first */
    FLOW_HELD,    /* the next row must wait until a row before it is settled */
    FLOW_QUIET,   /* the source has nothing right now */
    FLOW_RESTING, /* the window is full, or takes no rows, and its keys rest */
    FLOW_OVER,    /* the source has ended or failed */
    FLOW_FAILED,
} Flow;

static int64_t now_of(const R2dTransfer *transfer)
{
    return r2d_mono_us(transfer->options.clock);
}

static void commit(R2dTransfer *transfer)
{
    if (r2d_sender_commit(transfer->sender))
        transfer->batch_ready = true;
}

/* The open batch is sent as it is: the next row needs another one. */
static Flow send_open(R2dTransfer *transfer)
{
    r2d_sender_flush(transfer->sender);
    transfer->batch_ready = true;
    return FLOW_ROW;
}

static void settle(R2dTransfer *transfer, int64_t row, R2dOutcome outcome)
{
    if (!r2d_ledger_settle(&transfer->ledger, row, outcome))
        transfer->ledger_broken = true;
}

/* Until when the row must wait because an older one of its key may be written late, or itself waits
 * for that; 0: it need not. */
static int64_t late_until(const R2dTransfer *transfer, uint64_t key_hash, int64_t row)
{
    int64_t until_us = r2d_sender_late_until_us(transfer->sender, key_hash, row);
    return until_us == 0 && r2d_held_rows_has(&transfer->late, key_hash) ? 1 : until_us;
}

/* The held row waits among the late ones, and others are read on; it stays where it is when they
 * cannot take it. */
static void hold_late(R2dTransfer *transfer, int64_t until_us)
{
    int64_t superseded;
    if (!r2d_held_rows_put(&transfer->late, &transfer->held, until_us, &superseded))
        return;
    transfer->held.held = false;
    if (superseded == 0)
        return;
    /* This transfer never sent it, but one that was lost may have: then its successor waits. */
    r2d_sender_note_taken(transfer->sender, transfer->held.item.key_hash, superseded);
    settle(transfer, superseded, R2D_ROW_COLLAPSED);
}

/* Commits the pending item of the open batch, or holds the row back. */
static Flow place(R2dTransfer *transfer, R2dBatch *batch, R2dError *err)
{
    const R2dBatchEntry *pending = &batch->pending;
    int64_t late_us = late_until(transfer, pending->key_hash, pending->row);
    if (late_us == 0 && r2d_batch_fits(batch) &&
        !r2d_sender_key_busy(transfer->sender, pending->key_hash)) {
        commit(transfer);
        return FLOW_ROW;
    }
    if (!r2d_batch_move_out(batch, &transfer->held)) {
        r2d_fail_memory(err);
        return FLOW_FAILED;
    }
    if (late_us != 0)
        hold_late(transfer, late_us);
    return FLOW_ROW;
}

/* The held row goes into `batch` when its key is free; if there is no room, `batch` is sent. */
static Flow place_held(R2dTransfer *transfer, R2dBatch *batch, R2dError *err)
{
    int64_t late_us = late_until(transfer, transfer->held.item.key_hash, transfer->held.row);
    if (late_us != 0) {
        hold_late(transfer, late_us);
        return transfer->held.held ? FLOW_HELD : FLOW_ROW;
    }
    if (r2d_sender_key_busy(transfer->sender, transfer->held.item.key_hash))
        return FLOW_HELD;
    if (!r2d_batch_append(batch, &transfer->held)) {
        r2d_fail_memory(err);
        return FLOW_FAILED;
    }
    if (r2d_batch_fits(batch)) {
        transfer->held.held = false;
        commit(transfer);
        return FLOW_ROW;
    }
    r2d_batch_rollback(batch);
    return send_open(transfer);
}

R2dStatus r2d_flow_count_reject(R2dTransfer *transfer, const char *reason, const R2dError *why,
                                R2dError *err)
{
    int64_t most = transfer->options.rejects_max;
    if (most == 0)
        most = R2D_TRANSFER_REJECTS_MAX;
    if (transfer->fruitless_rejects < 0 || ++transfer->fruitless_rejects < most)
        return R2D_OK;
    R2dError said = why != NULL ? *why : (R2dError){.kind = R2D_ERR_NONE};
    r2d_fail(err, why != NULL ? R2D_ERR_REMOTE : R2D_ERR_ARGUMENT,
             "each of the first %lld rows was rejected: %.350s", (long long)most, reason);
    memcpy(err->code, said.code, sizeof err->code);
    memcpy(err->request_id, said.request_id, sizeof err->request_id);
    memcpy(err->detail, said.detail, sizeof err->detail);
    err->http_status = said.http_status;
    snprintf(err->hint, sizeof err->hint,
             "Not the rows seem to be at fault, but the query, the key or the table: rs2ddb.reject "
             "has the reasons. A higher max_rejects lets such a job go on.");
    return R2D_FAILED;
}

static Flow reject(R2dTransfer *transfer, const R2dRow *row, const R2dReason *reason, R2dError *err)
{
    if (r2d_reject_queue_row(&transfer->rejects, transfer->options.mapping, row, reason, err) !=
        R2D_OK)
        return FLOW_FAILED;
    settle(transfer, row->number, R2D_ROW_REJECTED);
    return r2d_flow_count_reject(transfer, reason->text, NULL, err) == R2D_OK ? FLOW_ROW
                                                                              : FLOW_FAILED;
}

static Flow stop_reading(R2dTransfer *transfer, R2dStatus status)
{
    transfer->reading = status;
    return FLOW_OVER;
}

/* Encodes the row into `batch`, or where `batch` is NULL into the window. */
static R2dStatus encode(R2dTransfer *transfer, R2dBatch *batch, const R2dRow *row,
                        R2dReason *reason, R2dError *err)
{
    R2dLooseItem *held = &transfer->held;
    const R2dMapping *mapping = transfer->options.mapping;
    if (batch != NULL)
        return r2d_batch_encode(batch, mapping, row, reason, err);
    held->row = row->number;
    held->request.len = held->keys.len = 0;
    return r2d_item_encode(mapping, row, &held->request, &held->keys, &held->item, reason, err);
}

/* The held row waits in the window instead. */
static Flow put_held(R2dTransfer *transfer, R2dError *err)
{
    transfer->held.held = false;
    if (r2d_spread_put(&transfer->spread, &transfer->held, now_of(transfer)))
        return FLOW_ROW;
    r2d_fail_memory(err);
    return FLOW_FAILED;
}

static Flow read_row(R2dTransfer *transfer, R2dBatch *batch, R2dError *err)
{
    R2dRow row;
    R2dReason reason;
    bool bad;
    R2dStatus status =
        r2d_scan_json_next(transfer->scan, &row, &bad, &reason, &transfer->read_error);
    if (status == R2D_AGAIN)
        return FLOW_QUIET;
    if (status != R2D_OK)
        return stop_reading(transfer, status);
    if (!r2d_ledger_open(&transfer->ledger, row.number)) {
        r2d_fail(err, R2D_ERR_INTERNAL, "row %lld is out of order", (long long)row.number);
        return FLOW_FAILED;
    }
    if (bad)
        return reject(transfer, &row, &reason, err);
    status = encode(transfer, batch, &row, &reason, err);
    if (status == R2D_END)
        return reject(transfer, &row, &reason, err);
    if (status != R2D_OK)
        return FLOW_FAILED;
    return batch != NULL ? place(transfer, batch, err) : put_held(transfer, err);
}

/* The row whose turn it is moves from the window into a batch, or stays where it is. */
static Flow place_spread(R2dTransfer *transfer, uint64_t key_hash, int64_t now_us, R2dError *err)
{
    R2dSpread *spread = &transfer->spread;
    int64_t late_us = late_until(transfer, key_hash, r2d_spread_next_row(spread));
    if (late_us != 0 || r2d_sender_key_busy(transfer->sender, key_hash)) {
        r2d_spread_defer(spread, late_us, now_us);
        return FLOW_ROW;
    }
    R2dBatch *batch = r2d_sender_batch(transfer->sender);
    if (batch == NULL)
        return FLOW_BLOCKED;
    Flow flow = FLOW_FAILED;
    if (!r2d_batch_has_room(batch, r2d_spread_next_bytes(spread)))
        flow = send_open(transfer);
    else if (r2d_spread_take(spread, now_us, &transfer->held))
        flow = place_held(transfer, batch, err);
    else
        r2d_fail_memory(err);
    if (transfer->batch_ready)
        r2d_spread_turn(spread, now_us);
    return flow;
}

/* A row from the window goes, if any may; else the window takes one more. */
static Flow next_spread_row(R2dTransfer *transfer, R2dError *err)
{
    R2dSpread *spread = &transfer->spread;
    int64_t now_us = now_of(transfer);
    uint64_t key_hash;
    if (r2d_spread_next(spread, now_us, &key_hash))
        return place_spread(transfer, key_hash, now_us, err);
    if (transfer->reading != R2D_OK)
        return spread->rows > 0 ? FLOW_RESTING : FLOW_OVER;
    if (r2d_reject_queue_full(&transfer->rejects))
        return FLOW_BLOCKED;
    if (r2d_ledger_full(&transfer->ledger) || transfer->late.count > 0 ||
        !r2d_spread_open(spread, now_us))
        return FLOW_RESTING;
    return read_row(transfer, NULL, err);
}

/* Until when a late row must wait on; 0: it may go. */
static int64_t wait_on_until(const R2dTransfer *transfer, const R2dHeldRow *row, int64_t now_us)
{
    int64_t until_us = r2d_sender_late_until_us(transfer->sender, row->key_hash, row->row);
    if (until_us == 0 && r2d_sender_key_busy(transfer->sender, row->key_hash))
        until_us = now_us + SETTLE_US;
    return until_us;
}

/* A late row that need not wait any more goes into a batch. FLOW_QUIET: there is none. */
static Flow place_late(R2dTransfer *transfer, R2dError *err)
{
    int64_t now_us = now_of(transfer), until_us;
    const R2dHeldRow *row = r2d_held_rows_next(&transfer->late, now_us);
    for (; row != NULL; row = r2d_held_rows_next(&transfer->late, now_us)) {
        if ((until_us = wait_on_until(transfer, row, now_us)) == 0)
            break;
        r2d_held_rows_wait(&transfer->late, until_us);
    }
    if (row == NULL)
        return FLOW_QUIET;
    R2dBatch *batch = r2d_sender_batch(transfer->sender);
    if (batch == NULL)
        return FLOW_BLOCKED;
    if (!r2d_batch_has_room(batch, row->request_bytes))
        return send_open(transfer);
    const R2dLooseItem *loose = r2d_held_rows_take(&transfer->late);
    if (loose == NULL || !r2d_batch_append(batch, loose)) {
        r2d_fail_memory(err);
        return FLOW_FAILED;
    }
    commit(transfer);
    return FLOW_ROW;
}

/* An older row of a held one's key may have come back into the window: it goes there, too, before
 * any row that is read from now on; also when the window runs empty, or the older one would wait
 * for it and it for the window. */
static Flow next_row_with_window(R2dTransfer *transfer, R2dError *err)
{
    int64_t now_us = now_of(transfer);
    if (transfer->held.held)
        return put_held(transfer, err);
    if (transfer->late.count == 0 || !r2d_spread_has_room(&transfer->spread))
        return next_spread_row(transfer, err);
    const R2dLooseItem *loose = r2d_held_rows_take_any(&transfer->late);
    if (loose != NULL && r2d_spread_put(&transfer->spread, loose, now_us))
        return FLOW_ROW;
    r2d_fail_memory(err);
    return FLOW_FAILED;
}

static Flow next_row(R2dTransfer *transfer, R2dError *err)
{
    if (r2d_spread_on(&transfer->spread) && transfer->spread.rows == 0)
        r2d_spread_rest(&transfer->spread, now_of(transfer));
    if (r2d_spread_on(&transfer->spread))
        return next_row_with_window(transfer, err);
    if (transfer->late.count > 0) {
        Flow flow = place_late(transfer, err);
        if (flow != FLOW_QUIET)
            return flow;
    }
    if (transfer->reading != R2D_OK && !transfer->held.held)
        return transfer->late.count > 0 ? FLOW_HELD : FLOW_OVER;
    if (r2d_reject_queue_full(&transfer->rejects))
        return FLOW_BLOCKED;
    if (!transfer->held.held && r2d_ledger_full(&transfer->ledger))
        return FLOW_HELD; /* the oldest row may be in the open batch */
    R2dBatch *batch = r2d_sender_batch(transfer->sender);
    if (batch == NULL)
        return FLOW_BLOCKED;
    return transfer->held.held ? place_held(transfer, batch, err) : read_row(transfer, batch, err);
}

static Flow skip_rows(R2dTransfer *transfer)
{
    int64_t left = transfer->skip_left;
    R2dStatus status = r2d_scan_json_skip(transfer->scan, left, &left, &transfer->read_error);
    transfer->skipped += transfer->skip_left - left;
    transfer->skip_left = left;
    if (status == R2D_AGAIN)
        return FLOW_QUIET;
    if (status == R2D_END)
        status = r2d_fail(&transfer->read_error, R2D_ERR_DATA,
                          "the file ends after %lld %s, before its checkpoint",
                          (long long)transfer->skipped, transfer->skipped == 1 ? "row" : "rows");
    return status == R2D_OK ? FLOW_ROW : stop_reading(transfer, status);
}

/* The open batch is sent as it is when no row can join it soon. */
static void settle_down(R2dTransfer *transfer, Flow flow)
{
    if (flow != FLOW_QUIET && flow != FLOW_RESTING) {
        transfer->quiet_since_us = 0;
        if (flow == FLOW_HELD || flow == FLOW_OVER)
            r2d_sender_flush(transfer->sender);
        return;
    }
    int64_t now_us = now_of(transfer);
    if (transfer->quiet_since_us == 0)
        transfer->quiet_since_us = now_us;
    if (now_us - transfer->quiet_since_us >= R2D_SENDER_FILL_US)
        r2d_sender_flush(transfer->sender);
}

/* Rows until none can be taken, or the bound of one call. */
static R2dStatus take_rows(R2dTransfer *transfer, Flow *flow, int *rows, R2dError *err)
{
    int64_t end_us = now_of(transfer) + TIME_US;
    for (*rows = 0; *rows < ROWS_MAX; ++*rows) {
        *flow = next_row(transfer, err);
        if (*flow == FLOW_ROW && !transfer->batch_ready)
            continue;
        if (*flow != FLOW_ROW && *flow != FLOW_BLOCKED)
            break;
        int64_t started = r2d_sender_started(transfer->sender);
        R2dStatus status = r2d_sender_pump(transfer->sender, err);
        if (status != R2D_OK)
            return status;
        transfer->batch_ready = false;
        if (*flow == FLOW_BLOCKED && r2d_sender_started(transfer->sender) == started)
            break;
        if (now_of(transfer) >= end_us)
            break;
    }
    return *flow == FLOW_FAILED ? R2D_FAILED : R2D_OK;
}

R2dStatus r2d_flow(R2dTransfer *transfer, bool *moved, R2dError *err)
{
    Flow flow;
    int rows = 0;
    if (transfer->skip_left > 0 && transfer->reading == R2D_OK) {
        flow = skip_rows(transfer);
        *moved = *moved || flow == FLOW_ROW;
    } else {
        R2dStatus status = take_rows(transfer, &flow, &rows, err);
        if (status != R2D_OK)
            return status;
        if (rows > 0) {
            *moved = true;
            transfer->quiet_since_us = 0;
        }
    }
    settle_down(transfer, flow);
    transfer->blocked = flow == FLOW_BLOCKED;
    return r2d_sender_pump(transfer->sender, err);
}

bool r2d_flow_over(const R2dTransfer *transfer)
{
    return transfer->reading != R2D_OK && !transfer->held.held && transfer->late.count == 0 &&
           transfer->spread.rows == 0 && r2d_sender_idle(transfer->sender);
}

static int64_t fill_wait_us(const R2dTransfer *transfer)
{
    if (transfer->quiet_since_us == 0 || !r2d_sender_filling(transfer->sender))
        return -1;
    int64_t left_us = transfer->quiet_since_us + R2D_SENDER_FILL_US - now_of(transfer);
    return left_us > 0 ? left_us : 0;
}

/* Until the first of the late rows, or the held one if it is late, too, may go; unless they wait
 * for a batch, or for room in the window. */
static int64_t late_wait_us(const R2dTransfer *transfer)
{
    const R2dLooseItem *held = &transfer->held;
    int64_t due_us = transfer->late.count > 0 ? transfer->late.due_us : INT64_MAX;
    int64_t held_us = 0;
    if (transfer->blocked || r2d_spread_on(&transfer->spread))
        return -1;
    if (held->held)
        held_us = r2d_sender_late_until_us(transfer->sender, held->item.key_hash, held->row);
    if (held_us > 0 && held_us < due_us)
        due_us = held_us;
    if (due_us == INT64_MAX)
        return -1;
    int64_t left_us = due_us - now_of(transfer);
    return left_us > 0 ? left_us : 0;
}

static int64_t sooner_us(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t r2d_flow_wait_us(const R2dTransfer *transfer)
{
    int64_t wait_us = late_wait_us(transfer);
    if (transfer->quiet_since_us == 0)
        return wait_us;
    wait_us = sooner_us(wait_us, fill_wait_us(transfer));
    return sooner_us(wait_us, r2d_spread_wait_us(&transfer->spread, now_of(transfer)));
}
