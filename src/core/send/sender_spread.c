/* sender_spread.c - rows that came back for the sake of single partitions go into the window. */
#include "sender_slot.h"

/* Fewer rows are no evidence. */
#define ROWS_MIN 4
/* Who was told that the table refuses does not look for other causes for so long. */
#define TOLD_US ((int64_t)10 * R2D_US_PER_S)

/* Most rows of the call share their partition key with others. */
static bool is_concentrated(const R2dSlot *slot)
{
    const R2dBatchEntry *entries = slot->batch.entries;
    int keys = 0;
    for (int i = 0; i < slot->sent; i++) {
        int same = 0;
        while (entries[same].partition_hash != entries[i].partition_hash)
            same++;
        keys += same == i;
    }
    return slot->sent >= ROWS_MIN && keys * 2 <= slot->sent;
}

bool r2d_slot_blame(R2dSender *sender, const R2dSlot *slot, R2dThrottle told, int64_t now_us)
{
    R2dSpread *spread = sender->options.spread;
    if (spread == NULL)
        return false;
    if (told != R2D_THROTTLE_UNTOLD)
        sender->table_until_us = told == R2D_THROTTLE_TABLE ? now_us + TOLD_US : 0;
    if (slot->suspects > 0 || slot->searched || told == R2D_THROTTLE_TABLE)
        return false;
    if (!r2d_spread_on(spread) && (now_us < sender->table_until_us || !is_concentrated(slot)))
        return false;
    return r2d_spread_blame(spread, now_us);
}

void r2d_slot_tell_spread(R2dSender *sender, const R2dSlot *slot, uint32_t unprocessed,
                          int64_t now_us)
{
    const R2dBatchEntry *entries = slot->batch.entries;
    uint32_t told = 0;
    if (sender->options.spread == NULL || !r2d_spread_on(sender->options.spread))
        return;
    for (int i = 0; i < slot->sent; i++) {
        R2dSpreadReply reply = {.sent_us = slot->sent_us};
        if (told >> i & 1)
            continue;
        for (int k = i; k < slot->sent; k++) {
            if (entries[k].partition_hash != entries[i].partition_hash)
                continue;
            *(unprocessed >> k & 1 ? &reply.returned_units : &reply.accepted_units) +=
                entries[k].units;
            told |= (uint32_t)1 << k;
        }
        r2d_spread_reply(sender->options.spread, entries[i].partition_hash, &reply, now_us);
    }
}

bool r2d_slot_hand_over(R2dSender *sender, R2dSlot *slot, int64_t now_us)
{
    R2dBatch *batch = &slot->batch;
    for (int i = batch->count - 1; i >= 0; i--) {
        if (!r2d_spread_give_back(sender->options.spread, batch, i, now_us)) {
            r2d_batch_keep(batch, ((uint32_t)2 << i) - 1);
            return false;
        }
        r2d_key_set_remove(&sender->keys, batch->entries[i].key_hash);
    }
    r2d_slot_set_state(sender, slot, R2D_SLOT_FREE);
    return true;
}
