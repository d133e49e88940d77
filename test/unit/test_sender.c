/* test_sender.c - batches are sent, resent, topped up and narrowed down until each row is settled.
 */
#include "send_rig.h"

#include "send/sender.h"

#include <stdio.h>

enum { ROWS_MAX = 4096 };

static SendRig rig;
static R2dSender *sender;
static R2dOutcome outcomes[ROWS_MAX];
static int settled_twice;
static R2dError refusal; /* why the last row was rejected */
static char refused[256];

static void note(int64_t row, R2dOutcome outcome)
{
    settled_twice += outcomes[row] != R2D_ROW_OPEN;
    outcomes[row] = outcome;
}

static void on_settled(void *context, int64_t row, R2dOutcome outcome)
{
    (void)context;
    note(row, outcome);
}

static R2dStatus on_rejected(void *context, int64_t row, R2dView request, const R2dError *why,
                             R2dError *err)
{
    (void)context;
    (void)err;
    note(row, R2D_ROW_REJECTED);
    refusal = *why;
    r2d_text_copy(refused, sizeof refused, request.data, request.len);
    return R2D_OK;
}

static R2dStatus open_sender(int in_flight_max, double max_wcu, R2dError *err)
{
    R2dSenderOptions options = {.alloc = &rig.unit.alloc,
                                .clock = &rig.clock.clock,
                                .http = &rig.fake.client,
                                .service = &rig.service,
                                .mapping = &rig.mapping,
                                .table_name = "table",
                                .in_flight_max = in_flight_max,
                                .initial_wcu = 100000,
                                .max_wcu = max_wcu,
                                .seed = 1,
                                .sink = {.settled = on_settled, .rejected = on_rejected}};
    return r2d_sender_open(&sender, &options, err);
}

static void begin(RigKey key, int in_flight_max)
{
    R2dError err;
    memset(outcomes, 0, sizeof outcomes);
    settled_twice = 0;
    refused[0] = '\0';
    send_rig_init(&rig, key, 1);
    assert_int_equal(open_sender(in_flight_max, 0, &err), R2D_OK);
    rig.clock.mono_us += 100000; /* the pacer's bucket is full */
}

static void end(void)
{
    assert_int_equal(settled_twice, 0);
    r2d_sender_close(sender);
    send_rig_free(&rig);
}

/* A row into the open batch; false when there is none or its key is busy. */
static bool add(int64_t number, const char *id, const char *v)
{
    R2dReason reason;
    R2dBatch *batch = r2d_sender_batch(sender);
    if (batch == NULL)
        return false;
    R2dRow row = send_rig_row(&rig, number, id, v);
    assert_int_equal(r2d_batch_encode(batch, &rig.mapping, &row, &reason, NULL), R2D_OK);
    if (r2d_sender_key_busy(sender, batch->pending.key_hash)) {
        r2d_batch_rollback(batch);
        return false;
    }
    r2d_sender_commit(sender);
    return true;
}

static void add_many(int64_t first, int count, const char *prefix)
{
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s%d", prefix, i);
        assert_true(add(first + i, id, "text"));
    }
}

static R2dStatus turn(R2dError *err)
{
    R2dHttpExchange *exchange;
    R2dHttpClient *http = &rig.fake.client;
    R2dStatus status = http->ops->step(http, err);
    while (status == R2D_OK && (exchange = http->ops->next_done(http)) != NULL) {
        assert_true(r2d_sender_owns(sender, exchange));
        status = r2d_sender_done(sender, exchange, err);
    }
    return status == R2D_OK ? r2d_sender_pump(sender, err) : status;
}

/* Moves the clock to whatever comes next. */
static void pass_time(void)
{
    int64_t reply_us = fake_dynamodb_next_us(&rig.fake);
    int64_t wait_us = r2d_sender_wait_us(sender);
    if (wait_us < 0 || (reply_us >= 0 && reply_us < wait_us))
        wait_us = reply_us;
    rig.clock.mono_us += wait_us > 0 ? wait_us : 1;
}

static R2dStatus run(R2dError *err)
{
    r2d_sender_flush(sender);
    for (int turns = 0; turns < 100000; turns++) {
        R2dStatus status = turn(err);
        if (status != R2D_OK || r2d_sender_idle(sender))
            return status;
        pass_time();
    }
    fail_msg("the sender does not come to an end");
    return R2D_FAILED;
}

static void assert_outcomes(int64_t first, int64_t last, R2dOutcome outcome)
{
    for (int64_t row = first; row <= last; row++)
        assert_int_equal(outcomes[row], outcome);
}

