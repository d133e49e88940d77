/*
 * test_spread.c - the window that spreads rows over partition keys: its queues, and sorted files
 * against a table of eight partitions in simulated time. R2D_SPREAD_KEYS sets the number of
 * partition keys of the files.
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

/* The queues alone. */

typedef struct Queue {
    UnitAlloc unit;
    R2dSpread spread;
    R2dLooseItem loose;
    int64_t now_us;
} Queue;

static void queue_begin(Queue *q)
{
    *q = (Queue){.now_us = 1000000};
    unit_alloc_init(&q->unit);
    r2d_spread_init(&q->spread, &q->unit.alloc);
    r2d_loose_item_init(&q->loose, &q->unit.alloc);
    assert_false(r2d_spread_on(&q->spread));
    assert_true(r2d_spread_blame(&q->spread, q->now_us));
    assert_true(r2d_spread_on(&q->spread));
}

static void queue_end(Queue *q)
{
    r2d_spread_clear(&q->spread);
    r2d_loose_item_free(&q->loose);
    assert_int_equal(q->unit.live, 0);
}

static bool queue_put(Queue *q, uint64_t partition, int64_t row, size_t bytes)
{
    q->loose.row = row;
    q->loose.item =
        (R2dItem){.write_units = 1, .key_hash = (uint64_t)row * 7, .partition_hash = partition};
    q->loose.request.len = q->loose.keys.len = 0;
    for (size_t i = 0; i < bytes; i++)
        assert_true(r2d_bytes_append_char(&q->loose.request, (char)('a' + (row + (int)i) % 26)));
    assert_true(r2d_bytes_appendf(&q->loose.keys, "key %d", (int)row));
    return r2d_spread_put(&q->spread, &q->loose, q->now_us);
}

/* The row that goes next, 0 for none; checks its bytes. */
static int64_t queue_take(Queue *q, size_t bytes)
{
    uint64_t key_hash;
    char key[32];
    if (!r2d_spread_next(&q->spread, q->now_us, &key_hash))
        return 0;
    assert_true(r2d_spread_take(&q->spread, q->now_us, &q->loose));
    int64_t row = q->loose.row;
    snprintf(key, sizeof key, "key %d", (int)row);
    assert_int_equal(key_hash, (uint64_t)row * 7);
    assert_int_equal(q->loose.item.key_hash, key_hash);
    assert_view(r2d_bytes_view(&q->loose.keys), key);
    assert_int_equal(q->loose.request.len, bytes);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(q->loose.request.data[i], 'a' + (row + (int)i) % 26);
    return row;
}

static void rows_come_in_turns_and_in_the_order_of_their_key(void **state)
{
    (void)state;
    Queue q;
    queue_begin(&q);
    for (int row = 1; row <= 120; row++) {
        q.now_us += row == 61 ? 1000 : 0;
        assert_true(queue_put(&q, row <= 60 ? 7 : 8, row, 300));
    }
    assert_int_equal(queue_take(&q, 300), 0); /* the first row of a key waits for more */
    q.now_us += 10000;
    static const int firsts[] = {1, 61, 26, 86, 51, 111};
    for (int turn = 0; turn < 6; turn++) {
        for (int i = 0; i < (turn < 4 ? 25 : 10); i++)
            assert_int_equal(queue_take(&q, 300), firsts[turn] + i);
        if (turn % 2 == 1) {
            if (turn < 5) {
                assert_int_equal(queue_take(&q, 300), 0);
                assert_in_range(r2d_spread_wait_us(&q.spread, q.now_us), 1000, 25000);
            }
            q.now_us += 25000; /* 25 units at the pace to begin with */
        }
    }
    assert_int_equal(r2d_spread_wait_us(&q.spread, q.now_us), -1);
    assert_int_equal(q.spread.rows, 0);
    queue_end(&q);
}

static void what_comes_back_goes_first(void **state)
{
    (void)state;
    Queue q;
    R2dBatch batch;
    queue_begin(&q);
    assert_true(r2d_batch_init(&batch, &q.unit.alloc, "table"));
    for (int row = 1; row <= 10; row++)
        assert_true(queue_put(&q, 7, row, 100));
    q.now_us += 10000;
    for (int row = 1; row <= 10; row++) {
        assert_int_equal(queue_take(&q, 100), row);
        assert_true(r2d_batch_append(&batch, &q.loose));
        r2d_batch_commit(&batch);
    }
    assert_true(queue_put(&q, 7, 11, 100));
    for (int i = 9; i >= 5; i--)
        assert_true(r2d_spread_give_back(&q.spread, &batch, i, q.now_us));
    for (int i = 3; i >= 0; i--)
        assert_true(r2d_spread_give_back(&q.spread, &batch, i, q.now_us));
    q.now_us += 50000;
    static const int order[] = {1, 2, 3, 4, 6, 7, 8, 9, 10, 11};
    for (int i = 0; i < 10; i++)
        assert_int_equal(queue_take(&q, 100), order[i]);
    r2d_batch_free(&batch);
    queue_end(&q);
}

