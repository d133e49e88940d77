/* sender.c - the slots: filling, waking, sending. What replies mean is in sender_reply.c. */
#include "sender_slot.h"

/* Batches that may be full and waiting before reading stops. */
#define READY_MAX 2
/* For a reply that trickles: it is never silent, and never over. */
#define TOTAL_TIMEOUT_MS (5 * 60 * 1000)

static void put_free(R2dSender *sender, R2dSlot *slot)
{
    r2d_batch_clear(&slot->batch);
    slot->suspects = slot->attempt = slot->clock_attempt = 0;
    slot->trial = (R2dTrial){0};
    slot->searched = false;
    slot->order = 0;
    slot->next = sender->free;
    sender->free = slot;
}

static void put_ready(R2dSender *sender, R2dSlot *slot)
{
    R2dSlot **at = &sender->ready;
    if (slot->order == 0)
        slot->order = ++sender->orders;
    while (*at != NULL && (*at)->order < slot->order)
        at = &(*at)->next;
    slot->next = *at;
    *at = slot;
}

void r2d_slot_set_state(R2dSender *sender, R2dSlot *slot, R2dSlotState state)
{
    sender->in_state[slot->state]--;
    sender->in_state[state]++;
    slot->state = state;
    if (state == R2D_SLOT_FREE)
        put_free(sender, slot);
    else if (state == R2D_SLOT_READY)
        put_ready(sender, slot);
}

static int64_t now_of(const R2dSender *sender)
{
    return r2d_mono_us(sender->options.clock);
}

static bool slot_init(R2dSender *sender, R2dSlot *slot)
{
    const R2dAlloc *alloc = sender->options.alloc;
    r2d_bytes_init(&slot->part, alloc);
    r2d_aws_call_init(&slot->call, alloc);
    slot->call.exchange.response_limit = R2D_BATCH_WRITE_REPLY_MAX;
    slot->call.exchange.is_frequent = true;
    slot->call.exchange.total_timeout_ms = TOTAL_TIMEOUT_MS;
    slot->call.exchange.owner = slot;
    return r2d_batch_init(&slot->batch, alloc, sender->options.table_name);
}

R2dStatus r2d_sender_open(R2dSender **out, const R2dSenderOptions *options, R2dError *err)
{
    *out = NULL;
    R2dSender *sender = r2d_new(options->alloc, sizeof *sender);
    if (sender == NULL)
        return r2d_fail_memory(err);
    int64_t now_us = r2d_mono_us(options->clock);
    sender->options = *options;
    sender->random.state = options->seed;
    r2d_bytes_init(&sender->scratch, options->alloc);
    r2d_late_keys_init(&sender->late, options->alloc);
    r2d_window_init(&sender->window, options->in_flight_max, now_us);
    r2d_pacer_init(&sender->pacer, options->initial_wcu, options->max_wcu, now_us);
    int slot_count = sender->window.max + READY_MAX;
    sender->slots = r2d_new(options->alloc, (size_t)slot_count * sizeof *sender->slots);
    bool ok = sender->slots != NULL && r2d_key_set_init(&sender->keys, options->alloc,
                                                        (size_t)slot_count * R2D_BATCH_ITEMS_MAX);
    while (ok && sender->slot_count < slot_count) {
        R2dSlot *slot = &sender->slots[sender->slot_count++];
        ok = slot_init(sender, slot);
        sender->in_state[R2D_SLOT_FREE]++;
        put_free(sender, slot);
    }
    if (!ok) {
        r2d_sender_close(sender);
        return r2d_fail_memory(err);
    }
    *out = sender;
    return R2D_OK;
}

void r2d_sender_close(R2dSender *sender)
{
    if (sender == NULL)
        return;
    const R2dAlloc *alloc = sender->options.alloc;
    for (int i = 0; i < sender->slot_count; i++) {
        R2dSlot *slot = &sender->slots[i];
        sender->options.http->ops->cancel(sender->options.http, &slot->call.exchange);
        r2d_aws_call_free(sender->options.http, &slot->call);
        r2d_batch_free(&slot->batch);
        r2d_bytes_free(&slot->part);
    }
    r2d_release(alloc, sender->slots);
    r2d_key_set_free(&sender->keys);
    r2d_late_keys_clear(&sender->late);
    r2d_bytes_free(&sender->scratch);
    r2d_release(alloc, sender);
}

static R2dSlot *take_due(R2dSender *sender)
{
    if (sender->in_state[R2D_SLOT_DUE] == 0)
        return NULL;
    R2dSlot *slot = sender->slots;
    while (slot->state != R2D_SLOT_DUE)
        slot++;
    return slot;
}

