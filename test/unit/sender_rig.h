/* sender_rig.h - a sender over the fake DynamoDB, and what became of each of its rows. */
#ifndef R2D_SENDER_RIG_H
#define R2D_SENDER_RIG_H

#include "send_rig.h"

#include "send/sender.h"

enum { SENDER_ROWS_MAX = 4096 };

typedef struct SenderRig {
    SendRig base;
    R2dSender *sender;
    R2dOutcome outcomes[SENDER_ROWS_MAX];
    int settled_twice;
    R2dError refusal;  /* why the last row was rejected */
    char refused[256]; /* its write request */
} SenderRig;

R2dStatus sender_rig_open(SenderRig *t, int in_flight_max, R2dError *err);
void sender_rig_begin(SenderRig *t, RigKey key, int in_flight_max);
void sender_rig_end(SenderRig *t); /* checks that no row was settled twice, and send_rig_free */

/* A row into the open batch; false when there is none or its key is busy. */
bool sender_rig_add(SenderRig *t, int64_t number, const char *id, const char *v);
/* Rows with the keys <prefix>0, <prefix>1, ... */
void sender_rig_add_many(SenderRig *t, int64_t first, int count, const char *prefix);

/* One round of what the owner of the client does. */
R2dStatus sender_rig_turn(SenderRig *t, R2dError *err);
/* Moves the clock to whatever comes next. */
void sender_rig_pass_time(SenderRig *t);
/* Flushes and goes on until no row is held. */
R2dStatus sender_rig_run(SenderRig *t, R2dError *err);
void sender_rig_assert(const SenderRig *t, int64_t first, int64_t last, R2dOutcome outcome);

#endif
