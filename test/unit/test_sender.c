/* test_sender.c - batches are sent, resent, topped up and narrowed down until each row is settled.
 */
#include "sender_rig.h"

#include <stdio.h>

static SenderRig t;

static void a_full_batch_is_sent_and_settled(void **state)
{
    (void)state;
    R2dError err;
    R2dSenderCounts counts;
    sender_rig_begin(&t, RIG_STRING, 4);
    sender_rig_add_many(&t, 1, 25, "k");
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    assert_int_equal(t.base.fake.flying, 1);
    assert_string_equal(t.base.fake.last_target, "DynamoDB_20120810.BatchWriteItem");
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 25, R2D_ROW_WRITTEN);
    assert_int_equal(t.base.fake.item_count, 25);
    r2d_sender_counts(t.sender, &counts);
    assert_int_equal(counts.requests, 1);
    assert_int_equal(counts.throttled, 0);
    assert_true(counts.write_units == 25);
    sender_rig_end(&t);
}

static void many_batches_fly_at_once_up_to_the_limit(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 4);
    for (int i = 0; i < 4; i++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "b%d-", i);
        sender_rig_add_many(&t, 1 + i * 25, 25, prefix);
        assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    }
    assert_int_equal(t.base.fake.flying, 4);
    sender_rig_add_many(&t, 101, 25, "c");
    sender_rig_add_many(&t, 126, 25, "d");
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    assert_int_equal(t.base.fake.flying, 4);
    assert_null(r2d_sender_batch(t.sender)); /* two are ready: reading stops */
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 150, R2D_ROW_WRITTEN);
    assert_int_equal(t.base.fake.flying_max, 4);
    sender_rig_end(&t);
}

static void a_key_in_another_batch_is_busy_until_it_is_settled(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 4);
    sender_rig_add_many(&t, 1, 25, "k");
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    assert_false(sender_rig_add(&t, 26, "k3", "newer"));
    fake_dynamodb_push(&t.base.fake, FAKE_OK);
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    assert_true(sender_rig_add(&t, 26, "k3", "newer"));
    assert_true(sender_rig_add(&t, 27, "k3", "newest"));
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    assert_int_equal(t.outcomes[26], R2D_ROW_COLLAPSED);
    assert_int_equal(t.outcomes[27], R2D_ROW_WRITTEN);
    assert_non_null(strstr(fake_dynamodb_item(&t.base.fake, "{\"S\":\"k3\"}"), "newest"));
    sender_rig_end(&t);
}

static void unprocessed_items_are_sent_again_and_nothing_else(void **state)
{
    (void)state;
    R2dError err;
    R2dSenderCounts counts;
    sender_rig_begin(&t, RIG_STRING, 4);
    fake_dynamodb_push(&t.base.fake, FAKE_PARTIAL);
    fake_dynamodb_push(&t.base.fake, FAKE_NONE_PROCESSED);
    sender_rig_add_many(&t, 1, 25, "k");
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 25, R2D_ROW_WRITTEN);
    assert_int_equal(t.base.fake.writes, 25);
    r2d_sender_counts(t.sender, &counts);
    assert_int_equal(counts.requests, 3);
    assert_in_range(counts.throttled, 2, 50);
    sender_rig_end(&t);
}

static void number_keys_are_found_again_when_normalised(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_NUMBER, 4);
    fake_dynamodb_push(&t.base.fake, FAKE_NONE_PROCESSED);
    assert_true(sender_rig_add(&t, 1, "1.50", "x"));
    assert_true(sender_rig_add(&t, 2, "200", "y"));
    assert_true(sender_rig_add(&t, 3, "0.0010", "z"));
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 3, R2D_ROW_WRITTEN);
    sender_rig_end(&t);
}

