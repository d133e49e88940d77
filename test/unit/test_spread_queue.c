/* test_spread_queue.c - the queues of the window that spreads rows over partition keys. */
#include "unit.h"

#include "base/backoff.h"
#include "send/spread.h"

#include <stdio.h>

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
