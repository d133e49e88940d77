/* test_estimate.c - percent, rate and time left say what is known and no more. */
#include "unit.h"

#include "control/estimate.h"

#define S R2D_US_PER_S

static void assert_near(double value, double expected)
{
    if (value < expected - 0.001 || value > expected + 0.001)
        fail_msg("%f is not %f", value, expected);
}

static void percent_is_100_only_at_the_end(void **state)
{
    (void)state;
    assert_near(r2d_estimate_percent(0, 10), 0);
    assert_near(r2d_estimate_percent(5, 10), 50);
    assert_near(r2d_estimate_percent(10, 10), 100);
    assert_near(r2d_estimate_percent(11, 10), 100);
    assert_near(r2d_estimate_percent(0, 0), 100);
    assert_true(r2d_estimate_percent(999999999, 1000000000) < 100);
    assert_true(r2d_estimate_percent(3, -1) < 0);
    assert_near(r2d_estimate_percent(-1, 10), 0);
}

static void the_rate_is_that_of_the_last_seconds(void **state)
{
    (void)state;
    R2dEstimate estimate = {0};
    assert_true(r2d_estimate_rate(&estimate, S) < 0);
    r2d_estimate_add(&estimate, 1 * S, 0);
    assert_true(r2d_estimate_rate(&estimate, S) < 0);
    r2d_estimate_add(&estimate, 6 * S, 500);
    assert_near(r2d_estimate_rate(&estimate, 6 * S), 100);
    for (int i = 1; i <= 40; i++)
        r2d_estimate_add(&estimate, (6 + i) * S, 500 + 500 * i);
    assert_near(r2d_estimate_rate(&estimate, 46 * S), 500);
    assert_true(estimate.count <= R2D_ESTIMATE_SAMPLES);
}

static void often_fed_it_still_reaches_back_over_the_window(void **state)
{
    (void)state;
    R2dEstimate estimate = {0};
    for (int i = 0; i <= 60 * 100; i++)
        r2d_estimate_add(&estimate, i * S / 100, i);
    assert_true(estimate.samples[0].at_us <= 60 * S - R2D_ESTIMATE_WINDOW_US);
    assert_near(r2d_estimate_rate(&estimate, 60 * S), 100);
}

static void a_stalled_job_slows_down(void **state)
{
    (void)state;
    R2dEstimate estimate = {0};
    r2d_estimate_add(&estimate, 0, 0);
    r2d_estimate_add(&estimate, 4 * S, 400);
    assert_near(r2d_estimate_rate(&estimate, 5 * S), 80);
    assert_near(r2d_estimate_rate(&estimate, 200 * S), 0);
}

static void what_goes_back_begins_anew(void **state)
{
    (void)state;
    R2dEstimate estimate = {0};
    r2d_estimate_add(&estimate, 100 * S, 500);
    r2d_estimate_add(&estimate, 110 * S, 600);
    r2d_estimate_add(&estimate, 5 * S, 600);
    assert_int_equal(estimate.count, 1);
    assert_true(r2d_estimate_rate(&estimate, 5 * S) < 0);
    r2d_estimate_add(&estimate, 6 * S, 10);
    assert_int_equal(estimate.count, 1);
}

static void time_left_is_said_only_when_known(void **state)
{
    (void)state;
    assert_int_equal(r2d_estimate_seconds_left(0, 1000, 100), 10);
    assert_int_equal(r2d_estimate_seconds_left(999, 1000, 100), 1);
    assert_int_equal(r2d_estimate_seconds_left(1000, 1000, 0), 0);
    assert_int_equal(r2d_estimate_seconds_left(1001, 1000, -1), 0);
    assert_int_equal(r2d_estimate_seconds_left(0, 1000, 0), -1);
    assert_int_equal(r2d_estimate_seconds_left(0, 1000, -1), -1);
    assert_int_equal(r2d_estimate_seconds_left(0, -1, 100), -1);
    assert_int_equal(r2d_estimate_seconds_left(0, INT64_MAX, 1e-9), -1);
    assert_int_equal(r2d_estimate_seconds_left(0, 1000, 0.0 * -1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_is_100_only_at_the_end),
        cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
        cmocka_unit_test(often_fed_it_still_reaches_back_over_the_window),
        cmocka_unit_test(a_stalled_job_slows_down),
        cmocka_unit_test(what_goes_back_begins_anew),
        cmocka_unit_test(time_left_is_said_only_when_known),
    };
    return cmocka_run_group_tests_name("estimate", tests, NULL, NULL);
}
