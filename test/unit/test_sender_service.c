/* test_sender_service.c - rows that the service always answers with an error of its own. */
#include "sender_rig.h"

#include <stdio.h>

static SenderRig t;
static int rows_added;

static bool add(const char *v)
{
    char id[16];
    snprintf(id, sizeof id, "k%d", rows_added + 1);
    if (!sender_rig_add(&t, rows_added + 1, id, v))
        return false;
    rows_added++;
    return true;
}

/* `count` rows, of which the one at `cursed` (from 1; 0: none) contains "cursed". */
static void add_batch(int count, int cursed)
{
    for (int i = 1; i <= count; i++)
        assert_true(add(i == cursed ? "cursed" : "fine"));
}

static void begin(int in_flight_max)
{
    rows_added = 0;
    sender_rig_begin(&t, RIG_STRING, in_flight_max);
    t.base.fake.curse = "cursed";
}

static int64_t seconds_since(int64_t start_us)
{
    return (t.base.clock.mono_us - start_us) / R2D_US_PER_S;
}

/* Goes on for so long, with a batch of good rows each second if `traffic`. */
static R2dStatus go_on(int seconds, bool traffic, R2dError *err)
{
    int64_t end_us = t.base.clock.mono_us + seconds * R2D_US_PER_S;
    int64_t next_us = t.base.clock.mono_us;
    R2dStatus status = R2D_OK;
    while (status == R2D_OK && t.base.clock.mono_us < end_us) {
        if (traffic && t.base.clock.mono_us >= next_us && rows_added + 2 < SENDER_ROWS_MAX) {
            (void)add("fine");
            r2d_sender_flush(t.sender);
            next_us += R2D_US_PER_S;
        }
        status = sender_rig_turn(&t, err);
        int64_t before_us = t.base.clock.mono_us;
        sender_rig_pass_time(&t);
        if (t.base.clock.mono_us > before_us + R2D_US_PER_S / 2 || r2d_sender_idle(t.sender))
            t.base.clock.mono_us = before_us + R2D_US_PER_S / 2;
    }
    return status;
}

static int count_outcome(R2dOutcome outcome)
{
    int count = 0;
    for (int row = 1; row <= rows_added; row++)
        count += t.outcomes[row] == outcome;
    return count;
}

static void the_row_is_found_and_the_others_are_written(void **state)
{
    (void)state;
    for (int cursed = 1; cursed <= 25; cursed += 3) {
        R2dError err = {0};
        begin(4);
        add_batch(25, cursed);
        int64_t start_us = t.base.clock.mono_us;
        assert_int_equal(go_on(119, true, &err), R2D_OK);
        for (int row = 1; row <= 25; row++) /* the batch is patient */
            assert_int_equal(t.outcomes[row], R2D_ROW_OPEN);
        assert_int_equal(go_on(60, true, &err), R2D_OK);
        for (int row = 1; row <= 25; row++)
            assert_int_equal(t.outcomes[row], row == cursed ? R2D_ROW_OPEN : R2D_ROW_WRITTEN);
        while (t.outcomes[cursed] == R2D_ROW_OPEN)
            assert_int_equal(go_on(1, true, &err), R2D_OK);
        assert_int_equal(t.outcomes[cursed], R2D_ROW_REJECTED);
        assert_in_range(seconds_since(start_us), 240, 330);
        assert_string_equal(t.refusal.code, "service_error");
        assert_non_null(strstr(t.refusal.detail, "try again"));
        assert_non_null(strstr(t.refusal.detail, "InternalServerError"));
        assert_non_null(strstr(t.refused, "cursed"));
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        assert_int_equal(count_outcome(R2D_ROW_OPEN), 0);
        assert_int_equal(count_outcome(R2D_ROW_REJECTED), 1);
        sender_rig_end(&t);
    }
}

