/*
 * test_transfer.c - a whole file through the real chain (decompress, scan, encode, batch, send)
 * against the fake DynamoDB.
 */
#include "transfer_rig.h"

#include "transfer/chain.h"
#include "transfer/ledger.h"

#include <stdio.h>

static TransferRig t;

static void rows_flow_in_full_batches(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < 1000; i++)
        transfer_rig_item(&t, i, "some text");
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    R2dTransferProgress progress = transfer_rig_progress(&t);
    assert_int_equal(progress.checkpoint, 1000);
    assert_int_equal(progress.rows_read, 1000);
    assert_int_equal(progress.written, 1000);
    assert_int_equal(progress.requests, 40);
    assert_int_equal(t.base.fake.full, 40);
    assert_int_equal(t.base.fake.item_count, 1000);
    assert_true(progress.write_units == 1000);
    assert_string_equal(fake_dynamodb_item(&t.base.fake, "{\"S\":\"k7\"}"),
                        "{\"id\":{\"S\":\"k7\"},\"v\":{\"S\":\"some text\"}}");
    assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_END);
    transfer_rig_end(&t);
}

static void an_empty_file_ends_at_once(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_int_equal(transfer_rig_progress(&t).checkpoint, 0);
    assert_int_equal(t.base.fake.requests, 0);
    transfer_rig_end(&t);
}

static void a_source_that_comes_in_drops_still_fills_batches(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < 500; i++)
        transfer_rig_item(&t, i, "some text that is longer than a chunk");
    assert_int_equal(transfer_rig_source(&t, 7, true, 0, &err), R2D_OK);
    t.base.clock.mono_us += 1;
    /* The source has nothing in every other read, but never for long. */
    R2dStatus status;
    while ((status = r2d_transfer_step(t.transfer, &err)) == R2D_OK || status == R2D_AGAIN)
        t.base.clock.mono_us += 10;
    assert_int_equal(status, R2D_END);
    assert_int_equal(t.base.fake.full, 20);
    assert_int_equal(t.base.fake.item_count, 500);
    transfer_rig_end(&t);
}

/* A source that says "again" until it is told to go on. */
typedef struct Tap {
    R2dSource source;
    R2dView left;
    bool open;
} Tap;

static R2dStatus tap_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    Tap *tap = (Tap *)source;
    (void)err;
    if (tap->left.len == 0)
        return tap->open ? R2D_END : R2D_AGAIN;
    *chunk = tap->left;
    tap->left.len = 0;
    return R2D_OK;
}

static void tap_close(R2dSource *source)
{
    (void)source;
}

static void a_silent_source_does_not_hold_rows_back(void **state)
{
    (void)state;
    R2dError err;
    static const R2dSourceOps ops = {.read = tap_read, .close = tap_close};
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < 30; i++)
        transfer_rig_item(&t, i, "x");
    Tap tap = {.source = {.ops = &ops}, .left = r2d_bytes_view(&t.lines)};
    assert_int_equal(r2d_transfer_source_open(t.transfer, &tap.source, 0, &err), R2D_OK);
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(transfer_rig_run_to(&t, 0, 30, &err), R2D_OK);
    assert_in_range(t.base.clock.mono_us - start_us, 20000, 40000);
    assert_int_equal(t.base.fake.item_count, 30);
    assert_int_equal(t.base.fake.requests, 2);
    assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_AGAIN);
    tap.open = true;
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    transfer_rig_end(&t);
}

