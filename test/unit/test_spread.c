/*
 * test_spread.c - the window that spreads rows over partition keys: sorted files against a table of
 * eight partitions in simulated time. R2D_SPREAD_KEYS sets the number of partition keys of the
 * files.
 */
#include "transfer_rig.h"

#include "send/spread.h"
#include "transfer/flow.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_PER_KEY = 5000, PARTITIONS = 8, PARTITION_WCU = 1000 };

static TransferRig t;

/* A file against a table, and what became of it. */
typedef struct Load {
    int keys;
    bool shuffled;
    double table_wcu, initial_wcu, max_wcu;
    const char *v;
    double seconds; /* stop after so many; 0: at the end of the file */
    double lift_s;  /* partitions have no limit from here on; 0: always */
    /* Results. */
    double rows_per_s, throttled, took_s;
    int rows_most;      /* in the window */
    double first_off_s; /* the window went off; 0: never */
} Load;

static void shuffle(int *order, int count)
{
    R2dRandom random = {.state = 11};
    for (int i = count - 1; i > 0; i--) {
        int k = (int)(r2d_random_next(&random) % (unsigned)(i + 1));
        int swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
}

static void write_file(const Load *load)
{
    int count = load->keys * ROWS_PER_KEY;
    int *order = malloc((size_t)count * sizeof *order);
    for (int i = 0; i < count; i++)
        order[i] = i;
    if (load->shuffled)
        shuffle(order, count);
    for (int i = 0; i < count; i++)
        transfer_rig_sorted_item(&t, order[i] / ROWS_PER_KEY, order[i] % ROWS_PER_KEY,
                                 load->v != NULL ? load->v : "x");
    free(order);
}

static void open_load(const Load *load)
{
    R2dError err;
    R2dTransferOptions options = {.alloc = &t.base.unit.alloc,
                                  .clock = &t.base.clock.clock,
                                  .http = &t.base.fake.client,
                                  .s3 = &t.base.service,
                                  .dynamodb = &t.base.service,
                                  .mapping = &t.base.mapping,
                                  .table_name = "table",
                                  .requests_in_flight_max = 64,
                                  .initial_wcu = load->initial_wcu > 0 ? load->initial_wcu : 4000,
                                  .max_wcu = load->max_wcu};
    FakeDynamodb *fake = &t.base.fake;
    fake->keeps_nothing = true;
    fake->partitions = PARTITIONS;
    fake->partition_wcu = PARTITION_WCU;
    fake->table_wcu = load->table_wcu;
    fake->burst_s = 1;
    assert_int_equal(r2d_transfer_open(&t.transfer, &options, &err), R2D_OK);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
}

/* Steps until the clock has moved or the file ends. */
static bool moves(Load *load, int64_t start_us)
{
    R2dError err;
    t.steps = 0;
    bool was_on = r2d_spread_on(&t.transfer->spread);
    R2dStatus status = transfer_rig_run_to(&t, 0, t.last_checkpoint + 1, &err);
    assert_int_not_equal(status, R2D_FAILED);
    load->took_s = (double)(t.base.clock.mono_us - start_us) / 1e6;
    if (load->rows_most < t.transfer->spread.rows)
        load->rows_most = t.transfer->spread.rows;
    if (was_on && !r2d_spread_on(&t.transfer->spread) && load->first_off_s == 0)
        load->first_off_s = load->took_s;
    if (load->lift_s > 0 && load->took_s > load->lift_s)
        t.base.fake.partitions = 0;
    return status != R2D_END && (load->seconds == 0 || load->took_s < load->seconds);
}

static void run(Load *load, const char *what)
{
    transfer_rig_begin_key(&t, RIG_STRING_SORTED, 3);
    write_file(load);
    open_load(load);
    int64_t start_us = t.base.clock.mono_us;
    while (moves(load, start_us))
        ;
    double writes = (double)t.base.fake.writes;
    int64_t throttled = transfer_rig_progress(&t).throttled;
    load->rows_per_s = writes / load->took_s;
    load->throttled = (double)throttled / ((double)throttled + writes);
    printf("    %-34s %6.0f units/s, throttled %4.1f %%, %5d rows in the window\n", what,
           load->rows_per_s, load->throttled * 100, load->rows_most);
    transfer_rig_end(&t);
}

static int key_count(void)
{
    return getenv("R2D_SPREAD_KEYS") != NULL ? atoi(getenv("R2D_SPREAD_KEYS")) : 48;
}

static void sorted_input_is_nearly_as_fast_as_shuffled_input(void **state)
{
    (void)state;
    Load shuffled = {.keys = key_count(), .shuffled = true};
    Load sorted = {.keys = key_count()};
    run(&shuffled, "shuffled");
    run(&sorted, "sorted");
    printf("    %d keys: sorted / shuffled = %.2f\n", key_count(),
           sorted.rows_per_s / shuffled.rows_per_s);
    assert_true(sorted.rows_per_s >= 0.8 * shuffled.rows_per_s);
    assert_true(sorted.throttled < 0.1);
    assert_true(sorted.rows_most <= R2D_SPREAD_ROWS_MAX + 64 * R2D_BATCH_ITEMS_MAX);
}

static void a_table_below_its_partitions_is_still_used(void **state)
{
    (void)state;
    Load limited = {.keys = 30, .table_wcu = 3000, .seconds = 30};
    Load bounded = {.keys = 30, .max_wcu = 2500, .seconds = 40};
    run(&limited, "sorted, the table takes 3,000");
    assert_true(limited.rows_per_s > 0.9 * 3000);
    assert_true(limited.throttled < 0.1);
    run(&bounded, "sorted, max_wcu 2,500");
    assert_true(bounded.rows_per_s > 0.9 * 2500 && bounded.rows_per_s < 1.02 * 2500);
    assert_true(bounded.throttled < 0.1);
}

static void large_rows_are_bounded_by_their_bytes(void **state)
{
    (void)state;
    static char v[1001];
    memset(v, 'x', 1000);
    Load load = {.keys = 20, .v = v};
    run(&load, "sorted, rows of 1 KB");
    assert_in_range(load.rows_most, 10000, 25000);
}

static void the_window_closes_when_no_partition_throttles(void **state)
{
    (void)state;
    Load load = {.keys = 50, .lift_s = 5, .max_wcu = 8000};
    run(&load, "sorted, no partitions after 5 s");
    printf("    off after %.1f of %.1f s\n", load.first_off_s, load.took_s);
    assert_in_range((int)load.first_off_s, 12, 25);
    assert_true(load.first_off_s < load.took_s - 2);
}

static void write_small_file(void)
{
    for (int i = 0; i < 300; i++)
        transfer_rig_sorted_item(&t, i / 100, i % 90, "some text");
    transfer_rig_line(&t, "bad");
    transfer_rig_sorted_item(&t, 5, 1, "POISON");
    t.base.fake.poison = "POISON";
    fake_dynamodb_push(&t.base.fake, FAKE_OK);
    for (int i = 0; i < 4; i++)
        fake_dynamodb_push(&t.base.fake, i % 2 == 0 ? FAKE_THROTTLE_PARTITION : FAKE_PARTIAL);
}

static void each_allocation_may_fail_while_rows_are_spread(void **state)
{
    (void)state;
    R2dError err;
    int failures = 0;
    for (long at = 1;; at++) {
        transfer_rig_begin_key(&t, RIG_STRING_SORTED, 2);
        write_small_file();
        assert_int_equal(transfer_rig_open(&t, 8, &err), R2D_OK);
        t.base.unit.fail_at = t.base.unit.calls + at;
        R2dStatus status = transfer_rig_source(&t, 500, true, 0, &err);
        if (status == R2D_OK)
            status = transfer_rig_run(&t, &err);
        bool reached = t.base.unit.calls >= t.base.unit.fail_at;
        failures += status == R2D_FAILED;
        t.base.unit.fail_at = 0;
        if (!reached) {
            assert_int_equal(status, R2D_END);
            assert_int_equal(t.base.fake.item_count, 3 * 90);
        }
        transfer_rig_end(&t);
        if (!reached)
            break;
    }
    printf("    %d failures\n", failures);
    assert_true(failures > 30);
}

/* What was in the window is lost with the file, and read again from the checkpoint. */
static void closing_a_file_empties_the_window(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin_key(&t, RIG_STRING_SORTED, 2);
    for (int i = 0; i < 30000; i++)
        transfer_rig_sorted_item(&t, i / 5000, i % 5000, "x");
    t.base.fake.partitions = 4;
    t.base.fake.partition_wcu = 500;
    t.base.fake.burst_s = 0.1;
    assert_int_equal(transfer_rig_open(&t, 16, &err), R2D_OK);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, 0, 2000, &err), R2D_OK);
    R2dTransferProgress first = transfer_rig_progress(&t);
    assert_true(t.transfer->spread.rows > 10000);
    r2d_transfer_file_close(t.transfer);
    assert_false(r2d_spread_on(&t.transfer->spread));
    assert_int_equal(transfer_rig_source(&t, 0, false, first.checkpoint, &err), R2D_OK);
    assert_int_equal(transfer_rig_run_to(&t, first.checkpoint, INT64_MAX, &err), R2D_END);
    assert_int_equal(first.written + transfer_rig_progress(&t).written, 30000);
    assert_int_equal(t.base.fake.item_count, 30000);
    transfer_rig_end(&t);
}