static R2dSlot *take_free(R2dSender *sender)
{
    R2dSlot *slot = sender->free;
    if (slot != NULL)
        sender->free = slot->next;
    return slot;
}

R2dBatch *r2d_sender_batch(R2dSender *sender)
{
    sender->flushing = false;
    if (sender->open != NULL)
        return &sender->open->batch;
    if (sender->in_state[R2D_SLOT_READY] >= READY_MAX)
        return NULL;
    R2dSlot *slot = take_due(sender);
    if (slot == NULL)
        slot = take_free(sender);
    if (slot == NULL)
        return NULL;
    r2d_slot_set_state(sender, slot, R2D_SLOT_FILLING);
    sender->open = slot;
    return &slot->batch;
}

bool r2d_sender_key_busy(const R2dSender *sender, uint64_t key_hash)
{
    int owner = r2d_key_set_owner(&sender->keys, key_hash);
    return owner >= 0 && &sender->slots[owner] != sender->open;
}

static void close_open(R2dSender *sender)
{
    R2dSlot *slot = sender->open;
    sender->open = NULL;
    r2d_slot_set_state(sender, slot, slot->batch.count > 0 ? R2D_SLOT_READY : R2D_SLOT_FREE);
}

bool r2d_sender_commit(R2dSender *sender)
{
    R2dSlot *slot = sender->open;
    uint64_t key_hash = slot->batch.pending.key_hash;
    if (sender->lost_until_us != 0)
        r2d_sender_note_taken(sender, key_hash, slot->batch.pending.row);
    int64_t superseded = r2d_batch_commit(&slot->batch);
    if (superseded == 0)
        r2d_key_set_add(&sender->keys, key_hash, (int)(slot - sender->slots));
    else
        sender->options.sink.settled(sender->options.sink.context, superseded, R2D_ROW_COLLAPSED);
    if (slot->batch.count < R2D_BATCH_ITEMS_MAX)
        return false;
    close_open(sender);
    return true;
}

void r2d_sender_flush(R2dSender *sender)
{
    sender->flushing = true;
    if (sender->open != NULL)
        close_open(sender);
}

bool r2d_sender_owns(const R2dSender *sender, const R2dHttpExchange *exchange)
{
    const R2dSlot *slot = exchange->owner;
    return (uintptr_t)slot >= (uintptr_t)sender->slots &&
           (uintptr_t)slot < (uintptr_t)(sender->slots + sender->slot_count);
}

R2dStatus r2d_sender_done(R2dSender *sender, R2dHttpExchange *exchange, R2dError *err)
{
    R2dSlot *slot = exchange->owner;
    if (slot->state != R2D_SLOT_FLYING)
        return R2D_OK;
    int64_t now_us = now_of(sender);
    sender->counts.requests++;
    if (exchange->failed)
        r2d_window_failed(&sender->window);
    else
        r2d_window_reply(&sender->window, slot->sent_us, now_us);
    return r2d_slot_reply(sender, slot, now_us, err);
}

/* A rest that waited long enough may take new rows, unless none are at hand or it is being
 * searched for a bad item. */
static void wake(R2dSender *sender, R2dSlot *slot, int64_t now_us)
{
    if (slot->state == R2D_SLOT_BACKOFF && slot->due_us <= now_us) {
        bool top_up = !sender->flushing && slot->suspects == 0 && !slot->searched &&
                      r2d_batch_fits(&slot->batch);
        r2d_slot_set_state(sender, slot, top_up ? R2D_SLOT_DUE : R2D_SLOT_READY);
        slot->due_us = now_us + R2D_SENDER_FILL_US;
    } else if (slot->state == R2D_SLOT_DUE && (sender->flushing || slot->due_us <= now_us)) {
        r2d_slot_set_state(sender, slot, R2D_SLOT_READY);
    }
}

/* All of the batch but what is sent alone; of one that holds a bad item, the first half of the
 * suspects. */
static int send_count(const R2dSlot *slot)
{
    int together = slot->batch.count - (slot->searched ? r2d_slot_alone(slot) : 0);
    if (together == 0)
        return 1;
    if (slot->suspects == 0)
        return together;
    return slot->suspects > 1 ? slot->suspects / 2 : 1;
}

