/* test_transfer_rejects.c - when nothing but rejects comes of a job, it stops early. */
#include "transfer_rig.h"

static TransferRig t;

static void add_rows(int rows, int first_bad, const char *bad)
{
    for (int i = 1; i <= rows; i++)
        if (i < first_bad)
            transfer_rig_item(&t, i, "fine");
        else if (bad != NULL)
            transfer_rig_item(&t, i, bad);
        else
            transfer_rig_line(&t, "{\"c0\":null,\"c1\":\"no key\"}");
}

/* Whether the service refuses the rows or our own encoder does. */
static void a_job_whose_rows_are_all_rejected_stops_early(void **state)
{
    (void)state;
    static const char *const bad[] = {"POISON", NULL};
    for (int i = 0; i < 2; i++) {
        R2dError err;
        transfer_rig_begin(&t, 1);
        t.base.fake.poison = "POISON";
        add_rows(4000, 1, bad[i]);
        assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
        assert_int_equal(transfer_rig_run(&t, &err), R2D_FAILED);
        assert_int_equal(t.rejects, R2D_TRANSFER_REJECTS_MAX);
        assert_int_equal(err.kind, bad[i] != NULL ? R2D_ERR_REMOTE : R2D_ERR_ARGUMENT);
        assert_int_equal(err.action, R2D_ACT_STOP);
        assert_string_equal(err.code, bad[i] != NULL ? "ValidationException" : "");
        assert_string_equal(err.detail, bad[i] != NULL ? "an item is poisoned" : "");
        assert_non_null(strstr(err.message, "each of the first 1000 rows was rejected: "));
        transfer_rig_end(&t);
    }
}

static void one_row_written_says_that_the_others_are_at_fault_themselves(void **state)
{
    (void)state;
    static const char *const bad[] = {"POISON", NULL};
    for (int i = 0; i < 2; i++) {
        R2dError err;
        transfer_rig_begin(&t, 1);
        t.base.fake.poison = "POISON";
        add_rows(2000, 2, "fine");
        add_rows(2000, 1, bad[i]);
        assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
        assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
        assert_int_equal(t.rejects, 2000);
        transfer_rig_end(&t);
    }
}

static void as_many_rejects_as_are_tolerated_never_stop_it(void **state)
{
    (void)state;
    R2dError err;
    transfer_rig_begin_quietly(&t, 1);
    t.rejects_max = 1501;
    assert_int_equal(transfer_rig_open(&t, 8, &err), R2D_OK);
    add_rows(1500, 1, NULL);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    assert_int_equal(transfer_rig_run(&t, &err), R2D_END);
    assert_int_equal(t.rejects, 1500);
    transfer_rig_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_whose_rows_are_all_rejected_stops_early),
        cmocka_unit_test(one_row_written_says_that_the_others_are_at_fault_themselves),
        cmocka_unit_test(as_many_rejects_as_are_tolerated_never_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