static void the_pace_of_a_key_follows_what_its_partition_takes(void **state)
{
    (void)state;
    Queue q;
    queue_begin(&q);
    int64_t start_us = q.now_us;
    int sent = 0, accepted = 0;
    double tokens = 0;
    for (int row = 1; row <= 20000 && q.now_us < start_us + 20000000; row++) {
        assert_true(queue_put(&q, 7, row, 10));
        if (row % 25 != 0)
            continue;
        int64_t wait_us = r2d_spread_wait_us(&q.spread, q.now_us);
        q.now_us += wait_us;
        tokens += (double)wait_us * 300 / 1e6;
        while (queue_take(&q, 10) != 0)
            ;
        R2dSpreadReply reply = {.sent_us = q.now_us};
        reply.accepted_units = tokens >= 25 ? 25 : (int)tokens;
        reply.returned_units = 25 - reply.accepted_units;
        tokens -= reply.accepted_units;
        sent += 25;
        accepted += reply.accepted_units;
        r2d_spread_reply(&q.spread, 7, &reply, q.now_us);
    }
    double seconds = (double)(q.now_us - start_us) / 1e6;
    printf("    a partition of 300 units/s: %.0f accepted, %.1f %% came back\n", accepted / seconds,
           100.0 * (sent - accepted) / sent);
    assert_true(accepted / seconds > 270);
    assert_true(accepted > 0.9 * sent);
    queue_end(&q);
}

static void the_window_is_bounded(void **state)
{
    (void)state;
    Queue q;
    queue_begin(&q);
    int row;
    for (row = 1; r2d_spread_open(&q.spread, q.now_us); row++)
        assert_true(queue_put(&q, (uint64_t)(row % 100), row, 10));
    assert_int_equal(q.spread.rows, R2D_SPREAD_ROWS_MAX);
    r2d_spread_clear(&q.spread);
    assert_true(r2d_spread_blame(&q.spread, q.now_us));
    for (row = 1; r2d_spread_open(&q.spread, q.now_us); row++)
        assert_true(queue_put(&q, (uint64_t)(row % 100), row, 100000));
    assert_in_range(q.spread.rows, 200, 255);
    r2d_spread_clear(&q.spread);
    assert_true(r2d_spread_blame(&q.spread, q.now_us));
    for (row = 1; r2d_spread_open(&q.spread, q.now_us); row++)
        assert_true(queue_put(&q, (uint64_t)row, row, 10));
    assert_int_equal(q.spread.rows, R2D_SPREAD_KEYS_MAX);
    q.now_us += 10000;
    assert_int_not_equal(queue_take(&q, 10), 0); /* its key is forgotten for the next new one */
    assert_true(queue_put(&q, 1000000, row, 10));
    assert_false(r2d_spread_open(&q.spread, q.now_us));
    queue_end(&q);
}

enum { LARGEST_REQUEST = 10 * R2D_ITEM_BYTES_MAX }; /* [0,0,...]: a byte each, {"N":"0"}, as sent */

static bool give_back_large(Queue *q, int64_t row)
{
    R2dBatch batch;
    assert_true(r2d_batch_init(&batch, &q->unit.alloc, "table"));
    q->loose.row = row;
    q->loose.request.len = 0;
    assert_true(r2d_bytes_reserve(&q->loose.request, LARGEST_REQUEST));
    memset(q->loose.request.data, 'x', LARGEST_REQUEST);
    q->loose.request.len = LARGEST_REQUEST;
    assert_true(r2d_batch_append(&batch, &q->loose));
    r2d_batch_commit(&batch);
    bool kept = r2d_spread_give_back(&q->spread, &batch, 0, q->now_us);
    r2d_batch_free(&batch);
    return kept;
}

/* While the window is open there is room for a row, however large; and for one that was read when
 * it went on, whatever came back meanwhile. */
