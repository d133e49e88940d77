/*
 * test_late_writes.c - a request that nobody answered is applied late: the last row of each key is
 * in the table all the same, and rows of other keys do not wait for it.
 */
#include "transfer_rig.h"

#include "transfer/chain.h"
#include "transfer/held_rows.h"

#include <stdio.h>

#define GRACE_US (10 * R2D_US_PER_S)

enum { TWICE = 25, OTHERS = 1000 };

static TransferRig t;

static void begin(RigKey key)
{
    R2dError err;
    transfer_rig_begin_key(&t, key, 1);
    t.late_write_grace_us = GRACE_US;
    t.base.fake.late_min_us = t.base.fake.late_max_us = GRACE_US - R2D_US_PER_S;
    assert_int_equal(transfer_rig_open(&t, 8, &err), R2D_OK);
}

static const char *item(int key)
{
    char text[48];
    snprintf(text, sizeof text, "{\"S\":\"k%d\"}", key);
    return fake_dynamodb_item(&t.base.fake, text);
}

/* A batch of keys, the same keys again, others. */
static void write_file(void)
{
    for (int i = 0; i < TWICE; i++)
        transfer_rig_item(&t, i, "older");
    for (int i = 0; i < TWICE; i++)
        transfer_rig_item(&t, i, "later");
    for (int i = 0; i < OTHERS; i++)
        transfer_rig_item(&t, TWICE + i, "x");
}

static void assert_newest(void)
{
    fake_dynamodb_settle(&t.base.fake);
    for (int i = 0; i < TWICE; i++)
        assert_non_null(strstr(item(i), "later"));
    assert_int_equal(t.base.fake.item_count, TWICE + OTHERS);
}

static void step_for(int64_t time_us)
{
    R2dError err;
    for (int64_t end_us = t.base.clock.mono_us + time_us; t.base.clock.mono_us < end_us;) {
        R2dStatus status = r2d_transfer_step(t.transfer, &err);
        assert_true(status == R2D_OK || status == R2D_AGAIN);
        if (status == R2D_AGAIN)
            t.base.clock.mono_us += 1000;
    }
}

static void a_later_row_waits_while_others_go_on(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING);
    write_file();
    fake_dynamodb_push(&t.base.fake, FAKE_RESET_LATE);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    int64_t start_us = t.base.clock.mono_us;
    step_for(R2D_US_PER_S);
    assert_int_equal(t.base.fake.item_count, TWICE + OTHERS);
    assert_non_null(strstr(item(0), "older")); /* the same request was sent again at once */
    assert_int_equal(transfer_rig_progress(&t).checkpoint, TWICE);
    assert_in_range(transfer_rig_progress(&t).late_for_us, 8 * R2D_US_PER_S, GRACE_US);
    int steps = t.steps;
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_in_range(t.base.clock.mono_us - start_us, GRACE_US, GRACE_US + R2D_US_PER_S);
    assert_in_range(t.steps - steps, 1, 100); /* it sleeps meanwhile */
    assert_int_equal(t.base.fake.applied_late, 1);
    assert_newest();
    assert_int_equal(transfer_rig_progress(&t).written, 2 * TWICE + OTHERS);
    transfer_rig_end(&t);
}

static void of_rows_that_wait_the_last_one_is_kept(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING);
    for (int i = 0; i < 40 * TWICE; i++)
        transfer_rig_item(&t, i % TWICE, i >= 39 * TWICE ? "later" : "older");
    fake_dynamodb_push(&t.base.fake, FAKE_RESET_LATE);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    fake_dynamodb_settle(&t.base.fake);
    for (int i = 0; i < TWICE; i++)
        assert_non_null(strstr(item(i), "later"));
    R2dTransferProgress progress = transfer_rig_progress(&t);
    assert_int_equal(progress.written + progress.collapsed, 40 * TWICE);
    assert_in_range(progress.requests, 3, 6);
    transfer_rig_end(&t);
}

static void more_than_can_wait_stops_reading_until_some_go(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING);
    R2dTransferFile file = {.was_lost = true};
    int keys = R2D_HELD_ROWS_MAX + 3000;
    for (int i = 0; i < 2 * keys; i++)
        transfer_rig_item(&t, i % keys, i < keys ? "older" : "later");
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    r2d_transfer_take_over(t.transfer, &file);
    step_for(GRACE_US - R2D_US_PER_S);
    assert_int_equal(transfer_rig_progress(&t).rows_read, keys + R2D_HELD_ROWS_MAX + 1);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    for (int i = 0; i < keys; i++)
        assert_non_null(strstr(item(i), "later"));
    assert_int_equal(transfer_rig_progress(&t).written, 2 * keys);
    transfer_rig_end(&t);
}

/* The loader is lost with a request in flight; the next one begins at the checkpoint, and waits so
 * long before it sends anything. */
static void lose_loader(int64_t late_for_us)
{
    R2dError err;
    begin(RIG_STRING);
    write_file();
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_OK);
    t.base.fake.cancels_late = true;
    while (t.base.fake.lates[0].body == NULL) { /* half of them are */
        r2d_transfer_file_close(t.transfer);
        assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
        assert_int_equal(r2d_transfer_step(t.transfer, &err), R2D_OK);
    }
    r2d_transfer_file_close(t.transfer);
    R2dTransferFile file = {.was_lost = true, .late_for_us = late_for_us};
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    r2d_transfer_take_over(t.transfer, &file);
}