static void write_large_row(int key, int n, const char *begin)
{
    static char v[120001];
    memset(v, 'x', sizeof v - 1);
    memcpy(v, begin, strlen(begin));
    assert_true(r2d_bytes_appendf(&t.lines, "{\"c0\":\"k%d\",\"c1\":%d,\"c2\":\"", key, n) &&
                r2d_bytes_append_text(&t.lines, v) && r2d_bytes_append_text(&t.lines, "\"}\n"));
    t.rows++;
}

/* The newer row has left the window when its batch turns out to have no room; the older row is in
 * that batch, and comes back. */
static void an_older_row_that_comes_back_does_not_overtake(void **state)
{
    (void)state;
    R2dError err;
    for (int returned = 1; returned < 10; returned++) {
        transfer_rig_begin_key(&t, RIG_STRING_SORTED, 2);
        for (int n = 0; n < 25; n++)
            transfer_rig_sorted_item(&t, 0, n, "small");
        for (int n = 0; n < 4; n++)
            write_large_row(1, n, "older");
        write_large_row(1, 3, "newer");
        fake_dynamodb_push(&t.base.fake, FAKE_THROTTLE_PARTITION);
        for (int i = 0; i < returned; i++)
            fake_dynamodb_push(&t.base.fake, FAKE_NONE_PROCESSED);
        assert_int_equal(transfer_rig_open(&t, 8, &err), R2D_OK);
        assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
        assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
        assert_int_equal(t.base.fake.item_count, 29);
        assert_non_null(
            strstr(fake_dynamodb_item(&t.base.fake, "{\"S\":\"k1\"},{\"N\":\"3\"}"), "newer"));
        transfer_rig_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_input_is_nearly_as_fast_as_shuffled_input),
        cmocka_unit_test(a_table_below_its_partitions_is_still_used),
        cmocka_unit_test(large_rows_are_bounded_by_their_bytes),
        cmocka_unit_test(the_window_closes_when_no_partition_throttles),
        cmocka_unit_test(each_allocation_may_fail_while_rows_are_spread),
        cmocka_unit_test(closing_a_file_empties_the_window),
        cmocka_unit_test(an_older_row_that_comes_back_does_not_overtake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
