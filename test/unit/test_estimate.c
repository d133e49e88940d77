/* test_estimate.c - rates say what is known and no more. */
#include "unit.h"

#include "control/estimate.h"

#define S R2D_US_PER_S

static void assert_near(double value, double expected)
{
    if (value < expected - 0.001 || value > expected + 0.001)
        fail_msg("%f is not %f", value, expected);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
        cmocka_unit_test(often_fed_it_still_reaches_back_over_the_window),
        cmocka_unit_test(a_stalled_job_slows_down),
        cmocka_unit_test(what_goes_back_begins_anew),
    };
    return cmocka_run_group_tests_name("estimate", tests, NULL, NULL);
}