static void a_request_of_a_lost_loader_comes_late(void **state)
{
    (void)state;
    R2dError err;
    lose_loader(0);
    step_for(R2D_US_PER_S);
    assert_int_equal(t.base.fake.item_count, TWICE + OTHERS);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_newest();
    transfer_rig_end(&t);
}

/* While all rows wait, the later one of a key supersedes the older, which is then sent by nobody
 * but the lost loader. */
static void a_superseded_row_may_have_been_sent_by_a_lost_loader(void **state)
{
    (void)state;
    R2dError err;
    lose_loader(R2D_US_PER_S);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_newest();
    transfer_rig_end(&t);
}

/* The key of a late request is not known any more: its rows are behind the checkpoint. */
static void nothing_is_written_while_requests_of_settled_rows_may_come(void **state)
{
    (void)state;
    R2dError err;
    begin(RIG_STRING);
    write_file();
    fake_dynamodb_push(&t.base.fake, FAKE_RESET_LATE);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    step_for(R2D_US_PER_S);
    R2dTransferProgress progress = transfer_rig_progress(&t);
    R2dTransferFile file = {
        .was_lost = true, .skip_rows = progress.checkpoint, .late_for_us = progress.late_for_us};
    assert_int_equal(file.skip_rows, TWICE);
    assert_int_equal(transfer_rig_source(&t, 0, false, file.skip_rows, &err), R2D_OK);
    r2d_transfer_take_over(t.transfer, &file);
    long requests = t.base.fake.requests;
    step_for(progress.late_for_us - 10000);
    assert_int_equal(t.base.fake.requests, requests);
    assert_in_range(transfer_rig_progress(&t).late_for_us, 1,
                    10000); /* for the one after it, too */
    int steps = t.steps;
    assert_int_equal(transfer_rig_run_to(&t, file.skip_rows, INT64_MAX, &err), R2D_END);
    assert_in_range(t.steps - steps, 1, 1000);
    assert_newest();
    transfer_rig_end(&t);
}

static void without_a_grace_no_row_waits(void **state)
{
    (void)state;
    R2dError err;
    R2dTransferFile file = {.was_lost = true};
    transfer_rig_begin(&t, 1);
    write_file();
    fake_dynamodb_push(&t.base.fake, FAKE_RESET_AFTER);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    r2d_transfer_take_over(t.transfer, &file);
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_true(t.base.clock.mono_us - start_us < R2D_US_PER_S);
    assert_int_equal(transfer_rig_progress(&t).late_for_us, 0);
    assert_newest();
    transfer_rig_end(&t);
}

/* What is an answer and what is none; a row of the same key follows. */
static void who_did_not_answer(void **state)
{
    (void)state;
    static const struct {
        FakeKind kind;
        const char *body; /* of a 502 */
        bool waits;
    } cases[] = {
        {FAKE_OK, NULL, false},
        {FAKE_PARTIAL, NULL, false},
        {FAKE_THROTTLE, NULL, false},
        {FAKE_ERROR_BEFORE, NULL, false},
        {FAKE_ERROR_AFTER, NULL, false},
        {FAKE_RESET_BEFORE, NULL, true},
        {FAKE_RESET_AFTER, NULL, true},
        {FAKE_TEXT, "<html>Bad Gateway</html>", true},
        {FAKE_TEXT, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\"}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dError err;
        begin(RIG_STRING);
        write_file();
        if (cases[i].kind == FAKE_TEXT)
            fake_dynamodb_reply(&t.base.fake, 502, cases[i].body);
        else
            fake_dynamodb_push(&t.base.fake, cases[i].kind);
        assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
        int64_t start_us = t.base.clock.mono_us;
        assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
        assert_int_equal(t.base.clock.mono_us - start_us >= GRACE_US, cases[i].waits);
        assert_newest();
        transfer_rig_end(&t);
    }
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    int failures = 0, ends = 0;
    for (long at = 1; ends == 0; at++) {
        R2dError err;
        begin(RIG_STRING);
        write_file();
        fake_dynamodb_push(&t.base.fake, FAKE_RESET_LATE);
        fake_dynamodb_push(&t.base.fake, FAKE_RESET_LATE);
        t.base.unit.fail_at = t.base.unit.calls + at;
        R2dStatus status = transfer_rig_source(&t, 0, false, 0, &err);
        if (status == R2D_OK)
            status = transfer_rig_run(&t, &err);
        if (status == R2D_FAILED)
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
        else
            assert_newest(); /* memory that is only wanted for rows to wait can be missed */
        failures += status == R2D_FAILED;
        ends += t.base.unit.calls < t.base.unit.fail_at;
        t.base.unit.fail_at = 0;
        transfer_rig_end(&t);
    }
    assert_true(failures > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_row_waits_while_others_go_on),
        cmocka_unit_test(of_rows_that_wait_the_last_one_is_kept),
        cmocka_unit_test(more_than_can_wait_stops_reading_until_some_go),
        cmocka_unit_test(a_request_of_a_lost_loader_comes_late),
        cmocka_unit_test(a_superseded_row_may_have_been_sent_by_a_lost_loader),
        cmocka_unit_test(nothing_is_written_while_requests_of_settled_rows_may_come),
        cmocka_unit_test(without_a_grace_no_row_waits),
        cmocka_unit_test(who_did_not_answer),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