static void an_open_window_has_room_for_the_largest_row(void **state)
{
    (void)state;
    Queue q;
    queue_begin(&q);
    int row, most;
    for (most = 1; r2d_spread_open(&q.spread, q.now_us); most++)
        assert_true(queue_put(&q, 1, most, 100000));
    r2d_spread_clear(&q.spread);
    assert_true(r2d_spread_blame(&q.spread, q.now_us));
    for (row = 1; row < most - 1; row++)
        assert_true(queue_put(&q, 1, row, 100000));
    assert_true(r2d_spread_open(&q.spread, q.now_us));
    assert_true(queue_put(&q, 1, row, LARGEST_REQUEST));
    r2d_spread_clear(&q.spread);
    assert_true(r2d_spread_blame(&q.spread, q.now_us));
    for (row = 1; give_back_large(&q, row); row++)
        assert_in_range(row, 1, 10);
    assert_true(queue_put(&q, 1, row, LARGEST_REQUEST));
    queue_end(&q);
}

static void random_use_loses_nothing_and_reuses_its_memory(void **state)
{
    (void)state;
    Queue q;
    R2dRandom random = {.state = 3};
    static int64_t last[50];
    static size_t sizes[40001];
    memset(last, 0, sizeof last);
    queue_begin(&q);
    int put = 0, taken = 0;
    while (taken < 40000) {
        bool more = put < 40000 && (put - taken < 2 || r2d_random_next(&random) % 2 == 0);
        if (more && put - taken < 3000) {
            uint64_t partition = r2d_random_next(&random) % 50;
            sizes[++put] = 1 + r2d_random_next(&random) % 2000;
            q.loose.held = false;
            assert_true(queue_put(&q, partition, put, sizes[put]));
        } else {
            uint64_t key_hash;
            q.now_us += 20000;
            if (!r2d_spread_next(&q.spread, q.now_us, &key_hash))
                continue;
            int64_t row = queue_take(&q, sizes[key_hash / 7]);
            assert_true(row > last[q.loose.item.partition_hash]);
            last[q.loose.item.partition_hash] = row;
            taken++;
        }
        if (put == 20000)
            q.unit.fail_at = q.unit.calls + 1; /* nothing is allocated from here on */
    }
    q.unit.fail_at = 0;
    assert_int_equal(q.spread.rows, 0);
    r2d_spread_rest(&q.spread, q.spread.blamed_us + R2D_SPREAD_CALM_US - 1);
    assert_true(r2d_spread_on(&q.spread));
    r2d_spread_rest(&q.spread, q.spread.blamed_us + R2D_SPREAD_CALM_US);
    assert_false(r2d_spread_on(&q.spread));
    queue_end(&q);
}

static void without_memory_rows_stay_where_they_are(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dSpread spread;
    unit_alloc_init(&unit);
    r2d_spread_init(&spread, &unit.alloc);
    unit.fail_at = unit.calls + 1;
    assert_false(r2d_spread_blame(&spread, 1));
    assert_false(r2d_spread_on(&spread));
    unit.fail_at = 0;
    Queue q;
    R2dBatch batch;
    queue_begin(&q);
    assert_true(r2d_batch_init(&batch, &q.unit.alloc, "table"));
    q.loose.item.partition_hash = 1;
    assert_true(r2d_bytes_append_text(&q.loose.request, "request"));
    assert_true(r2d_bytes_append_text(&q.loose.keys, "key"));
    assert_true(r2d_batch_append(&batch, &q.loose));
    r2d_batch_commit(&batch);
    q.unit.fail_at = q.unit.calls + 1;
    assert_false(r2d_spread_put(&q.spread, &q.loose, q.now_us));
    assert_false(r2d_spread_give_back(&q.spread, &batch, 0, q.now_us));
    assert_int_equal(q.spread.rows, 0);
    assert_int_equal(r2d_spread_wait_us(&q.spread, q.now_us), -1);
    q.unit.fail_at = 0;
    r2d_batch_free(&batch);
    queue_end(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_turns_and_in_the_order_of_their_key),
        cmocka_unit_test(what_comes_back_goes_first),
        cmocka_unit_test(the_pace_of_a_key_follows_what_its_partition_takes),
        cmocka_unit_test(the_window_is_bounded),
        cmocka_unit_test(an_open_window_has_room_for_the_largest_row),
        cmocka_unit_test(random_use_loses_nothing_and_reuses_its_memory),
        cmocka_unit_test(without_memory_rows_stay_where_they_are),
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
