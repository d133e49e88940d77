/* sender_reply.c - what a reply means for its batch: settle, resend, isolate, or fail. */
#include "sender_slot.h"

#define CLOCK_ATTEMPTS_MAX 3

/* The table is throttled: the pacer slows down as well. One hot key range: the pacer does not help,
 * so it may take longer. */
static const R2dBackoff throttle = {50 * R2D_US_PER_MS, 5 * R2D_US_PER_S};
static const R2dBackoff partition = {50 * R2D_US_PER_MS, 20 * R2D_US_PER_S};
static const R2dBackoff transient = {25 * R2D_US_PER_MS, 20 * R2D_US_PER_S};

static void back_off(R2dSender *sender, R2dSlot *slot, const R2dBackoff *backoff, int64_t now_us)
{
    slot->attempt++;
    slot->due_us =
        now_us + r2d_backoff_delay_us(backoff, slot->attempt, r2d_random_unit(&sender->random));
    r2d_slot_set_state(sender, slot, R2D_SLOT_BACKOFF);
}

/* No write was accepted. Goes on for a while, then the whole sender fails with `why`. */
static R2dStatus fruitless(R2dSender *sender, int64_t now_us, const R2dError *why, R2dError *err)
{
    if (sender->fruitless_since_us == 0)
        sender->fruitless_since_us = now_us;
    if (now_us - sender->fruitless_since_us < R2D_SENDER_PATIENCE_US)
        return R2D_OK;
    if (why != NULL) {
        *err = *why;
        return R2D_FAILED;
    }
    return r2d_fail(err, R2D_ERR_REMOTE, "table \"%s\" has accepted no write for %d minutes",
                    sender->options.table_name, (int)(R2D_SENDER_PATIENCE_US / R2D_US_PER_S / 60));
}

/* What the pacer is told of a call of which `accepted` units were written. */
static void tell_pacer(R2dSender *sender, const R2dSlot *slot, int accepted, double consumed,
                       bool one_partition, int64_t now_us)
{
    R2dPacerReply reply = {.sent_us = slot->sent_us,
                           .charge = slot->charge,
                           .accepted_units = accepted,
                           .consumed = consumed,
                           .one_partition = one_partition};
    reply.throttled_units = r2d_batch_units(&slot->batch, slot->sent) - accepted;
    r2d_pacer_reply(&sender->pacer, &reply, now_us);
}

static int written_units(const R2dSlot *slot, uint32_t unprocessed)
{
    int units = 0;
    for (int i = 0; i < slot->sent; i++)
        if (!(unprocessed >> i & 1))
            units += slot->batch.entries[i].units;
    return units;
}

/* Settles the sent entries that were written. Returns how many. */
static int settle_written(R2dSender *sender, R2dSlot *slot, uint32_t unprocessed)
{
    const R2dSenderSink *sink = &sender->options.sink;
    uint32_t keep = ~(uint32_t)0;
    int written = 0;
    for (int i = 0; i < slot->sent; i++) {
        if (unprocessed >> i & 1)
            continue;
        r2d_key_set_remove(&sender->keys, slot->batch.entries[i].key_hash);
        sink->settled(sink->context, slot->batch.entries[i].row, R2D_ROW_WRITTEN);
        keep &= ~((uint32_t)1 << i);
        written++;
    }
    if (written == slot->batch.count)
        r2d_batch_clear(&slot->batch);
    else
        r2d_batch_keep(&slot->batch, keep);
    return written;
}

