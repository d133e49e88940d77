/* sender_slot.h - what sender.c and sender_reply.c share. Private to the sender. */
#ifndef R2D_SENDER_SLOT_H
#define R2D_SENDER_SLOT_H

#include "../base/backoff.h"
#include "batch_write.h"
#include "key_set.h"
#include "late_keys.h"
#include "pacer.h"
#include "sender.h"
#include "window.h"

typedef enum R2dSlotState {
    R2D_SLOT_FREE = 0,
    R2D_SLOT_FILLING, /* the open batch */
    R2D_SLOT_READY,   /* waits for the pacer and the window */
    R2D_SLOT_FLYING,
    R2D_SLOT_BACKOFF, /* waits until due_us */
    R2D_SLOT_DUE,     /* waited; may be topped up until due_us, then it is ready */
    R2D_SLOT_STATES,
} R2dSlotState;

typedef struct R2dSlot {
    R2dSlotState state;
    struct R2dSlot *next; /* in the list of free or of ready slots */
    R2dBatch batch;
    R2dAwsCall call;
    R2dAwsPair pairs[2];
    R2dBytes part;  /* body of a call for a part of the batch */
    int sent;       /* entries in the call that flies */
    int suspects;   /* the first so many entries hold one that the service refuses; 0: none known */
    int attempt;    /* failures in a row */
    R2dTrial trial; /* of the batch, while the service fails on it */
    bool searched;  /* ... for the rows that it fails on: the batch takes no new rows */
    int clock_attempt; /* corrections of the clock in a row */
    int64_t sent_us;
    int64_t due_us;
    double charge;
    uint64_t order; /* of becoming ready for the first time: the oldest rows go first */
} R2dSlot;

struct R2dSender {
    R2dSenderOptions options;
    R2dSlot *slots;
    int slot_count;
    int in_state[R2D_SLOT_STATES]; /* how many slots are in each state */
    R2dSlot *open;                 /* the filling one, or NULL */
    R2dSlot *free;
    R2dSlot *ready; /* by order */
    int64_t started;
    bool flushing; /* no new row is at hand: nothing waits to be topped up */
    uint64_t orders;
    R2dKeySet keys;
    R2dLateKeys late;
    int64_t lost_until_us; /* requests of a lost sender may be applied until then; 0: no such */
    R2dPacer pacer;
    R2dWindow window;
    R2dRandom random;
    R2dBytes scratch;           /* keys of unprocessed items */
    int64_t table_until_us;     /* what comes back is laid to the rate of the whole table */
    int64_t fruitless_since_us; /* first failure since a write was accepted; 0: none */
    bool table_answered;        /* it took a row, or refused one alone */
    R2dSenderCounts counts;
    int64_t accepted;       /* calls of which a write was accepted */
    int given_up;           /* rows rejected for errors of the service itself */
    R2dError service_error; /* of the last one */
};

/* Leaving the ready list is r2d_sender_pump's alone, leaving the free list r2d_sender_batch's. */
void r2d_slot_set_state(R2dSender *sender, R2dSlot *slot, R2dSlotState state);

/* Judges the reply of a slot that flew, and moves the slot on. */
R2dStatus r2d_slot_reply(R2dSender *sender, R2dSlot *slot, int64_t now_us, R2dError *err);

/* sender_late.c: after the call of a slot is done, before its entries change. why: as judged. */
void r2d_slot_note_late(R2dSender *sender, const R2dSlot *slot, const R2dError *why,
                        int64_t now_us);

/* sender_service.c: what follows when the service failed on what a slot has sent. */
typedef enum R2dServiceVerdict {
    R2D_SERVICE_AGAIN,   /* later */
    R2D_SERVICE_HALVES,  /* at once, a half of it: `suspects` is set */
    R2D_SERVICE_GIVE_UP, /* the one row that was sent is rejected */
} R2dServiceVerdict;

R2dStatus r2d_slot_service_failed(R2dSender *sender, R2dSlot *slot, int64_t now_us,
                                  R2dServiceVerdict *verdict, R2dError *err);
/* Entries at the end of the batch on which the service failed when they were sent alone; they are
 * sent alone when no other is left. */
int r2d_slot_alone(const R2dSlot *slot);
/* How many rows of the slot wait at once, each sent alone after so many turns; 1 for a batch, and
 * as long as the service takes nothing. */
int r2d_slot_turns(const R2dSender *sender, const R2dSlot *slot);

/* What a service that refused writes says about the cause. */
typedef enum R2dThrottle {
    R2D_THROTTLE_UNTOLD,
    R2D_THROTTLE_PARTITION,
    R2D_THROTTLE_TABLE,
} R2dThrottle;

/* sender_spread.c: whether what came back of this call is laid to the partitions of its keys; the
 * window is on then. */
bool r2d_slot_blame(R2dSender *sender, const R2dSlot *slot, R2dThrottle told, int64_t now_us);
/* Tells the pace of each key, if the window is on, what became of its rows in this call. */
void r2d_slot_tell_spread(R2dSender *sender, const R2dSlot *slot, uint32_t unprocessed,
                          int64_t now_us);
/* All entries left go into the window, the slot is free. false when some stay: there is no room. */
bool r2d_slot_hand_over(R2dSender *sender, R2dSlot *slot, int64_t now_us);

#endif
