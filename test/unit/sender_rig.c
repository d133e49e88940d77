/* sender_rig.c - see sender_rig.h. */
#include "sender_rig.h"

#include <stdio.h>

static void note(SenderRig *t, int64_t row, R2dOutcome outcome)
{
    t->settled_twice += t->outcomes[row] != R2D_ROW_OPEN;
    t->outcomes[row] = outcome;
}

static void on_settled(void *context, int64_t row, R2dOutcome outcome)
{
    note(context, row, outcome);
}

static R2dStatus on_rejected(void *context, int64_t row, R2dView request, const R2dError *why,
                             R2dError *err)
{
    SenderRig *t = context;
    (void)err;
    note(t, row, R2D_ROW_REJECTED);
    t->refusal = *why;
    r2d_text_copy(t->refused, sizeof t->refused, request.data, request.len);
    return R2D_OK;
}

R2dStatus sender_rig_open(SenderRig *t, int in_flight_max, R2dError *err)
{
    R2dSenderOptions options = {
        .alloc = &t->base.unit.alloc,
        .clock = &t->base.clock.clock,
        .http = &t->base.fake.client,
        .service = &t->base.service,
        .mapping = &t->base.mapping,
        .table_name = "table",
        .in_flight_max = in_flight_max,
        .initial_wcu = 100000,
        .seed = 1,
        .sink = {.settled = on_settled, .rejected = on_rejected, .context = t}};
    return r2d_sender_open(&t->sender, &options, err);
}

void sender_rig_begin(SenderRig *t, RigKey key, int in_flight_max)
{
    R2dError err;
    memset(t, 0, sizeof *t);
    send_rig_init(&t->base, key, 1);
    assert_int_equal(sender_rig_open(t, in_flight_max, &err), R2D_OK);
    t->base.clock.mono_us += 100000; /* the pacer's bucket is full */
}

void sender_rig_end(SenderRig *t)
{
    assert_int_equal(t->settled_twice, 0);
    r2d_sender_close(t->sender);
    send_rig_free(&t->base);
}

bool sender_rig_add(SenderRig *t, int64_t number, const char *id, const char *v)
{
    R2dReason reason;
    R2dBatch *batch = r2d_sender_batch(t->sender);
    if (batch == NULL)
        return false;
    R2dRow row = send_rig_row(&t->base, number, id, v);
    assert_int_equal(r2d_batch_encode(batch, &t->base.mapping, &row, &reason, NULL), R2D_OK);
    if (r2d_sender_key_busy(t->sender, batch->pending.key_hash)) {
        r2d_batch_rollback(batch);
        return false;
    }
    r2d_sender_commit(t->sender);
    return true;
}

void sender_rig_add_many(SenderRig *t, int64_t first, int count, const char *prefix)
{
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s%d", prefix, i);
        assert_true(sender_rig_add(t, first + i, id, "text"));
    }
}

R2dStatus sender_rig_turn(SenderRig *t, R2dError *err)
{
    R2dHttpExchange *exchange;
    R2dHttpClient *http = &t->base.fake.client;
    R2dStatus status = http->ops->step(http, err);
    while (status == R2D_OK && (exchange = http->ops->next_done(http)) != NULL) {
        assert_true(r2d_sender_owns(t->sender, exchange));
        status = r2d_sender_done(t->sender, exchange, err);
    }
    return status == R2D_OK ? r2d_sender_pump(t->sender, err) : status;
}

void sender_rig_pass_time(SenderRig *t)
{
    int64_t reply_us = fake_dynamodb_next_us(&t->base.fake);
    int64_t wait_us = r2d_sender_wait_us(t->sender);
    if (wait_us < 0 || (reply_us >= 0 && reply_us < wait_us))
        wait_us = reply_us;
    t->base.clock.mono_us += wait_us > 0 ? wait_us : 1;
}

R2dStatus sender_rig_run(SenderRig *t, R2dError *err)
{
    r2d_sender_flush(t->sender);
    for (int turns = 0; turns < 100000; turns++) {
        R2dStatus status = sender_rig_turn(t, err);
        if (status != R2D_OK || r2d_sender_idle(t->sender))
            return status;
        sender_rig_pass_time(t);
    }
    fail_msg("the sender does not come to an end");
    return R2D_FAILED;
}

void sender_rig_assert(const SenderRig *t, int64_t first, int64_t last, R2dOutcome outcome)
{
    for (int64_t row = first; row <= last; row++)
        assert_int_equal(t->outcomes[row], outcome);
}
