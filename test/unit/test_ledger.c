/* test_ledger.c - the checkpoint follows the lowest open row, and the counts follow it. */
#include "unit.h"

#include "transfer/ledger.h"

#include <stdlib.h>

static void the_checkpoint_waits_for_the_lowest_open_row(void **state)
{
    (void)state;
    R2dLedger ledger;
    assert_true(r2d_ledger_init(&ledger, &r2d_alloc_libc));
    r2d_ledger_reset(&ledger, 100);
    for (int row = 101; row <= 104; row++)
        assert_true(r2d_ledger_open(&ledger, row));
    assert_true(r2d_ledger_settle(&ledger, 103, R2D_ROW_REJECTED));
    assert_true(r2d_ledger_settle(&ledger, 102, R2D_ROW_COLLAPSED));
    assert_int_equal(ledger.checkpoint, 100);
    assert_int_equal(ledger.rejected + ledger.collapsed + ledger.written, 0);
    assert_true(r2d_ledger_settle(&ledger, 101, R2D_ROW_WRITTEN));
    assert_int_equal(ledger.checkpoint, 103);
    assert_int_equal(ledger.rejected, 1);
    assert_int_equal(ledger.collapsed, 1);
    assert_int_equal(ledger.written, 1);
    assert_false(r2d_ledger_balanced(&ledger));
    assert_true(r2d_ledger_settle(&ledger, 104, R2D_ROW_WRITTEN));
    assert_true(r2d_ledger_balanced(&ledger));
    r2d_ledger_free(&ledger);
}

static void a_row_is_opened_and_settled_once(void **state)
{
    (void)state;
    R2dLedger ledger;
    assert_true(r2d_ledger_init(&ledger, &r2d_alloc_libc));
    r2d_ledger_reset(&ledger, 0);
    assert_false(r2d_ledger_open(&ledger, 2));
    assert_true(r2d_ledger_open(&ledger, 1));
    assert_false(r2d_ledger_open(&ledger, 1));
    assert_true(r2d_ledger_open(&ledger, 2));
    assert_true(r2d_ledger_settle(&ledger, 2, R2D_ROW_WRITTEN));
    assert_false(r2d_ledger_settle(&ledger, 2, R2D_ROW_REJECTED));
    assert_false(r2d_ledger_settle(&ledger, 3, R2D_ROW_WRITTEN));
    assert_false(r2d_ledger_settle(&ledger, 0, R2D_ROW_WRITTEN));
    assert_true(r2d_ledger_settle(&ledger, 1, R2D_ROW_WRITTEN));
    assert_false(r2d_ledger_settle(&ledger, 1, R2D_ROW_WRITTEN));
    assert_int_equal(ledger.written, 2);
    r2d_ledger_free(&ledger);
}

static void a_full_window_takes_no_row_until_the_oldest_is_settled(void **state)
{
    (void)state;
    R2dLedger ledger;
    assert_true(r2d_ledger_init(&ledger, &r2d_alloc_libc));
    r2d_ledger_reset(&ledger, 7);
    int64_t row = 8;
    for (; row < 8 + R2D_LEDGER_WINDOW; row++)
        assert_true(r2d_ledger_open(&ledger, row));
    assert_true(r2d_ledger_full(&ledger));
    assert_false(r2d_ledger_open(&ledger, row));
    assert_true(r2d_ledger_settle(&ledger, row - 1, R2D_ROW_WRITTEN));
    assert_true(r2d_ledger_full(&ledger));
    assert_true(r2d_ledger_settle(&ledger, 8, R2D_ROW_WRITTEN));
    assert_true(r2d_ledger_open(&ledger, row));
    r2d_ledger_free(&ledger);
}

static void random_orders_always_balance(void **state)
{
    (void)state;
    R2dLedger ledger;
    assert_true(r2d_ledger_init(&ledger, &r2d_alloc_libc));
    r2d_ledger_reset(&ledger, 0);
    enum { ROWS = 200000, OPEN_MAX = 3000 };
    static int64_t open[OPEN_MAX];
    int opened = 0;
    int64_t row = 0, lowest = 0;
    srand(1);
    while (row < ROWS || opened > 0) {
        if (row < ROWS && opened < OPEN_MAX && rand() % 2 == 0) {
            assert_true(r2d_ledger_open(&ledger, ++row));
            open[opened++] = row;
        } else if (opened > 0) {
            int at = rand() % opened;
            assert_true(
                r2d_ledger_settle(&ledger, open[at], (R2dOutcome)(R2D_ROW_WRITTEN + open[at] % 3)));
            open[at] = open[--opened];
        }
        assert_true(ledger.checkpoint >= lowest);
        lowest = ledger.checkpoint;
        assert_int_equal(ledger.checkpoint, ledger.written + ledger.collapsed + ledger.rejected);
    }
    assert_int_equal(ledger.checkpoint, ROWS);
    assert_true(r2d_ledger_balanced(&ledger));
    r2d_ledger_free(&ledger);
}

static void memory_running_out_is_told(void **state)
{
    (void)state;
    UnitAlloc unit;
    unit_alloc_init(&unit);
    unit.fail_at = 1;
    R2dLedger ledger;
    assert_false(r2d_ledger_init(&ledger, &unit.alloc));
    r2d_ledger_free(&ledger);
    assert_int_equal(unit.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checkpoint_waits_for_the_lowest_open_row),
        cmocka_unit_test(a_row_is_opened_and_settled_once),
        cmocka_unit_test(a_full_window_takes_no_row_until_the_oldest_is_settled),
        cmocka_unit_test(random_orders_always_balance),
        cmocka_unit_test(memory_running_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
