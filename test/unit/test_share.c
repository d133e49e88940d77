/* test_share.c - loaders share a bound without ever passing it for long. */
#include "unit.h"

#include "control/share.h"

#define START_US ((int64_t)100 * 1000 * 1000)

static void without_a_bound_there_is_no_share(void **state)
{
    (void)state;
    R2dShare share = {0};
    R2dSharers sharers = {.running = 3, .elsewhere = 2};
    r2d_share_join(&share, START_US);
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US) == 0);
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US + R2D_SHARE_INTERVAL_US) == 0);
}

static void who_is_counted_takes_an_equal_part(void **state)
{
    (void)state;
    R2dShare share = {0};
    R2dSharers sharers = {.max_wcu = 100, .running = 3, .pending = 50, .elsewhere = 2};
    r2d_share_join(&share, START_US);
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US + R2D_SHARE_INTERVAL_US) == 20);
    sharers.elsewhere = 0;
    sharers.running = 1;
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US + R2D_SHARE_INTERVAL_US) == 100);
}

static void who_begins_leaves_room_for_those_who_may_come(void **state)
{
    (void)state;
    R2dShare share = {0};
    R2dSharers sharers = {.max_wcu = 120, .running = 1, .pending = 50};
    r2d_share_join(&share, START_US);
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US) == 30);
    sharers.pending = 2;
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US) == 40);
    assert_true(r2d_share_wcu(&share, &sharers, 0, START_US) == 120);
}

static void who_begins_beside_another_job_waits_to_be_counted(void **state)
{
    (void)state;
    R2dShare share = {0};
    R2dSharers sharers = {.max_wcu = 100, .running = 1, .elsewhere = 1};
    r2d_share_join(&share, START_US);
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US + R2D_SHARE_INTERVAL_US - 1) == 1);
    assert_true(r2d_share_wcu(&share, &sharers, 4, START_US + R2D_SHARE_INTERVAL_US) == 50);
}

static void from_file_to_file_a_loader_stays_counted(void **state)
{
    (void)state;
    R2dShare share = {0};
    R2dSharers sharers = {.max_wcu = 100, .running = 1, .elsewhere = 1};
    int64_t now_us = START_US + 5 * R2D_SHARE_INTERVAL_US;
    r2d_share_join(&share, START_US);
    r2d_share_leave(&share, now_us);
    r2d_share_join(&share, now_us + 1);
    assert_true(r2d_share_wcu(&share, &sharers, 4, now_us + 1) == 50);
    r2d_share_join(&share, now_us + R2D_SHARE_INTERVAL_US);
    assert_true(r2d_share_wcu(&share, &sharers, 4, now_us + R2D_SHARE_INTERVAL_US) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_bound_there_is_no_share),
        cmocka_unit_test(who_is_counted_takes_an_equal_part),
        cmocka_unit_test(who_begins_leaves_room_for_those_who_may_come),
        cmocka_unit_test(who_begins_beside_another_job_waits_to_be_counted),
        cmocka_unit_test(from_file_to_file_a_loader_stays_counted),
    };
    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