static R2dStatus on_written(R2dSender *sender, R2dSlot *slot, const R2dBatchReply *reply,
                            int64_t now_us, R2dError *err)
{
    bool blamed =
        reply->unprocessed != 0 && r2d_slot_blame(sender, slot, R2D_THROTTLE_UNTOLD, now_us);
    tell_pacer(sender, slot, written_units(slot, reply->unprocessed), reply->consumed, blamed,
               now_us);
    if (blamed || reply->unprocessed == 0)
        r2d_slot_tell_spread(sender, slot, reply->unprocessed, now_us);
    if (reply->consumed > 0)
        sender->counts.write_units += reply->consumed;
    int sent = slot->sent;
    int written = settle_written(sender, slot, reply->unprocessed);
    sender->counts.throttled += sent - written;
    slot->suspects = slot->suspects > written ? slot->suspects - written : 0;
    slot->clock_attempt = 0;
    if (written > 0) {
        slot->attempt = 0;
        sender->fruitless_since_us = 0;
        sender->table_answered = true;
        sender->accepted++;
        if (!slot->searched)
            slot->trial = (R2dTrial){0};
    }
    if (slot->batch.count == 0)
        r2d_slot_set_state(sender, slot, R2D_SLOT_FREE);
    else if (written == sent)
        r2d_slot_set_state(sender, slot, R2D_SLOT_READY);
    else if (!blamed || !r2d_slot_hand_over(sender, slot, now_us))
        back_off(sender, slot, &throttle, now_us);
    return written > 0 ? R2D_OK : fruitless(sender, now_us, NULL, err);
}

static R2dStatus on_throttle(R2dSender *sender, R2dSlot *slot, int64_t now_us, const R2dError *why,
                             R2dError *err)
{
    bool one_partition =
        r2d_batch_write_one_partition(r2d_bytes_view(&slot->call.exchange.response));
    tell_pacer(sender, slot, 0, -1, one_partition, now_us);
    sender->counts.throttled += slot->sent;
    bool blamed = r2d_slot_blame(
        sender, slot, one_partition ? R2D_THROTTLE_PARTITION : R2D_THROTTLE_TABLE, now_us);
    if (blamed)
        r2d_slot_tell_spread(sender, slot, ~(uint32_t)0, now_us);
    if (!blamed || !r2d_slot_hand_over(sender, slot, now_us))
        back_off(sender, slot, one_partition ? &partition : &throttle, now_us);
    return fruitless(sender, now_us, why, err);
}

/* The one row that was sent is rejected; the others of its batch go on. */
static R2dStatus reject_first(R2dSender *sender, R2dSlot *slot, const R2dError *why, R2dError *err)
{
    const R2dBatchEntry *entry = &slot->batch.entries[0];
    const R2dSenderSink *sink = &sender->options.sink;
    R2dStatus status =
        sink->rejected(sink->context, entry->row, r2d_batch_request(&slot->batch, 0), why, err);
    if (status != R2D_OK)
        return status;
    r2d_key_set_remove(&sender->keys, entry->key_hash);
    r2d_batch_keep(&slot->batch, ~(uint32_t)1);
    slot->suspects = 0;
    return R2D_OK;
}

/* The service refuses the call because of its data: narrow down to one item, and reject that. */
static R2dStatus on_refused(R2dSender *sender, R2dSlot *slot, const R2dError *why, R2dError *err)
{
    slot->suspects = slot->sent;
    r2d_pacer_refund(&sender->pacer, slot->charge);
    if (slot->sent == 1) {
        R2dStatus status = reject_first(sender, slot, why, err);
        if (status != R2D_OK)
            return status;
        sender->fruitless_since_us = 0;
        sender->table_answered = true;
    }
    r2d_slot_set_state(sender, slot, slot->batch.count > 0 ? R2D_SLOT_READY : R2D_SLOT_FREE);
    return R2D_OK;
}

/* The service always fails on this row, and takes others. Too many of them are an outage. */
static R2dStatus give_up(R2dSender *sender, R2dSlot *slot, const R2dError *why, R2dError *err)
{
    R2dError reject;
    sender->service_error = *why;
    if (sender->given_up == R2D_SERVICE_ERROR_ROWS_MAX) {
        r2d_service_error_outage(why, err);
        return R2D_FAILED;
    }
    sender->given_up++;
    r2d_service_error_reject(why, &reject);
    R2dStatus status = reject_first(sender, slot, &reject, err);
    if (status == R2D_OK)
        r2d_slot_set_state(sender, slot, slot->batch.count > 0 ? R2D_SLOT_READY : R2D_SLOT_FREE);
    return status;
}

