/* sender_late.c - what may still be applied by requests that nobody answered. */
#include "sender_slot.h"

static int64_t now_of(const R2dSender *sender)
{
    return r2d_mono_us(sender->options.clock);
}

/* A 5xx without a code of the service is the word of something between us and it. */
static bool is_unanswered(const R2dSlot *slot, const R2dError *why)
{
    return slot->call.exchange.unanswered || (why->http_status >= 500 && why->code[0] == '\0');
}

void r2d_slot_note_late(R2dSender *sender, const R2dSlot *slot, const R2dError *why, int64_t now_us)
{
    const R2dBatchEntry *entries = slot->batch.entries;
    if (sender->options.late_grace_us == 0 || !is_unanswered(slot, why))
        return;
    for (int i = 0; i < slot->sent; i++)
        r2d_late_keys_add(&sender->late, entries[i].key_hash, entries[i].row,
                          now_us + sender->options.late_grace_us, now_us);
}

void r2d_sender_note_taken(R2dSender *sender, uint64_t key_hash, int64_t row)
{
    int64_t now_us = now_of(sender);
    if (now_us < sender->lost_until_us)
        r2d_late_keys_add(&sender->late, key_hash, row, sender->lost_until_us, now_us);
    else
        sender->lost_until_us = 0;
}

int64_t r2d_sender_late_until_us(const R2dSender *sender, uint64_t key_hash, int64_t row)
{
    if (sender->late.until_us == 0)
        return 0;
    return r2d_late_keys_find(&sender->late, key_hash, row, now_of(sender));
}

void r2d_sender_take_over(R2dSender *sender, bool lost, int64_t late_for_us)
{
    int64_t now_us = now_of(sender);
    if (lost && sender->options.late_grace_us > 0)
        sender->lost_until_us = now_us + sender->options.late_grace_us;
    if (late_for_us > 0)
        r2d_late_keys_add_all(&sender->late, now_us + late_for_us);
}

int64_t r2d_sender_late_for_us(const R2dSender *sender, int64_t row)
{
    if (sender->late.until_us == 0)
        return 0;
    int64_t now_us = now_of(sender);
    int64_t until_us = r2d_late_keys_until(&sender->late, row, now_us);
    return until_us > now_us ? until_us - now_us : 0;
}
