/* sender_service.c - what an error of the service itself means for the rows of its call. */
#include "sender_slot.h"

/* Rows that failed alone stand behind the others, so that those go first, and in the order of their
 * turns. */
int r2d_slot_alone(const R2dSlot *slot)
{
    int first = slot->batch.count;
    while (first > 0 && slot->batch.entries[first - 1].trial.tries > 0)
        first--;
    return slot->batch.count - first;
}

int r2d_slot_turns(const R2dSender *sender, const R2dSlot *slot)
{
    int alone = r2d_slot_alone(slot);
    bool vouched = sender->accepted > slot->batch.entries[0].trial.accepted;
    return alone == slot->batch.count && vouched ? alone : 1;
}

static int64_t patience_us(const R2dSender *sender)
{
    int64_t patience_us = sender->options.service_error_patience_us;
    return patience_us > 0 ? patience_us : R2D_SERVICE_ERROR_PATIENCE_US;
}

static R2dStatus failed_alone(R2dSender *sender, R2dSlot *slot, int64_t now_us,
                              R2dServiceVerdict *verdict, R2dError *err)
{
    R2dTrial *trial = &slot->batch.entries[0].trial;
    slot->suspects = 0;
    if (trial->tries == 0)
        trial->vouched = sender->accepted > slot->trial.accepted;
    if (r2d_trial_row(trial, sender->accepted, patience_us(sender), now_us)) {
        *verdict = R2D_SERVICE_GIVE_UP;
        return R2D_OK;
    }
    *verdict = R2D_SERVICE_AGAIN;
    if (!r2d_batch_rotate(&slot->batch, &slot->part))
        return r2d_fail_memory(err);
    if (trial->vouched) /* that of the row whose turn it is now */
        slot->attempt = trial->tries;
    return R2D_OK;
}

R2dStatus r2d_slot_service_failed(R2dSender *sender, R2dSlot *slot, int64_t now_us,
                                  R2dServiceVerdict *verdict, R2dError *err)
{
    *verdict = R2D_SERVICE_AGAIN;
    if (!slot->searched) {
        if (!r2d_trial_batch(&slot->trial, sender->accepted, patience_us(sender), now_us))
            return R2D_OK;
        slot->searched = true;
        slot->trial.accepted = sender->accepted;
        slot->attempt = 0; /* its good rows have waited long enough */
    }
    if (slot->sent == 1)
        return failed_alone(sender, slot, now_us, verdict, err);
    slot->suspects = slot->sent;
    *verdict = R2D_SERVICE_HALVES;
    return R2D_OK;
}
