/* test_notice.c - how often somebody who waits for a job hears of it, and in which words. */
#include "unit.h"

#include "control/notice.h"

static const R2dNotice nothing_known = {.percent = -1,
                                        .rows_unloaded = -1,
                                        .rows_settled = -1,
                                        .rows_per_s = -1,
                                        .units_per_s = -1,
                                        .throttled_share = -1,
                                        .seconds_left = -1,
                                        .unload_seconds = -1,
                                        .unload_rows = -1};

static void assert_text(const R2dNotice *notice, const char *expected)
{
    char text[R2D_NOTICE_SIZE];
    r2d_notice_text(notice, text, sizeof text);
    assert_string_equal(text, expected);
}

static void notices_become_rare(void **state)
{
    (void)state;
    assert_int_equal(r2d_notice_next_ms(0), 2000);
    assert_int_equal(r2d_notice_next_ms(1999), 2000);
    assert_int_equal(r2d_notice_next_ms(2000), 12000);
    assert_int_equal(r2d_notice_next_ms(599999), 609999);
    assert_int_equal(r2d_notice_next_ms(600000), 660000);
    assert_int_equal(r2d_notice_next_ms(7200000), 7260000);
}

static void a_wait_of_an_hour_tells_some_hundred_times(void **state)
{
    (void)state;
    int count = 0;
    for (int64_t at = r2d_notice_next_ms(0); at <= 3600 * 1000; at = r2d_notice_next_ms(at))
        count++;
    assert_int_equal(count, 61 + 49); /* 2, 12, ..., 602 s; then each minute */
}

static void a_state_without_numbers_stands_alone(void **state)
{
    (void)state;
    static const char *const states[] = {"queued", "preparing", "unloading", "loading",
                                         "finishing"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        R2dNotice notice = nothing_known;
        notice.state = states[i];
        assert_text(&notice, states[i]);
    }
    R2dNotice notice = nothing_known;
    notice.state = "interrupted";
    assert_text(&notice, "interrupted, no worker runs it");
}

static void an_unload_tells_its_time_and_rows(void **state)
{
    (void)state;
    R2dNotice notice = nothing_known;
    notice.state = "unloading";
    notice.unload_seconds = 80;
    assert_text(&notice, "unloading for 00:01:20");
    notice.unload_rows = 0;
    assert_text(&notice, "unloading for 00:01:20, 0 rows so far");
    notice.unload_rows = 1;
    assert_text(&notice, "unloading for 00:01:20, 1 row so far");
    notice.unload_rows = 12345;
    assert_text(&notice, "unloading for 00:01:20, 12,345 rows so far");
    notice.unload_seconds = 100 * 3600 + 1;
    notice.unload_rows = 1234567890123;
    assert_text(&notice, "unloading for 100:00:01, 1,234,567,890,123 rows so far");
}

static void loading_tells_all(void **state)
{
    (void)state;
    R2dNotice notice = nothing_known;
    notice.state = "loading";
    notice.percent = 41.2;
    notice.rows_unloaded = 1000000;
    notice.rows_settled = 412000;
    assert_text(&notice, "loading [########............] 41.2 % of 1,000,000 rows");
    notice.rows_per_s = 5000;
    notice.units_per_s = 12000;
    notice.throttled_share = 0;
    notice.seconds_left = 117;
    assert_text(&notice, "loading [########............] 41.2 % of 1,000,000 rows, 5,000 rows/s, "
                         "12,000 units/s, 00:01:57 left");
    notice.throttled_share = 0.312;
    assert_text(&notice, "loading [########............] 41.2 % of 1,000,000 rows, 5,000 rows/s, "
                         "12,000 units/s, 00:01:57 left, throttled by DynamoDB: 31 % of writes "
                         "came back");
}

static void the_bar_is_full_only_at_the_end(void **state)
{
    (void)state;
    R2dNotice notice = nothing_known;
    notice.state = "loading";
    notice.rows_unloaded = 100;
    notice.percent = 0;
    assert_text(&notice, "loading [....................] 0.0 % of 100 rows");
    notice.percent = 99.9;
    assert_text(&notice, "loading [###################.] 99.9 % of 100 rows");
    notice.percent = 100;
    assert_text(&notice, "loading [####################] 100.0 % of 100 rows");
}

static void without_a_promise_the_rows_so_far_are_told(void **state)
{
    (void)state;
    R2dNotice notice = nothing_known;
    notice.state = "loading";
    notice.rows_settled = 4321;
    notice.rows_per_s = 999;
    assert_text(&notice, "loading, 4,321 rows so far, 999 rows/s");
}

static void the_longest_text_fits_and_a_short_buffer_is_safe(void **state)
{
    (void)state;
    R2dNotice notice = {.state = "loading",
                        .percent = 100,
                        .rows_unloaded = INT64_MAX,
                        .rows_per_s = 9e18,
                        .units_per_s = 9e18,
                        .throttled_share = 1,
                        .seconds_left = INT64_MAX};
    char text[R2D_NOTICE_SIZE], small[16];
    r2d_notice_text(&notice, text, sizeof text);
    assert_true(strlen(text) < sizeof text - 1);
    r2d_notice_text(&notice, small, sizeof small);
    assert_string_equal(small, "loading [######");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_become_rare),
        cmocka_unit_test(a_wait_of_an_hour_tells_some_hundred_times),
        cmocka_unit_test(a_state_without_numbers_stands_alone),
        cmocka_unit_test(an_unload_tells_its_time_and_rows),
        cmocka_unit_test(loading_tells_all),
        cmocka_unit_test(the_bar_is_full_only_at_the_end),
        cmocka_unit_test(without_a_promise_the_rows_so_far_are_told),
        cmocka_unit_test(the_longest_text_fits_and_a_short_buffer_is_safe),
    };
    return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