/* Those of one batch are waited for side by side. */
static void several_rows_of_a_batch_are_found(void **state)
{
    (void)state;
    for (int apart = 1; apart <= 7; apart += 2) {
        R2dError err = {0};
        begin(4);
        for (int row = 1; row <= 25; row++)
            assert_true(add(row % apart == 0 ? "cursed" : "fine"));
        int64_t start_us = t.base.clock.mono_us;
        while (count_outcome(R2D_ROW_REJECTED) < 25 / apart)
            assert_int_equal(go_on(1, true, &err), R2D_OK);
        assert_in_range(seconds_since(start_us), 240, 600);
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        assert_int_equal(count_outcome(R2D_ROW_OPEN), 0);
        for (int row = 1; row <= 25; row++)
            assert_int_equal(t.outcomes[row],
                             row % apart == 0 ? R2D_ROW_REJECTED : R2D_ROW_WRITTEN);
        sender_rig_end(&t);
    }
}

/* Where no other request could succeed, the halves of the batch show whether the service works. */
static void a_batch_that_is_the_only_one_is_halved_later(void **state)
{
    (void)state;
    R2dError err = {0};
    begin(4);
    add_batch(20, 7);
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    assert_in_range(seconds_since(start_us), 360, 480);
    assert_int_equal(count_outcome(R2D_ROW_WRITTEN), 19);
    assert_int_equal(t.outcomes[7], R2D_ROW_REJECTED);
    sender_rig_end(&t);
}

/* The others of its batch are written before it fails alone, and nothing after it. */
static void the_last_row_of_a_file_is_found(void **state)
{
    (void)state;
    R2dError err = {0};
    begin(4);
    assert_int_equal(go_on(10, true, &err), R2D_OK);
    add_batch(25, 25);
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    assert_int_equal(count_outcome(R2D_ROW_WRITTEN), rows_added - 1);
    assert_int_equal(count_outcome(R2D_ROW_REJECTED), 1);
    sender_rig_end(&t);
}

static void a_row_that_is_the_only_one_fails_the_job_as_an_outage(void **state)
{
    (void)state;
    R2dError err = {0};
    begin(4);
    add_batch(1, 1);
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(sender_rig_run(&t, &err), R2D_FAILED);
    assert_in_range(seconds_since(start_us), 600, 660);
    assert_string_equal(err.code, "InternalServerError");
    assert_int_equal(t.outcomes[1], R2D_ROW_OPEN);
    sender_rig_end(&t);
}

/* Ten minutes of it fail the job, less does no harm, whenever it begins. */
static void an_outage_of_the_table_rejects_nothing(void **state)
{
    (void)state;
    for (int minutes = 1; minutes <= 9; minutes++) {
        R2dError err = {0};
        begin(8);
        assert_int_equal(go_on(10, true, &err), R2D_OK);
        for (int batch = 0; batch < 8; batch++) {
            add_batch(25, 0);
            assert_int_equal(sender_rig_turn(&t, &err), R2D_OK); /* some of it still arrives */
            t.base.fake.chance[FAKE_ERROR_BEFORE] = batch < 3 ? 0 : 1;
        }
        assert_int_equal(go_on(minutes * 60, true, &err), R2D_OK);
        t.base.fake.chance[FAKE_ERROR_BEFORE] = 0;
        assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
        assert_int_equal(count_outcome(R2D_ROW_WRITTEN), rows_added);
        sender_rig_end(&t);
    }
}

static void an_outage_of_ten_minutes_fails_with_its_words(void **state)
{
    (void)state;
    R2dError err = {0};
    begin(8);
    assert_int_equal(go_on(10, true, &err), R2D_OK);
    int written = count_outcome(R2D_ROW_WRITTEN);
    t.base.fake.chance[FAKE_ERROR_BEFORE] = 1;
    add_batch(25, 0);
    add_batch(25, 0);
    int64_t start_us = t.base.clock.mono_us;
    assert_int_equal(go_on(3600, false, &err), R2D_FAILED);
    assert_in_range(seconds_since(start_us), 600, 660);
    assert_string_equal(err.code, "InternalServerError");
    assert_string_equal(err.detail, "try again");
    assert_int_equal(count_outcome(R2D_ROW_WRITTEN), written);
    assert_int_equal(count_outcome(R2D_ROW_REJECTED), 0);
    sender_rig_end(&t);
}