static void a_rest_is_topped_up_with_new_rows(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 1);
    fake_dynamodb_push(&t.base.fake, FAKE_PARTIAL);
    sender_rig_add_many(&t, 1, 25, "k");
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    t.base.clock.mono_us += 10000;
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    int written = (int)t.base.fake.writes;
    assert_in_range(written, 1, 24);
    t.base.clock.mono_us += 50000; /* longer than the first backoff can be */
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    assert_int_equal(r2d_sender_batch(t.sender)->count, 25 - written);
    sender_rig_add_many(&t, 26, written, "new");
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    assert_int_equal(t.base.fake.last_count, 25);
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 25 + written, R2D_ROW_WRITTEN);
    assert_int_equal(t.base.fake.requests, 2);
    sender_rig_end(&t);
}

static void a_rest_without_new_rows_is_sent_soon(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 1);
    fake_dynamodb_push(&t.base.fake, FAKE_PARTIAL);
    sender_rig_add_many(&t, 1, 25, "k");
    int64_t start_us = t.base.clock.mono_us;
    for (int i = 0; i < 1000 && !r2d_sender_idle(t.sender); i++) {
        assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
        if (!r2d_sender_idle(t.sender))
            sender_rig_pass_time(&t);
    }
    sender_rig_assert(&t, 1, 25, R2D_ROW_WRITTEN);
    assert_true(t.base.clock.mono_us - start_us < 100000);
    sender_rig_end(&t);
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
        sender_rig_begin(&t, RIG_STRING, 4);
        fake_dynamodb_push(&t.base.fake, kinds[i]);
        fake_dynamodb_push(&t.base.fake, kinds[i]);
        sender_rig_add_many(&t, 1, 25, "k");
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        sender_rig_assert(&t, 1, 25, R2D_ROW_WRITTEN);
        assert_int_equal(t.base.fake.requests, 3);
        assert_int_equal(t.base.fake.last_count, 25);
        assert_int_equal(t.base.fake.item_count, 25);
        r2d_sender_counts(t.sender, &counts);
        assert_int_equal(counts.requests, 3);
        assert_int_equal(counts.throttled, i < 2 ? 50 : 0);
        sender_rig_end(&t);
    }
}

static void a_skewed_clock_is_corrected_at_once_but_not_for_ever(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 4);
    fake_dynamodb_push(&t.base.fake, FAKE_SKEWED);
    sender_rig_add_many(&t, 1, 25, "k");
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 25, R2D_ROW_WRITTEN);
    assert_true(t.base.clock.mono_us - start_us <= 20000);
    assert_true(t.base.service.skew_us > 3600 * R2D_US_PER_S);
    for (int i = 0; i < 4; i++)
        fake_dynamodb_push(&t.base.fake, FAKE_SKEWED);
    sender_rig_add_many(&t, 26, 5, "n");
    assert_int_equal(sender_rig_run(&t, &err), R2D_FAILED);
    assert_string_equal(err.code, "InvalidSignatureException");
    sender_rig_end(&t);
}