static R2dStatus send(R2dSender *sender, R2dSlot *slot, int64_t now_us, R2dError *err)
{
    const R2dSenderOptions *o = &sender->options;
    R2dView body;
    R2dAwsRequest request;
    slot->sent = send_count(slot);
    if (!r2d_batch_body(&slot->batch, slot->sent, &slot->part, &body))
        return r2d_fail_memory(err);
    r2d_batch_write_request(&request, slot->pairs, body);
    R2dStatus status = r2d_aws_prepare(o->service, &slot->call, &request, err);
    if (status == R2D_OK)
        status = o->http->ops->start(o->http, &slot->call.exchange, err);
    if (status != R2D_OK)
        return status;
    sender->started++;
    slot->sent_us = now_us;
    slot->charge =
        r2d_pacer_take(&sender->pacer, r2d_batch_units(&slot->batch, slot->sent), now_us);
    r2d_slot_set_state(sender, slot, R2D_SLOT_FLYING);
    return R2D_OK;
}

R2dStatus r2d_sender_pump(R2dSender *sender, R2dError *err)
{
    int64_t now_us = now_of(sender);
    r2d_late_keys_expire(&sender->late, now_us);
    int waiting = sender->in_state[R2D_SLOT_BACKOFF] + sender->in_state[R2D_SLOT_DUE];
    for (int i = 0; waiting > 0 && i < sender->slot_count; i++)
        wake(sender, &sender->slots[i], now_us);
    while (sender->in_state[R2D_SLOT_FLYING] < sender->window.limit) {
        R2dSlot *slot = sender->ready;
        if (slot == NULL)
            break;
        int units = r2d_batch_units(&slot->batch, send_count(slot));
        if (r2d_pacer_wait_us(&sender->pacer, units, now_us) > 0)
            break;
        sender->ready = slot->next;
        R2dStatus status = send(sender, slot, now_us, err);
        if (status != R2D_OK)
            return status;
    }
    return R2D_OK;
}

int64_t r2d_sender_wait_us(R2dSender *sender)
{
    int64_t now_us = now_of(sender);
    int64_t wait_us = -1;
    const R2dSlot *ready = sender->ready;
    int waiting = sender->in_state[R2D_SLOT_BACKOFF] + sender->in_state[R2D_SLOT_DUE];
    if (ready != NULL && sender->in_state[R2D_SLOT_FLYING] < sender->window.limit)
        wait_us = r2d_pacer_wait_us(&sender->pacer,
                                    r2d_batch_units(&ready->batch, send_count(ready)), now_us);
    for (int i = 0; waiting > 0 && i < sender->slot_count; i++) {
        const R2dSlot *slot = &sender->slots[i];
        if (slot->state != R2D_SLOT_BACKOFF && slot->state != R2D_SLOT_DUE)
            continue;
        int64_t left_us = slot->due_us > now_us ? slot->due_us - now_us : 0;
        if (wait_us < 0 || left_us < wait_us)
            wait_us = left_us;
    }
    return wait_us;
}

bool r2d_sender_filling(const R2dSender *sender)
{
    return sender->open != NULL && sender->open->batch.count > 0;
}

int64_t r2d_sender_started(const R2dSender *sender)
{
    return sender->started;
}

bool r2d_sender_idle(const R2dSender *sender)
{
    bool open_is_empty = sender->open != NULL && sender->open->batch.count == 0;
    return sender->in_state[R2D_SLOT_FREE] + (open_is_empty ? 1 : 0) == sender->slot_count;
}

void r2d_sender_cancel(R2dSender *sender)
{
    R2dHttpClient *http = sender->options.http;
    sender->free = sender->ready = sender->open = NULL;
    for (int i = 0; i < sender->slot_count; i++) {
        R2dSlot *slot = &sender->slots[i];
        if (slot->state == R2D_SLOT_FLYING)
            http->ops->cancel(http, &slot->call.exchange);
        r2d_slot_set_state(sender, slot, R2D_SLOT_FREE);
    }
    sender->fruitless_since_us = 0;
    r2d_key_set_clear(&sender->keys);
    r2d_late_keys_clear(&sender->late);
    sender->lost_until_us = 0;
}

void r2d_sender_set_max_wcu(R2dSender *sender, double max_wcu)
{
    r2d_pacer_set_max(&sender->pacer, max_wcu, now_of(sender));
}

int r2d_sender_given_up(const R2dSender *sender, R2dError *outage)
{
    if (outage != NULL)
        r2d_service_error_outage(&sender->service_error, outage);
    return sender->given_up;
}

void r2d_sender_counts(const R2dSender *sender, R2dSenderCounts *counts)
{
    *counts = sender->counts;
}