/* Rows of one partition fail while all others are written: more than a hundred are an outage. */
static void an_outage_of_a_partition_fails_at_a_hundred_rows(void **state)
{
    (void)state;
    R2dError err = {0};
    R2dStatus status = R2D_OK;
    begin(32);
    int64_t start_us = t.base.clock.mono_us;
    while (status == R2D_OK && seconds_since(start_us) < 3600) {
        for (int i = 0; i < 20 && rows_added + 2 < SENDER_ROWS_MAX; i++)
            if (!add(rows_added % 16 == 5 && rows_added < 3000 ? "cursed" : "fine"))
                break;
        status = sender_rig_turn(&t, &err);
        sender_rig_pass_time(&t);
    }
    assert_int_equal(status, R2D_FAILED);
    assert_string_equal(err.code, "InternalServerError");
    assert_string_equal(err.detail, "try again");
    assert_non_null(strstr(err.hint, "100 rows"));
    assert_int_equal(count_outcome(R2D_ROW_REJECTED), 100);
    sender_rig_end(&t);
}

/* The same, when it passes in time: all of its rows are written. */
static void an_outage_of_a_partition_that_passes_does_no_harm(void **state)
{
    (void)state;
    R2dError err = {0};
    begin(8);
    for (int batch = 0; batch < 8; batch++) {
        add_batch(25, 3 * batch + 1);
        assert_int_equal(sender_rig_turn(&t, &err), R2D_OK);
    }
    assert_int_equal(go_on(230, true, &err), R2D_OK);
    t.base.fake.curse = NULL;
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    assert_int_equal(count_outcome(R2D_ROW_WRITTEN), rows_added);
    sender_rig_end(&t);
}

/* Whatever else goes wrong at the same time. */
static void it_is_found_in_bad_weather(void **state)
{
    (void)state;
    R2dError err = {0};
    begin(4);
    t.base.fake.chance[FAKE_PARTIAL] = 0.2;
    t.base.fake.chance[FAKE_THROTTLE] = 0.1;
    t.base.fake.chance[FAKE_RESET_AFTER] = 0.1;
    t.base.fake.chance[FAKE_ERROR_AFTER] = 0.1;
    t.base.fake.chance[FAKE_GARBAGE] = 0.1;
    t.base.fake.poison = "poison";
    for (int row = 1; row <= 25; row++)
        assert_true(add(row == 4 || row == 20 ? "cursed" : row == 11 ? "poison" : "fine"));
    while (count_outcome(R2D_ROW_REJECTED) < 3)
        assert_int_equal(go_on(1, true, &err), R2D_OK);
    assert_int_equal(sender_rig_run(&t, &err), R2D_OK);
    for (int row = 1; row <= rows_added; row++)
        assert_int_equal(t.outcomes[row],
                         row == 4 || row == 11 || row == 20 ? R2D_ROW_REJECTED : R2D_ROW_WRITTEN);
    sender_rig_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_is_found_and_the_others_are_written),
        cmocka_unit_test(several_rows_of_a_batch_are_found),
        cmocka_unit_test(a_batch_that_is_the_only_one_is_halved_later),
        cmocka_unit_test(the_last_row_of_a_file_is_found),
        cmocka_unit_test(a_row_that_is_the_only_one_fails_the_job_as_an_outage),
        cmocka_unit_test(an_outage_of_the_table_rejects_nothing),
        cmocka_unit_test(an_outage_of_ten_minutes_fails_with_its_words),
        cmocka_unit_test(an_outage_of_a_partition_fails_at_a_hundred_rows),
        cmocka_unit_test(an_outage_of_a_partition_that_passes_does_no_harm),
        cmocka_unit_test(it_is_found_in_bad_weather),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