static void systemic_failures_stop_the_sender(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 4);
    sender_rig_add_many(&t, 1, 25, "k");
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    fake_dynamodb_push(&t.base.fake, FAKE_NO_TABLE);
    sender_rig_add_many(&t, 26, 25, "k");
    assert_int_equal(sender_rig_run(&t, &err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    sender_rig_assert(&t, 26, 50, R2D_ROW_OPEN);
    sender_rig_end(&t);
    sender_rig_begin(&t, RIG_STRING, 4);
    fake_dynamodb_push(&t.base.fake, FAKE_EXPIRED);
    sender_rig_add_many(&t, 1, 25, "k");
    assert_int_equal(sender_rig_run(&t, &err), R2D_FAILED);
    assert_int_equal(err.action, R2D_ACT_CREDENTIALS);
    r2d_sender_cancel(t.sender);
    assert_true(r2d_sender_idle(t.sender));
    sender_rig_end(&t);
}

static void a_table_just_created_may_be_unknown_for_a_while(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 4);
    for (int i = 0; i < 5; i++)
        fake_dynamodb_push(&t.base.fake, FAKE_NO_TABLE);
    sender_rig_add_many(&t, 1, 50, "k");
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 50, R2D_ROW_WRITTEN);
    sender_rig_end(&t);
    sender_rig_begin(&t, RIG_STRING, 4);
    t.base.fake.chance[FAKE_NO_TABLE] = 1;
    sender_rig_add_many(&t, 1, 25, "k");
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(sender_rig_run(&t, &err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_in_range(t.base.clock.mono_us - start_us, R2D_SENDER_NEW_TABLE_US,
                    R2D_SENDER_NEW_TABLE_US + 25 * R2D_US_PER_S);
    sender_rig_end(&t);
}

static void one_bad_item_is_found_and_the_others_are_written(void **state)
{
    (void)state;
    for (int bad = 1; bad <= 25; bad++) {
        R2dError err;
        char id[16];
        sender_rig_begin(&t, RIG_STRING, 4);
        t.base.fake.poison = "poison";
        for (int i = 1; i <= 25; i++) {
            snprintf(id, sizeof id, "k%d", i);
            assert_true(sender_rig_add(&t, i, id, i == bad ? "poison" : "fine"));
        }
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        for (int i = 1; i <= 25; i++)
            assert_int_equal(t.outcomes[i], i == bad ? R2D_ROW_REJECTED : R2D_ROW_WRITTEN);
        assert_string_equal(t.refusal.code, "ValidationException");
        assert_string_equal(t.refusal.detail, "an item is poisoned");
        assert_non_null(strstr(t.refused, "poison"));
        assert_int_equal(t.base.fake.item_count, 24);
        assert_true(t.base.fake.requests <= 12);
        assert_false(r2d_sender_key_busy(t.sender, 0));
        sender_rig_end(&t);
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
        sender_rig_begin(&t, RIG_STRING, 4);
        t.base.fake.poison = "poison";
        t.base.fake.chance[FAKE_PARTIAL] = seed % 2 * 0.3;
        t.base.fake.chance[FAKE_THROTTLE] = seed % 2 * 0.1;
        for (int i = 1; i <= 25; i++) {
            snprintf(id, sizeof id, "k%d", i);
            assert_true(sender_rig_add(&t, i, id, bad >> i & 1 ? "poison" : "fine"));
        }
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        for (int i = 1; i <= 25; i++)
            assert_int_equal(t.outcomes[i], bad >> i & 1 ? R2D_ROW_REJECTED : R2D_ROW_WRITTEN);
        sender_rig_end(&t);
    }
}

/* Rows in full batches until the sender fails, or all of them are settled. */
static R2dStatus write_poison(int rows, int first_bad, R2dError *err)
{
    R2dStatus status = R2D_OK;
    for (int row = 1; row <= rows && status == R2D_OK; row++) {
        char id[16];
        snprintf(id, sizeof id, "k%d", row);
        while (status == R2D_OK && r2d_sender_batch(t.sender) == NULL) {
            status = sender_rig_turn(&t, err);
            sender_rig_pass_time(&t);
        }
        if (status == R2D_OK)
            assert_true(sender_rig_add(&t, row, id, row >= first_bad ? "poison" : "fine"));
    }
    return status == R2D_OK ? sender_rig_run(&t, err) : status;
}

static int count_rejected(void)
{
    int rejected = 0;
    for (int row = 1; row < SENDER_ROWS_MAX; row++)
        rejected += t.outcomes[row] == R2D_ROW_REJECTED;
    return rejected;
}

static void every_bad_row_is_found_among_thousands(void **state)
{
    (void)state;
    R2dError err = {0};
    sender_rig_begin(&t, RIG_STRING, 1);
    t.base.fake.poison = "poison";
    assert_int_equal(write_poison(2000, 2, &err), R2D_OK);
    assert_int_equal(count_rejected(), 1999);
    assert_int_equal(t.outcomes[1], R2D_ROW_WRITTEN);
    sender_rig_end(&t);
}

static void patience_ends_after_ten_minutes_without_a_write(void **state)
{
    (void)state;
    static const FakeKind kinds[] = {FAKE_RESET_BEFORE, FAKE_ERROR_BEFORE, FAKE_THROTTLE,
                                     FAKE_NONE_PROCESSED};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        R2dError err;
        sender_rig_begin(&t, RIG_STRING, 4);
        t.base.fake.chance[kinds[i]] = 1;
        sender_rig_add_many(&t, 1, 25, "k");
        int64_t start_us = t.base.clock.mono_us;
        assert_int_equal(sender_rig_run(&t, &err), R2D_FAILED);
        int64_t took_us = t.base.clock.mono_us - start_us;
        assert_true(took_us >= R2D_SENDER_PATIENCE_US);
        assert_true(took_us < R2D_SENDER_PATIENCE_US + 60 * R2D_US_PER_S);
        assert_true(err.message[0] != '\0');
        sender_rig_assert(&t, 1, 25, R2D_ROW_OPEN);
        sender_rig_end(&t);
    }
}