static void a_full_batch_is_sent_and_settled(void **state)
{
    (void)state;
    R2dError err;
    R2dSenderCounts counts;
    begin(RIG_STRING, 4);
    add_many(1, 25, "k");
    assert_int_equal(turn(&err), R2D_OK);
    assert_int_equal(rig.fake.flying, 1);
    assert_string_equal(rig.fake.last_target, "DynamoDB_20120810.BatchWriteItem");
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 25, R2D_ROW_WRITTEN);
    assert_int_equal(rig.fake.item_count, 25);
    r2d_sender_counts(sender, &counts);
    assert_int_equal(counts.requests, 1);
    assert_int_equal(counts.throttled, 0);
    assert_true(counts.write_units == 25);
    end();
}

static void many_batches_fly_at_once_up_to_the_limit(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 4);
    for (int i = 0; i < 4; i++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "b%d-", i);
        add_many(1 + i * 25, 25, prefix);
        assert_int_equal(turn(&err), R2D_OK);
    }
    assert_int_equal(rig.fake.flying, 4);
    add_many(101, 25, "c");
    add_many(126, 25, "d");
    assert_int_equal(turn(&err), R2D_OK);
    assert_int_equal(rig.fake.flying, 4);
    assert_null(r2d_sender_batch(sender)); /* two are ready: reading stops */
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 150, R2D_ROW_WRITTEN);
    assert_int_equal(rig.fake.flying_max, 4);
    end();
}

static void a_key_in_another_batch_is_busy_until_it_is_settled(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 4);
    add_many(1, 25, "k");
    assert_int_equal(turn(&err), R2D_OK);
    assert_false(add(26, "k3", "newer"));
    fake_dynamodb_push(&rig.fake, FAKE_OK);
    assert_int_equal(run(&err), R2D_OK);
    assert_true(add(26, "k3", "newer"));
    assert_true(add(27, "k3", "newest"));
    assert_int_equal(run(&err), R2D_OK);
    assert_int_equal(outcomes[26], R2D_ROW_COLLAPSED);
    assert_int_equal(outcomes[27], R2D_ROW_WRITTEN);
    assert_non_null(strstr(fake_dynamodb_item(&rig.fake, "{\"S\":\"k3\"}"), "newest"));
    end();
}

static void unprocessed_items_are_sent_again_and_nothing_else(void **state)
{
    (void)state;
    R2dError err;
    R2dSenderCounts counts;
    begin(RIG_STRING, 4);
    fake_dynamodb_push(&rig.fake, FAKE_PARTIAL);
    fake_dynamodb_push(&rig.fake, FAKE_NONE_PROCESSED);
    add_many(1, 25, "k");
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 25, R2D_ROW_WRITTEN);
    assert_int_equal(rig.fake.writes, 25);
    r2d_sender_counts(sender, &counts);
    assert_int_equal(counts.requests, 3);
    assert_in_range(counts.throttled, 2, 50);
    end();
}

static void number_keys_are_found_again_when_normalised(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_NUMBER, 4);
    fake_dynamodb_push(&rig.fake, FAKE_NONE_PROCESSED);
    assert_true(add(1, "1.50", "x"));
    assert_true(add(2, "200", "y"));
    assert_true(add(3, "0.0010", "z"));
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 3, R2D_ROW_WRITTEN);
    end();
}

static void a_rest_is_topped_up_with_new_rows(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 1);
    fake_dynamodb_push(&rig.fake, FAKE_PARTIAL);
    add_many(1, 25, "k");
    assert_int_equal(turn(&err), R2D_OK);
    rig.clock.mono_us += 10000;
    assert_int_equal(turn(&err), R2D_OK);
    int written = (int)rig.fake.writes;
    assert_in_range(written, 1, 24);
    rig.clock.mono_us += 50000; /* longer than the first backoff can be */
    assert_int_equal(turn(&err), R2D_OK);
    assert_int_equal(r2d_sender_batch(sender)->count, 25 - written);
    add_many(26, written, "new");
    assert_int_equal(turn(&err), R2D_OK);
    assert_int_equal(rig.fake.last_count, 25);
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 25 + written, R2D_ROW_WRITTEN);
    assert_int_equal(rig.fake.requests, 2);
    end();
}

static void a_rest_without_new_rows_is_sent_soon(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 1);
    fake_dynamodb_push(&rig.fake, FAKE_PARTIAL);
    add_many(1, 25, "k");
    int64_t start_us = rig.clock.mono_us;
    for (int i = 0; i < 1000 && !r2d_sender_idle(sender); i++) {
        assert_int_equal(turn(&err), R2D_OK);
        if (!r2d_sender_idle(sender))
            pass_time();
    }
    assert_outcomes(1, 25, R2D_ROW_WRITTEN);
    assert_true(rig.clock.mono_us - start_us < 100000);
    end();
}

