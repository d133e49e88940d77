/* test_held_rows.c - rows that wait: one of a key, looked at when their time has come, bounded. */
#include "unit.h"

#include "transfer/held_rows.h"

#include <stdio.h>

static UnitAlloc unit;
static R2dHeldRows held;
static R2dLooseItem loose;
static char text[1 << 20];

static void begin(void)
{
    unit_alloc_init(&unit);
    r2d_held_rows_init(&held, &unit.alloc);
    r2d_loose_item_init(&loose, &r2d_alloc_libc);
    memset(text, 'x', sizeof text);
}

static void end(void)
{
    r2d_held_rows_clear(&held);
    r2d_loose_item_free(&loose);
    assert_int_equal(unit.live, 0);
}

/* Keys are equal when both their hash and their text are. Returns what was superseded; -1: refused.
 */
static int64_t put_key(uint64_t hash, const char *key, int64_t row, size_t bytes, int64_t due_us)
{
    int64_t superseded;
    loose.row = row;
    loose.item = (R2dItem){.key_hash = hash, .partition_hash = hash + 1, .write_units = 3};
    loose.request.len = loose.keys.len = 0;
    assert_true(r2d_bytes_append(&loose.request, text, bytes));
    assert_true(r2d_bytes_append_text(&loose.keys, key));
    return r2d_held_rows_put(&held, &loose, due_us, &superseded) ? superseded : -1;
}

static int64_t put(uint64_t hash, int64_t row, int64_t due_us)
{
    char key[32];
    snprintf(key, sizeof key, "k%d", (int)hash);
    return put_key(hash, key, row, 50, due_us);
}

/* The row that goes; 0: none. */
static int64_t next(int64_t now_us)
{
    if (r2d_held_rows_next(&held, now_us) == NULL)
        return 0;
    const R2dLooseItem *out = r2d_held_rows_take(&held);
    assert_non_null(out);
    assert_int_equal(out->item.partition_hash, out->item.key_hash + 1);
    assert_int_equal(out->item.write_units, 3);
    return out->row;
}

static void rows_go_when_their_time_has_come(void **state)
{
    (void)state;
    begin();
    assert_int_equal(put(1, 10, 300), 0);
    assert_int_equal(put(2, 20, 100), 0);
    assert_int_equal(put(3, 30, 200), 0);
    assert_true(r2d_held_rows_has(&held, 2));
    assert_int_equal(held.due_us, 100);
    assert_int_equal(next(99), 0);
    assert_int_equal(next(100), 20);
    assert_int_equal(next(100), 0);
    assert_false(r2d_held_rows_has(&held, 2));
    assert_int_equal(held.due_us, 200);
    assert_int_equal(next(500) + next(500), 40);
    assert_int_equal(next(500), 0);
    assert_int_equal(held.count, 0);
    end();
}

static void one_that_must_wait_on_does_not_keep_others(void **state)
{
    (void)state;
    begin();
    put(1, 10, 100);
    put(2, 20, 100);
    assert_int_equal(r2d_held_rows_next(&held, 100)->row, 10);
    assert_int_equal(r2d_held_rows_next(&held, 100)->row, 10);
    r2d_held_rows_wait(&held, 700);
    assert_int_equal(next(100), 20);
    assert_int_equal(next(100), 0);
    assert_int_equal(held.due_us, 700);
    assert_int_equal(next(700), 10);
    end();
}

static void a_later_row_of_a_key_takes_the_place(void **state)
{
    (void)state;
    begin();
    put(1, 10, 300);
    put(2, 20, 100);
    assert_int_equal(put(1, 30, 1), 10);
    assert_int_equal(held.count, 2);
    assert_int_equal(next(200), 20);
    assert_int_equal(next(200), 0); /* the time of the older one still counts */
    assert_int_equal(next(300), 30);
    end();
}

static void a_look_forgets_nobody_who_moves_meanwhile(void **state)
{
    (void)state;
    begin();
    for (int i = 1; i <= 5; i++)
        put((uint64_t)i, i * 10, i == 4 ? 100 : 500 + i);
    put(6, 60, 400);
    assert_int_equal(r2d_held_rows_next(&held, 100)->row, 40); /* three were passed */
    assert_int_equal(put(1, 70, 600), 10);                     /* row 60 moves to their front */
    assert_int_equal(next(100), 40);
    assert_int_equal(next(100), 0);
    assert_int_equal(held.due_us, 400);
    assert_int_equal(next(400), 60);
    end();
}

static void another_key_with_the_same_hash_is_refused(void **state)
{
    (void)state;
    begin();
    assert_int_equal(put_key(1, "a", 10, 50, 100), 0);
    assert_int_equal(put_key(1, "b", 20, 50, 100), -1);
    assert_int_equal(held.count, 1);
    assert_int_equal(next(100), 10);
    assert_int_equal(put_key(1, "b", 20, 50, 100), 0);
    end();
}

static void rows_and_bytes_are_bounded(void **state)
{
    (void)state;
    begin();
    for (int i = 1; i <= R2D_HELD_ROWS_MAX; i++)
        assert_int_equal(put((uint64_t)i, i, 100), 0);
    assert_int_equal(put(R2D_HELD_ROWS_MAX + 1, 1, 100), -1);
    assert_int_equal(put(5, R2D_HELD_ROWS_MAX + 2, 100), 5);
    r2d_held_rows_clear(&held);
    assert_int_equal(unit.live, 0);
    int rows = 0;
    while (put_key((uint64_t)rows + 1, "k", rows + 1, sizeof text, 100) == 0)
        rows++;
    assert_in_range(rows, 8, 9);
    end();
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    int failures = 0;
    for (long at = 1;; at++, failures++) {
        begin();
        unit.fail_at = unit.calls + at;
        int64_t first = put(1, 10, 100);
        int64_t second = put_key(1, "k1", 20, sizeof text, 100);
        bool failed = unit.calls >= unit.fail_at;
        unit.fail_at = 0;
        assert_int_equal(held.count, first == 0 || second == 0 ? 1 : 0);
        if (held.count > 0)
            assert_int_equal(next(100), second >= 0 ? 20 : 10);
        end();
        if (!failed)
            break;
    }
    assert_in_range(failures, 4, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_go_when_their_time_has_come),
        cmocka_unit_test(one_that_must_wait_on_does_not_keep_others),
        cmocka_unit_test(a_later_row_of_a_key_takes_the_place),
        cmocka_unit_test(a_look_forgets_nobody_who_moves_meanwhile),
        cmocka_unit_test(another_key_with_the_same_hash_is_refused),
        cmocka_unit_test(rows_and_bytes_are_bounded),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