static void the_hard_bound_paces_the_batches(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 8);
    r2d_sender_set_max_wcu(t.sender, 250);
    int64_t start_us = t.base.clock.mono_us;
    for (int batch = 0; batch < 50; batch++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "b%d-", batch);
        while (r2d_sender_batch(t.sender) == NULL) {
            assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
            sender_rig_pass_time(&t);
        }
        sender_rig_add_many(&t, 1 + batch * 25, 25, prefix);
        assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    }
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    double took_s = (double)(t.base.clock.mono_us - start_us) / 1e6;
    assert_true(took_s > 4.85 && took_s < 5.1);
    sender_rig_assert(&t, 1, 1250, R2D_ROW_WRITTEN);
    sender_rig_end(&t);
}

static void cancelling_forgets_all_rows_and_frees_all_keys(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 4);
    sender_rig_add_many(&t, 1, 40, "k");
    assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    assert_int_equal(t.base.fake.flying, 1);
    r2d_sender_cancel(t.sender);
    assert_int_equal(t.base.fake.flying, 0);
    assert_true(r2d_sender_idle(t.sender));
    sender_rig_add_many(&t, 41, 40, "k");
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    sender_rig_assert(&t, 1, 40, R2D_ROW_OPEN);
    sender_rig_assert(&t, 41, 80, R2D_ROW_WRITTEN);
    sender_rig_end(&t);
}

static void nothing_is_allocated_once_it_runs(void **state)
{
    (void)state;
    R2dError err;
    sender_rig_begin(&t, RIG_STRING, 2);
    for (int round = 0; round < 40; round++) {
        if (round == 8)
            t.base.unit.fail_at = t.base.unit.calls + 1;
        memset(t.outcomes, 0, sizeof t.outcomes);
        sender_rig_add_many(&t, 1, 50, "k");
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        sender_rig_assert(&t, 1, 50, R2D_ROW_WRITTEN);
    }
    t.base.unit.fail_at = 0;
    sender_rig_end(&t);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    R2dError err;
    memset(&t, 0, sizeof t);
    send_rig_init(&t.base, RIG_STRING, 1);
    long before = t.base.unit.live;
    int failures = 0;
    for (long at = 1;; at++, failures++) {
        t.base.unit.fail_at = t.base.unit.calls + at;
        if (sender_rig_open(&t, 4, &err) == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
        assert_null(t.sender);
        assert_int_equal(t.base.unit.live, before);
    }
    assert_in_range(failures, 5, 100);
    t.base.unit.fail_at = 0;
    sender_rig_end(&t);
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
        cmocka_unit_test(a_table_just_created_may_be_unknown_for_a_while),
        cmocka_unit_test(one_bad_item_is_found_and_the_others_are_written),
        cmocka_unit_test(several_bad_items_are_found),
        cmocka_unit_test(every_bad_row_is_found_among_thousands),
        cmocka_unit_test(patience_ends_after_ten_minutes_without_a_write),
        cmocka_unit_test(the_hard_bound_paces_the_batches),
        cmocka_unit_test(cancelling_forgets_all_rows_and_frees_all_keys),
        cmocka_unit_test(nothing_is_allocated_once_it_runs),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
