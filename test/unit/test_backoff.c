/* test_backoff.c - delays are fully jittered, bounded, and repeatable from a seed. */
#include "unit.h"

#include "base/backoff.h"

static const R2dBackoff throttle = {50000, 5000000};
static const R2dBackoff partition = {50000, 20000000};
static const R2dBackoff transient = {25000, 20000000};

static void the_bound_doubles_up_to_the_cap(void **state)
{
    (void)state;
    assert_int_equal(r2d_backoff_delay_us(&throttle, 1, 1.0), 50000);
    assert_int_equal(r2d_backoff_delay_us(&throttle, 2, 1.0), 100000);
    assert_int_equal(r2d_backoff_delay_us(&throttle, 7, 1.0), 3200000);
    assert_int_equal(r2d_backoff_delay_us(&throttle, 8, 1.0), 5000000);
    assert_int_equal(r2d_backoff_delay_us(&throttle, 1000000, 1.0), 5000000);
    assert_int_equal(r2d_backoff_delay_us(&partition, 30, 1.0), 20000000);
    assert_int_equal(r2d_backoff_delay_us(&transient, 1, 1.0), 25000);
    assert_int_equal(r2d_backoff_delay_us(&transient, 30, 1.0), 20000000);
    assert_int_equal(r2d_backoff_delay_us(&transient, 3, 0.0), 0);
    assert_int_equal(r2d_backoff_delay_us(&transient, 3, 0.5), 50000);
}

static void jitter_is_uniform_and_repeatable(void **state)
{
    (void)state;
    R2dRandom a = {.state = 42}, b = {.state = 42}, other = {.state = 43};
    double sum = 0;
    int low = 0;
    bool differs = false;
    for (int i = 0; i < 10000; i++) {
        double unit = r2d_random_unit(&a);
        assert_true(unit >= 0 && unit < 1);
        assert_true(unit == r2d_random_unit(&b));
        differs = differs || unit != r2d_random_unit(&other);
        sum += unit;
        low += unit < 0.1;
    }
    assert_true(differs);
    assert_true(sum > 4900 && sum < 5100);
    assert_true(low > 900 && low < 1100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_doubles_up_to_the_cap),
        cmocka_unit_test(jitter_is_uniform_and_repeatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