static void whatever_fails_on_the_way_is_sent_again(void **state)
{
    (void)state;
    static const FakeKind kinds[] = {
        FAKE_THROTTLE,     FAKE_THROTTLE_PARTITION, FAKE_ERROR_BEFORE, FAKE_ERROR_AFTER,
        FAKE_RESET_BEFORE, FAKE_RESET_AFTER,        FAKE_GARBAGE,      FAKE_STRANGER};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        R2dError err;
        R2dSenderCounts counts;
        begin(RIG_STRING, 4);
        fake_dynamodb_push(&rig.fake, kinds[i]);
        fake_dynamodb_push(&rig.fake, kinds[i]);
        add_many(1, 25, "k");
        assert_int_equal(run(&err), R2D_OK);
        assert_outcomes(1, 25, R2D_ROW_WRITTEN);
        assert_int_equal(rig.fake.requests, 3);
        assert_int_equal(rig.fake.last_count, 25);
        assert_int_equal(rig.fake.item_count, 25);
        r2d_sender_counts(sender, &counts);
        assert_int_equal(counts.requests, 3);
        assert_int_equal(counts.throttled, i < 2 ? 50 : 0);
        end();
    }
}

static void a_skewed_clock_is_corrected_at_once_but_not_for_ever(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 4);
    fake_dynamodb_push(&rig.fake, FAKE_SKEWED);
    add_many(1, 25, "k");
    int64_t start_us = rig.clock.mono_us;
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 25, R2D_ROW_WRITTEN);
    assert_true(rig.clock.mono_us - start_us <= 20000);
    assert_true(rig.service.skew_us > 3600 * R2D_US_PER_S);
    for (int i = 0; i < 4; i++)
        fake_dynamodb_push(&rig.fake, FAKE_SKEWED);
    add_many(26, 5, "n");
    assert_int_equal(run(&err), R2D_FAILED);
    assert_string_equal(err.code, "InvalidSignatureException");
    end();
}

static void systemic_failures_stop_the_sender(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 4);
    fake_dynamodb_push(&rig.fake, FAKE_NO_TABLE);
    add_many(1, 25, "k");
    assert_int_equal(run(&err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_outcomes(1, 25, R2D_ROW_OPEN);
    end();
    begin(RIG_STRING, 4);
    fake_dynamodb_push(&rig.fake, FAKE_EXPIRED);
    add_many(1, 25, "k");
    assert_int_equal(run(&err), R2D_FAILED);
    assert_int_equal(err.action, R2D_ACT_CREDENTIALS);
    r2d_sender_cancel(sender);
    assert_true(r2d_sender_idle(sender));
    end();
}

static void one_bad_item_is_found_and_the_others_are_written(void **state)
{
    (void)state;
    for (int bad = 1; bad <= 25; bad++) {
        R2dError err;
        char id[16];
        begin(RIG_STRING, 4);
        rig.fake.poison = "poison";
        for (int i = 1; i <= 25; i++) {
            snprintf(id, sizeof id, "k%d", i);
            assert_true(add(i, id, i == bad ? "poison" : "fine"));
        }
        assert_int_equal(run(&err), R2D_OK);
        for (int i = 1; i <= 25; i++)
            assert_int_equal(outcomes[i], i == bad ? R2D_ROW_REJECTED : R2D_ROW_WRITTEN);
        assert_string_equal(refusal.code, "ValidationException");
        assert_string_equal(refusal.detail, "an item is poisoned");
        assert_non_null(strstr(refused, "poison"));
        assert_int_equal(rig.fake.item_count, 24);
        assert_true(rig.fake.requests <= 12);
        assert_false(r2d_sender_key_busy(sender, 0));
        end();
    }
}

static void several_bad_items_are_found(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 60; seed++) {
        R2dError err;
        char id[16];
        R2dRandom random = {.state = seed};
        uint32_t bad = (uint32_t)r2d_random_next(&random);
        if (seed % 3 == 0)
            bad &= (uint32_t)r2d_random_next(&random);
        if (seed == 59)
            bad = ~(uint32_t)0;
        begin(RIG_STRING, 4);
        rig.fake.poison = "poison";
        rig.fake.chance[FAKE_PARTIAL] = seed % 2 * 0.3;
        rig.fake.chance[FAKE_THROTTLE] = seed % 2 * 0.1;
        for (int i = 1; i <= 25; i++) {
            snprintf(id, sizeof id, "k%d", i);
            assert_true(add(i, id, bad >> i & 1 ? "poison" : "fine"));
        }
        assert_int_equal(run(&err), R2D_OK);
        for (int i = 1; i <= 25; i++)
            assert_int_equal(outcomes[i], bad >> i & 1 ? R2D_ROW_REJECTED : R2D_ROW_WRITTEN);
        end();
    }
}

