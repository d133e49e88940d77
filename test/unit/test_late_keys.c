/* test_late_keys.c - which rows must wait for requests that nobody answered, and for how long. */
#include "unit.h"

#include "send/late_keys.h"

static UnitAlloc unit;
static R2dLateKeys keys;

static void begin(void)
{
    unit_alloc_init(&unit);
    r2d_late_keys_init(&keys, &unit.alloc);
}

static void end(void)
{
    r2d_late_keys_clear(&keys);
    assert_int_equal(unit.live, 0);
}

static void a_later_row_waits_and_the_same_one_does_not(void **state)
{
    (void)state;
    begin();
    assert_int_equal(keys.until_us, 0);
    r2d_late_keys_add(&keys, 7, 100, 5000, 1000);
    assert_int_equal(keys.until_us, 5000);
    assert_int_equal(r2d_late_keys_find(&keys, 7, 101, 1000), 5000);
    assert_int_equal(r2d_late_keys_find(&keys, 7, 100, 1000), 0);
    assert_int_equal(r2d_late_keys_find(&keys, 8, 101, 1000), 0);
    assert_int_equal(r2d_late_keys_find(&keys, 7, 101, 5000), 0);
    end();
}

static void a_row_that_fails_again_waits_longer(void **state)
{
    (void)state;
    begin();
    r2d_late_keys_add(&keys, 7, 100, 5000, 1000);
    r2d_late_keys_add(&keys, 7, 100, 9000, 4000);
    r2d_late_keys_add(&keys, 7, 100, 6000, 4500);
    assert_int_equal(keys.count, 1);
    assert_int_equal(r2d_late_keys_find(&keys, 7, 101, 8999), 9000);
    end();
}

static void only_rows_that_are_settled_matter_to_the_next(void **state)
{
    (void)state;
    begin();
    assert_int_equal(r2d_late_keys_until(&keys, 1000, 0), 0);
    r2d_late_keys_add(&keys, 1, 10, 5000, 0);
    r2d_late_keys_add(&keys, 2, 20, 7000, 0);
    r2d_late_keys_add(&keys, 3, 30, 6000, 0);
    assert_int_equal(r2d_late_keys_until(&keys, 9, 0), 0);
    assert_int_equal(r2d_late_keys_until(&keys, 10, 0), 5000);
    assert_int_equal(r2d_late_keys_until(&keys, 29, 0), 7000);
    assert_int_equal(r2d_late_keys_until(&keys, 29, 7000), 0);
    r2d_late_keys_add_all(&keys, 8000);
    assert_int_equal(r2d_late_keys_until(&keys, 0, 0), 8000);
    end();
}

static void all_are_forgotten_when_the_last_time_has_passed(void **state)
{
    (void)state;
    begin();
    r2d_late_keys_add(&keys, 1, 10, 5000, 0);
    r2d_late_keys_add(&keys, 2, 20, 7000, 0);
    r2d_late_keys_expire(&keys, 6999);
    assert_int_equal(keys.count, 2);
    r2d_late_keys_expire(&keys, 7000);
    assert_int_equal(keys.until_us, 0);
    assert_int_equal(unit.live, 0);
    end();
}

/* Keys come for ever, each for a while: the table keeps those of that while. */
static void memory_follows_those_that_are_late(void **state)
{
    (void)state;
    begin();
    for (int64_t i = 1; i <= 1000000; i++) {
        r2d_late_keys_add(&keys, (uint64_t)i * 0x9E3779B97F4A7C15u, i, i + 500, i);
        if (i > 400)
            assert_int_equal(
                r2d_late_keys_find(&keys, (uint64_t)(i - 400) * 0x9E3779B97F4A7C15u, 0, i),
                i + 100);
    }
    assert_true(keys.mask < 8192);
    assert_int_equal(keys.all_until_us, 0);
    end();
}

static void beyond_the_bound_every_row_waits(void **state)
{
    (void)state;
    begin();
    uint64_t i = 1;
    for (; keys.all_until_us == 0; i++)
        r2d_late_keys_add(&keys, i * 0x9E3779B97F4A7C15u, (int64_t)i, 5000, 0);
    assert_in_range(i, R2D_LATE_KEYS_MAX, 4 * R2D_LATE_KEYS_MAX);
    assert_true((keys.mask + 1) * sizeof *keys.entries <= (size_t)13 * 1024 * 1024);
    assert_int_equal(r2d_late_keys_find(&keys, 0, 1, 4999), 5000);
    assert_int_equal(r2d_late_keys_find(&keys, 0, 1, 5000), 0);
    end();
}

static void without_memory_every_row_waits(void **state)
{
    (void)state;
    begin();
    unit.fail_at = unit.calls + 1;
    r2d_late_keys_add(&keys, 7, 100, 5000, 0);
    assert_int_equal(r2d_late_keys_find(&keys, 8, 1, 0), 5000);
    assert_int_equal(r2d_late_keys_until(&keys, 0, 0), 5000);
    r2d_late_keys_expire(&keys, 5000);
    assert_int_equal(r2d_late_keys_find(&keys, 8, 1, 5000), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_row_waits_and_the_same_one_does_not),
        cmocka_unit_test(a_row_that_fails_again_waits_longer),
        cmocka_unit_test(only_rows_that_are_settled_matter_to_the_next),
        cmocka_unit_test(all_are_forgotten_when_the_last_time_has_passed),
        cmocka_unit_test(memory_follows_those_that_are_late),
        cmocka_unit_test(beyond_the_bound_every_row_waits),
        cmocka_unit_test(without_memory_every_row_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