/* An error of the service itself: most pass, some are due to a row. */
static R2dStatus on_service_error(R2dSender *sender, R2dSlot *slot, int64_t now_us,
                                  const R2dError *why, R2dError *err)
{
    R2dServiceVerdict verdict;
    R2dStatus status = r2d_slot_service_failed(sender, slot, now_us, &verdict, err);
    if (status != R2D_OK)
        return status;
    if (verdict == R2D_SERVICE_GIVE_UP)
        return give_up(sender, slot, why, err);
    if (verdict == R2D_SERVICE_HALVES) {
        r2d_slot_set_state(sender, slot, R2D_SLOT_READY);
    } else {
        back_off(sender, slot, &transient, now_us);
        slot->due_us = now_us + (slot->due_us - now_us) / r2d_slot_turns(sender, slot);
    }
    return fruitless(sender, now_us, why, err);
}

static R2dStatus on_clock(R2dSender *sender, R2dSlot *slot, const R2dError *why, R2dError *err)
{
    if (++slot->clock_attempt > CLOCK_ATTEMPTS_MAX) {
        *err = *why;
        return R2D_FAILED;
    }
    r2d_pacer_refund(&sender->pacer, slot->charge);
    r2d_slot_set_state(sender, slot, R2D_SLOT_READY);
    return R2D_OK;
}

/* ResourceNotFoundException soon after CreateTable . */
static bool is_new_table(const R2dSender *sender, const R2dError *why, int64_t now_us)
{
    int64_t since_us = sender->fruitless_since_us;
    return !sender->table_answered && strcmp(why->code, "ResourceNotFoundException") == 0 &&
           (since_us == 0 || now_us - since_us < R2D_SENDER_NEW_TABLE_US);
}

static R2dStatus on_failed(R2dSender *sender, R2dSlot *slot, int64_t now_us, const R2dError *why,
                           R2dError *err)
{
    R2dAction action = is_new_table(sender, why, now_us) ? R2D_ACT_RETRY : why->action;
    switch (action) {
    case R2D_ACT_RETRY:
        if (r2d_service_error_is(why))
            return on_service_error(sender, slot, now_us, why, err);
        back_off(sender, slot, &transient, now_us);
        return fruitless(sender, now_us, why, err);
    case R2D_ACT_THROTTLE:
        return on_throttle(sender, slot, now_us, why, err);
    case R2D_ACT_REJECT:
        return on_refused(sender, slot, why, err);
    case R2D_ACT_CLOCK:
        return on_clock(sender, slot, why, err);
    default:
        *err = *why;
        return R2D_FAILED;
    }
}

R2dStatus r2d_slot_reply(R2dSender *sender, R2dSlot *slot, int64_t now_us, R2dError *err)
{
    R2dBatchReply reply;
    R2dError why = {0};
    R2dError ignored;
    if (err == NULL)
        err = &ignored;
    R2dStatus status = r2d_aws_judge(sender->options.service, &slot->call, &why);
    r2d_slot_note_late(sender, slot, &why, now_us);
    if (status != R2D_OK)
        return on_failed(sender, slot, now_us, &why, err);
    status = r2d_batch_write_reply(&slot->batch, slot->sent, sender->options.mapping,
                                   r2d_bytes_view(&slot->call.exchange.response), &sender->scratch,
                                   &reply, &why);
    if (status == R2D_OK)
        return on_written(sender, slot, &reply, now_us, err);
    if (why.kind != R2D_ERR_MEMORY)
        why.action = R2D_ACT_RETRY; /* unreadable: nothing is known, a repeated put is the same */
    return on_failed(sender, slot, now_us, &why, err);
}