static void patience_ends_after_ten_minutes_without_a_write(void **state)
{
    (void)state;
    static const FakeKind kinds[] = {FAKE_RESET_BEFORE, FAKE_ERROR_BEFORE, FAKE_THROTTLE,
                                     FAKE_NONE_PROCESSED};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        R2dError err;
        begin(RIG_STRING, 4);
        rig.fake.chance[kinds[i]] = 1;
        add_many(1, 25, "k");
        int64_t start_us = rig.clock.mono_us;
        assert_int_equal(run(&err), R2D_FAILED);
        int64_t took_us = rig.clock.mono_us - start_us;
        assert_true(took_us >= R2D_SENDER_PATIENCE_US);
        assert_true(took_us < R2D_SENDER_PATIENCE_US + 60 * R2D_US_PER_S);
        assert_true(err.message[0] != '\0');
        assert_outcomes(1, 25, R2D_ROW_OPEN);
        end();
    }
}

static void the_hard_bound_paces_the_batches(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 8);
    r2d_sender_set_max_wcu(sender, 250);
    int64_t start_us = rig.clock.mono_us;
    for (int batch = 0; batch < 50; batch++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "b%d-", batch);
        while (r2d_sender_batch(sender) == NULL) {
            assert_int_equal(turn(&err), R2D_OK);
            pass_time();
        }
        add_many(1 + batch * 25, 25, prefix);
        assert_int_equal(turn(&err), R2D_OK);
    }
    assert_int_equal(run(&err), R2D_OK);
    double took_s = (double)(rig.clock.mono_us - start_us) / 1e6;
    assert_true(took_s > 4.85 && took_s < 5.1);
    assert_outcomes(1, 1250, R2D_ROW_WRITTEN);
    end();
}

static void cancelling_forgets_all_rows_and_frees_all_keys(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 4);
    add_many(1, 40, "k");
    assert_int_equal(turn(&err), R2D_OK);
    assert_int_equal(rig.fake.flying, 1);
    r2d_sender_cancel(sender);
    assert_int_equal(rig.fake.flying, 0);
    assert_true(r2d_sender_idle(sender));
    add_many(41, 40, "k");
    assert_int_equal(run(&err), R2D_OK);
    assert_outcomes(1, 40, R2D_ROW_OPEN);
    assert_outcomes(41, 80, R2D_ROW_WRITTEN);
    end();
}

static void nothing_is_allocated_once_it_runs(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING, 2);
    for (int round = 0; round < 40; round++) {
        if (round == 8)
            rig.unit.fail_at = rig.unit.calls + 1;
        memset(outcomes, 0, sizeof outcomes);
        add_many(1, 50, "k");
        assert_int_equal(run(&err), R2D_OK);
        assert_outcomes(1, 50, R2D_ROW_WRITTEN);
    }
    rig.unit.fail_at = 0;
    end();
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    R2dError err;
    send_rig_init(&rig, RIG_STRING, 1);
    long before = rig.unit.live;
    int failures = 0;
    for (long at = 1;; at++, failures++) {
        rig.unit.fail_at = rig.unit.calls + at;
        if (open_sender(4, 0, &err) == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
        assert_null(sender);
        assert_int_equal(rig.unit.live, before);
    }
    assert_in_range(failures, 5, 100);
    rig.unit.fail_at = 0;
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_batch_is_sent_and_settled),
        cmocka_unit_test(many_batches_fly_at_once_up_to_the_limit),
        cmocka_unit_test(a_key_in_another_batch_is_busy_until_it_is_settled),
        cmocka_unit_test(unprocessed_items_are_sent_again_and_nothing_else),
        cmocka_unit_test(number_keys_are_found_again_when_normalised),
        cmocka_unit_test(a_rest_is_topped_up_with_new_rows),
        cmocka_unit_test(a_rest_without_new_rows_is_sent_soon),
        cmocka_unit_test(whatever_fails_on_the_way_is_sent_again),
        cmocka_unit_test(a_skewed_clock_is_corrected_at_once_but_not_for_ever),
        cmocka_unit_test(systemic_failures_stop_the_sender),
        cmocka_unit_test(one_bad_item_is_found_and_the_others_are_written),
        cmocka_unit_test(several_bad_items_are_found),
        cmocka_unit_test(patience_ends_after_ten_minutes_without_a_write),
        cmocka_unit_test(the_hard_bound_paces_the_batches),
        cmocka_unit_test(cancelling_forgets_all_rows_and_frees_all_keys),
        cmocka_unit_test(nothing_is_allocated_once_it_runs),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
