/* test_job_state.c - jobs move only as the table says. */
#include "unit.h"

#include "control/job_state.h"

static bool anyone_moves_job(R2dJobState from, R2dJobState to)
{
    for (int by = R2D_BY_LEADER; by <= R2D_IN_COPY; by++)
        if (r2d_job_move_allowed(from, to, by))
            return true;
    return false;
}

static void a_job_goes_its_way_led_by_its_leader(void **state)
{
    (void)state;
    static const R2dJobState way[] = {R2D_JOB_QUEUED,  R2D_JOB_PREPARING, R2D_JOB_UNLOADING,
                                      R2D_JOB_LOADING, R2D_JOB_FINISHING, R2D_JOB_SUCCEEDED};
    for (size_t i = 0; i + 1 < sizeof way / sizeof way[0]; i++) {
        assert_true(r2d_job_move_allowed(way[i], way[i + 1], R2D_BY_LEADER));
        assert_false(r2d_job_move_allowed(way[i], way[i + 1], R2D_BY_OWNER));
        assert_false(anyone_moves_job(way[i], way[i]));
    }
    assert_false(anyone_moves_job(R2D_JOB_QUEUED, R2D_JOB_LOADING));
    assert_false(anyone_moves_job(R2D_JOB_LOADING, R2D_JOB_SUCCEEDED));
    assert_false(anyone_moves_job(R2D_JOB_LOADING, R2D_JOB_UNLOADING));
}

static void what_succeeded_stays(void **state)
{
    (void)state;
    for (int to = R2D_JOB_QUEUED; to <= R2D_JOB_CANCELED; to++)
        assert_false(anyone_moves_job(R2D_JOB_SUCCEEDED, to));
}

static void only_the_owner_resumes(void **state)
{
    (void)state;
    assert_true(r2d_job_move_allowed(R2D_JOB_FAILED, R2D_JOB_QUEUED, R2D_BY_OWNER));
    assert_true(r2d_job_move_allowed(R2D_JOB_CANCELED, R2D_JOB_QUEUED, R2D_BY_OWNER));
    assert_false(r2d_job_move_allowed(R2D_JOB_FAILED, R2D_JOB_QUEUED, R2D_BY_RECOVERY));
    assert_false(r2d_job_move_allowed(R2D_JOB_FAILED, R2D_JOB_QUEUED, R2D_BY_LEADER));
}

static void every_running_state_can_end_early_or_be_recovered(void **state)
{
    (void)state;
    for (int from = R2D_JOB_PREPARING; from <= R2D_JOB_FINISHING; from++) {
        assert_true(r2d_job_move_allowed(from, R2D_JOB_FAILED, R2D_BY_LEADER));
        assert_true(r2d_job_move_allowed(from, R2D_JOB_CANCELED, R2D_BY_LEADER));
        assert_true(r2d_job_move_allowed(from, R2D_JOB_QUEUED, R2D_BY_RECOVERY));
        assert_false(r2d_job_move_allowed(from, R2D_JOB_CANCELED, R2D_BY_OWNER));
    }
    assert_true(r2d_job_move_allowed(R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_BY_OWNER));
    assert_true(r2d_job_move_allowed(R2D_JOB_QUEUED, R2D_JOB_CANCELED, R2D_BY_LEADER));
    assert_true(r2d_job_move_allowed(R2D_JOB_QUEUED, R2D_JOB_FAILED, R2D_BY_LEADER));
}

static void in_a_copy_an_open_job_is_taken_over_or_canceled(void **state)
{
    (void)state;
    for (int from = R2D_JOB_QUEUED; from <= R2D_JOB_CANCELED; from++) {
        bool open = !r2d_job_is_settled(from);
        assert_int_equal(r2d_job_move_allowed(from, R2D_JOB_CANCELED, R2D_IN_COPY), open);
        assert_int_equal(r2d_job_move_allowed(from, R2D_JOB_QUEUED, R2D_IN_COPY),
                         open && from != R2D_JOB_QUEUED);
        assert_false(r2d_job_move_allowed(from, R2D_JOB_SUCCEEDED, R2D_IN_COPY));
        assert_false(r2d_job_move_allowed(from, R2D_JOB_FAILED, R2D_IN_COPY));
    }
}

static void every_move_is_listed_once_and_says_why(void **state)
{
    (void)state;
    int count;
    const R2dJobMove *moves = r2d_job_moves(&count);
    for (int i = 0; i < count; i++) {
        assert_true(strlen(moves[i].why) > 0);
        assert_true(r2d_job_move_allowed(moves[i].from, moves[i].to, moves[i].by));
        for (int j = 0; j < i; j++)
            assert_false(moves[i].from == moves[j].from && moves[i].to == moves[j].to &&
                         moves[i].by == moves[j].by);
    }
}

static void settled_means_nobody_works_on_it(void **state)
{
    (void)state;
    for (int job = R2D_JOB_QUEUED; job <= R2D_JOB_CANCELED; job++) {
        assert_int_equal(r2d_job_is_settled(job), job >= R2D_JOB_SUCCEEDED);
        for (int to = R2D_JOB_QUEUED; to <= R2D_JOB_CANCELED; to++)
            if (r2d_job_is_settled(job))
                assert_false(r2d_job_move_allowed(job, to, R2D_BY_LEADER));
    }
}

static void states_have_names(void **state)
{
    (void)state;
    R2dJobState job;
    for (int i = R2D_JOB_QUEUED; i <= R2D_JOB_CANCELED; i++) {
        assert_true(r2d_job_state_from_name(r2d_view_of(r2d_job_state_name(i)), &job));
        assert_int_equal(job, i);
    }
    assert_false(r2d_job_state_from_name(R2D_VIEW("cancelled"), &job));
    assert_false(r2d_job_state_from_name(R2D_VIEW(""), &job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_goes_its_way_led_by_its_leader),
        cmocka_unit_test(what_succeeded_stays),
        cmocka_unit_test(only_the_owner_resumes),
        cmocka_unit_test(every_running_state_can_end_early_or_be_recovered),
        cmocka_unit_test(in_a_copy_an_open_job_is_taken_over_or_canceled),
        cmocka_unit_test(every_move_is_listed_once_and_says_why),
        cmocka_unit_test(settled_means_nobody_works_on_it),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests_name("job_state", tests, NULL, NULL);
}