static void the_last_row_of_a_key_wins(void **state)
{
    (void)state;
    R2dError err;
    char v[32];
    transfer_rig_begin(&t, 3);
    for (int i = 0; i < 3000; i++) {
        snprintf(v, sizeof v, "v%d", i);
        transfer_rig_item(&t, i * 7 % 90, v);
    }
    assert_int_equal(transfer_rig_source(&t, 100, true, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    R2dTransferProgress progress = transfer_rig_progress(&t);
    assert_int_equal(progress.checkpoint, 3000);
    assert_int_equal(t.base.fake.item_count, 90);
    assert_int_equal(progress.written, t.base.fake.writes);
    for (int i = 3000 - 90; i < 3000; i++) {
        char key[32];
        snprintf(key, sizeof key, "{\"S\":\"k%d\"}", i * 7 % 90);
        snprintf(v, sizeof v, "\"v%d\"", i);
        assert_non_null(strstr(fake_dynamodb_item(&t.base.fake, key), v));
    }
    transfer_rig_end(&t);
}

static void bad_rows_become_rejects_with_key_and_reason(void **state)
{
    (void)state;
    R2dError err;
    R2dReject reject;
    transfer_rig_begin(&t, 1);
    transfer_rig_item(&t, 1, "fine");
    transfer_rig_line(&t, "not json");
    transfer_rig_line(&t, "{\"c0\":\"\",\"c1\":\"empty key\"}");
    transfer_rig_line(&t, "{\"c0\":null,\"c1\":\"null key\"}");
    transfer_rig_item(&t, 2, "POISON");
    transfer_rig_item(&t, 3, "fine");
    t.base.fake.poison = "POISON";
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    R2dStatus status;
    while ((status = r2d_transfer_step(t.transfer, &err)) != R2D_END) {
        assert_int_not_equal(status, R2D_FAILED);
        t.base.clock.mono_us += 1000;
    }
    assert_int_equal(r2d_transfer_next_reject(t.transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 2);
    assert_view(reject.item, "not json");
    assert_int_equal(r2d_transfer_next_reject(t.transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 3);
    assert_view(reject.code, "key_empty");
    assert_view(reject.key, "{\"id\":\"\"}");
    assert_int_equal(r2d_transfer_next_reject(t.transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 4);
    assert_view(reject.code, "key_null");
    assert_view(reject.key, "{\"id\":null}");
    assert_view(reject.item, "{\"c0\":null,\"c1\":\"null key\"}");
    assert_int_equal(r2d_transfer_next_reject(t.transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 5);
    assert_view(reject.code, "ValidationException");
    assert_view(reject.reason, "an item is poisoned");
    assert_view(reject.key, "{\"id\":\"k2\"}");
    assert_view(reject.item, "{\"id\":{\"S\":\"k2\"},\"v\":{\"S\":\"POISON\"}}");
    assert_int_equal(r2d_transfer_next_reject(t.transfer, &reject), R2D_END);
    R2dTransferProgress progress = transfer_rig_progress(&t);
    assert_int_equal(progress.written, 2);
    assert_int_equal(progress.rejected, 4);
    assert_int_equal(progress.checkpoint, 6);
    transfer_rig_end(&t);
}

static void many_rejects_are_bounded_and_none_is_lost(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin_quietly(&t, 1);
    t.rejects_max = 10000;
    assert_int_equal(transfer_rig_open(&t, 8, &err), R2D_OK);
    for (int i = 0; i < 5000; i++)
        transfer_rig_line(&t, "{\"c0\":\"\",\"c1\":\"%d\"}", i);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    /* A caller that does not take them is asked to, and memory stays where it is. */
    for (int i = 0; i < 100; i++)
        assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_OK);
    assert_true(transfer_rig_progress(&t).rows_read < 500);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_int_equal(t.rejects, 5000);
    assert_int_equal(transfer_rig_progress(&t).rejected, 5000);
    transfer_rig_end(&t);
}

static void reading_goes_on_behind_the_checkpoint(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < 50000; i++)
        transfer_rig_item(&t, i, "x");
    assert_int_equal(transfer_rig_source(&t, 5000, true, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, 0, 30000, &err), R2D_OK);
    R2dTransferProgress first = transfer_rig_progress(&t);
    r2d_transfer_file_close(t.transfer);
    assert_int_equal(t.base.fake.flying, 0);
    assert_int_equal(transfer_rig_source(&t, 5000, true, first.checkpoint, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, first.checkpoint, INT64_MAX, &err), R2D_END);
    R2dTransferProgress second = transfer_rig_progress(&t);
    assert_int_equal(second.checkpoint, 50000);
    assert_int_equal(first.written + second.written, 50000);
    assert_int_equal(t.base.fake.item_count, 50000);
    transfer_rig_end(&t);
}

static void a_checkpoint_behind_the_end_is_an_error(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    transfer_rig_item(&t, 1, "x");
    transfer_rig_item(&t, 2, "x");
    assert_int_equal(transfer_rig_source(&t, 0, false, 2, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, 2, INT64_MAX, &err), R2D_END);
    assert_int_equal(transfer_rig_source(&t, 0, false, 3, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, 3, INT64_MAX, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    transfer_rig_end(&t);
}

/* What was read before a file breaks is settled before the failure is told. */
static void a_broken_file_fails_after_its_good_rows_are_settled(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    static const char head[] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c};
    assert_true(r2d_bytes_append(&t.lines, head, sizeof head));
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    R2dError again;
    assert_int_equal(r2d_transfer_step(t.transfer, &again), R2D_FAILED);
    assert_string_equal(again.message, err.message);
    transfer_rig_end(&t);
}

static void a_systemic_failure_keeps_what_is_settled(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < 20000; i++)
        transfer_rig_item(&t, i, "x");
    for (int i = 0; i < 20; i++)
        fake_dynamodb_push(&t.base.fake, FAKE_OK);
    fake_dynamodb_push(&t.base.fake, FAKE_NO_TABLE);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_in_range(transfer_rig_progress(&t).checkpoint, 1, 19999);
    r2d_transfer_file_close(t.transfer);
    assert_int_equal(transfer_rig_source(&t, 0, false, t.last_checkpoint, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, t.last_checkpoint, INT64_MAX, &err), R2D_END);
    assert_int_equal(t.base.fake.item_count, 20000);
    transfer_rig_end(&t);
}

/* A reply that was not looked at must not turn up in the next file. */
static void closing_a_file_drops_replies_that_were_not_taken(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < 500; i++)
        transfer_rig_item(&t, i, "x");
    t.base.fake.delay_min_us = t.base.fake.delay_max_us = 3000;
    t.base.clock.mono_us += R2D_US_PER_S; /* the pacer lets several batches go at once */
    fake_dynamodb_push(&t.base.fake, FAKE_EXPIRED);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_FAILED);
    assert_non_null(t.base.fake.done_first);
    r2d_transfer_file_close(t.transfer);
    assert_null(t.base.fake.done_first);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_int_equal(transfer_rig_progress(&t).written, 500);
    transfer_rig_end(&t);
}

static void large_items_travel_in_smaller_batches(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    static char v[100001];
    memset(v, 'x', 100000);
    for (int i = 0; i < 40; i++) {
        char key[64];
        snprintf(key, sizeof key, "{\"c0\":\"k%d\",\"c1\":\"", i);
        assert_true(r2d_bytes_append_text(&t.lines, key) && r2d_bytes_append_text(&t.lines, v) &&
                    r2d_bytes_append_text(&t.lines, "\"}\n"));
        t.rows++;
    }
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_int_equal(t.base.fake.item_count, 40);
    assert_int_equal(t.base.fake.requests, 8);
    transfer_rig_end(&t);
}

static void a_row_that_is_never_settled_stops_reading_not_memory(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    for (int i = 0; i < R2D_LEDGER_WINDOW + 50000; i++)
        transfer_rig_item(&t, i, "x");
    /* The first batch is throttled again and again; the others pass. */
    t.base.fake.poison = NULL;
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    t.base.fake.delay_min_us = t.base.fake.delay_max_us = 3600 * R2D_US_PER_S;
    assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_OK);
    t.base.fake.delay_min_us = t.base.fake.delay_max_us = 1000;
    for (int i = 0; i < 30000; i++) {
        R2dStatus status = r2d_transfer_step(t.transfer, &err);
        assert_true(status == R2D_OK || status == R2D_AGAIN);
        if (status == R2D_AGAIN)
            t.base.clock.mono_us += 500;
    }
    assert_int_equal(transfer_rig_progress(&t).rows_read, R2D_LEDGER_WINDOW);
    assert_int_equal(transfer_rig_progress(&t).checkpoint, 0);
    transfer_rig_end(&t);
}

/* The oldest row waits in a batch that cannot fill up, because all others have one key. */
static void a_full_ledger_sends_the_open_batch(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin(&t, 1);
    transfer_rig_item(&t, 0, "first");
    for (int i = 0; i < R2D_LEDGER_WINDOW + 5000; i++)
        transfer_rig_item(&t, 1, "again");
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    R2dTransferProgress progress = transfer_rig_progress(&t);
    assert_int_equal(progress.checkpoint, R2D_LEDGER_WINDOW + 5001);
    assert_int_equal(progress.written + progress.collapsed, progress.checkpoint);
    assert_in_range(progress.requests, 2, 10);
    assert_int_equal(t.base.fake.item_count, 2);
    transfer_rig_end(&t);
}

static void names_that_are_none_are_refused(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin_quietly(&t, 1);
    R2dTransferOptions options = {.alloc = &t.base.unit.alloc,
                                  .clock = &t.base.clock.clock,
                                  .http = &t.base.fake.client,
                                  .mapping = &t.base.mapping,
                                  .table_name = "a\"b"};
    assert_int_equal(r2d_transfer_open(&t.transfer, &options, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_null(t.transfer);
    transfer_rig_end(&t);
}

static void each_allocation_may_fail_at_open(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin_quietly(&t, 1);
    long before = t.base.unit.live;
    int failures = 0;
    for (long at = 1;; at++, failures++) {
        t.base.unit.fail_at = t.base.unit.calls + at;
        if (transfer_rig_open(&t, 4, &err) == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
        assert_null(t.transfer);
        assert_int_equal(t.base.unit.live, before);
    }
    assert_in_range(failures, 6, 200);
    t.base.unit.fail_at = 0;
    transfer_rig_end(&t);
}

static void each_allocation_may_fail_on_the_way(void **state)
{
    (void)state;
    int failures = 0, ends = 0;
    for (long at = 1; ends == 0; at++) {
        R2dError err;
        transfer_rig_begin(&t, 2);
        for (int i = 0; i < 120; i++)
            transfer_rig_item(&t, i % 100, "some text");
        transfer_rig_line(&t, "bad");
        transfer_rig_item(&t, 200, "POISON");
        transfer_rig_item(&t, 201, "fine");
        t.base.fake.poison = "POISON";
        fake_dynamodb_push(&t.base.fake, FAKE_PARTIAL);
        fake_dynamodb_push(&t.base.fake, FAKE_THROTTLE);
        t.base.unit.fail_at = t.base.unit.calls + at;
        R2dStatus status = transfer_rig_source(&t, 50, true, 0, &err);
        if (status == R2D_OK)
            status = transfer_rig_run(&t, &err);
        failures += status == R2D_FAILED;
        if (status == R2D_END && t.base.unit.calls < t.base.unit.fail_at)
            ends++;
        else if (status == R2D_FAILED)
            /* A refusal that could not be read for want of memory has no code. */
            assert_true(err.kind == R2D_ERR_MEMORY || err.code[0] == '\0');
        t.base.unit.fail_at = 0;
        transfer_rig_end(&t);
    }
    printf("    %d failures\n", failures);
    assert_true(failures > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_flow_in_full_batches),
        cmocka_unit_test(an_empty_file_ends_at_once),
        cmocka_unit_test(a_source_that_comes_in_drops_still_fills_batches),
        cmocka_unit_test(a_silent_source_does_not_hold_rows_back),
        cmocka_unit_test(the_last_row_of_a_key_wins),
        cmocka_unit_test(bad_rows_become_rejects_with_key_and_reason),
        cmocka_unit_test(many_rejects_are_bounded_and_none_is_lost),
        cmocka_unit_test(reading_goes_on_behind_the_checkpoint),
        cmocka_unit_test(a_checkpoint_behind_the_end_is_an_error),
        cmocka_unit_test(a_broken_file_fails_after_its_good_rows_are_settled),
        cmocka_unit_test(a_systemic_failure_keeps_what_is_settled),
        cmocka_unit_test(closing_a_file_drops_replies_that_were_not_taken),
        cmocka_unit_test(large_items_travel_in_smaller_batches),
        cmocka_unit_test(a_row_that_is_never_settled_stops_reading_not_memory),
        cmocka_unit_test(a_full_ledger_sends_the_open_batch),
        cmocka_unit_test(names_that_are_none_are_refused),
        cmocka_unit_test(each_allocation_may_fail_at_open),
        cmocka_unit_test(each_allocation_may_fail_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
