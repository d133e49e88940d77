/* test_service_error.c - which errors may be due to a row, and how long it is looked for. */
#include "unit.h"

#include "send/service_error.h"

#include <stdio.h>

enum { SECOND = 1000000, PATIENCE = 120 * SECOND };

static void only_errors_of_the_service_itself_count(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        R2dAction action;
        bool counts;
    } cases[] = {
        {500, "InternalServerError", R2D_ACT_RETRY, true},
        {500, "InternalFailure", R2D_ACT_RETRY, true},
        {500, "", R2D_ACT_RETRY, true},
        {502, "", R2D_ACT_RETRY, true},
        {504, "", R2D_ACT_RETRY, true},
        {503, "", R2D_ACT_RETRY, false},
        {503, "ServiceUnavailable", R2D_ACT_RETRY, false},
        {500, "ServiceUnavailable", R2D_ACT_RETRY, false},
        {400, "ThrottlingException", R2D_ACT_THROTTLE, false},
        {400, "ReplicatedWriteConflictException", R2D_ACT_RETRY, false},
        {400, "UnrecognizedClientException", R2D_ACT_RETRY, false},
        {501, "", R2D_ACT_STOP, false},
        {0, "", R2D_ACT_RETRY, false}, /* no reply */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dError why = {.http_status = cases[i].status, .action = cases[i].action};
        snprintf(why.code, sizeof why.code, "%s", cases[i].code);
        if (r2d_service_error_is(&why) != cases[i].counts)
            fail_msg("%d %s", cases[i].status, cases[i].code);
    }
}

static void a_batch_is_tried_ten_times_and_for_two_minutes(void **state)
{
    (void)state;
    R2dTrial seldom = {0}, often = {0};
    for (int i = 0; i < 9; i++)
        assert_false(r2d_trial_batch(&seldom, i, PATIENCE, (int64_t)i * 60 * SECOND));
    assert_true(r2d_trial_batch(&seldom, 9, PATIENCE, (int64_t)9 * 60 * SECOND));
    for (int i = 0; i < 120; i++)
        assert_false(r2d_trial_batch(&often, i, PATIENCE, (int64_t)i * SECOND));
    assert_true(r2d_trial_batch(&often, 120, PATIENCE, (int64_t)120 * SECOND));
}

static void without_other_writes_it_is_tried_twice_as_long(void **state)
{
    (void)state;
    R2dTrial trial = {0};
    for (int i = 0; i < 240; i++)
        assert_false(r2d_trial_batch(&trial, 7, PATIENCE, (int64_t)i * SECOND));
    assert_true(r2d_trial_batch(&trial, 7, PATIENCE, (int64_t)240 * SECOND));
}

static void a_row_is_tried_from_when_others_are_written(void **state)
{
    (void)state;
    R2dTrial trial = {0};
    int second = 0;
    for (; second < 400; second++) /* never */
        assert_false(r2d_trial_row(&trial, 7, PATIENCE, (int64_t)second * SECOND));
    for (; second < 520; second++)
        assert_false(r2d_trial_row(&trial, 8, PATIENCE, (int64_t)second * SECOND));
    assert_true(r2d_trial_row(&trial, 8, PATIENCE, (int64_t)second * SECOND));
}

static void a_row_is_tried_ten_times(void **state)
{
    (void)state;
    R2dTrial trial = {0};
    assert_false(r2d_trial_row(&trial, 0, PATIENCE, 0));
    for (int i = 1; i < 10; i++)
        assert_false(r2d_trial_row(&trial, i, PATIENCE, (int64_t)i * PATIENCE));
    assert_true(r2d_trial_row(&trial, 10, PATIENCE, (int64_t)10 * PATIENCE));
}

static void the_reject_has_the_words_the_code_and_the_request_id(void **state)
{
    (void)state;
    R2dError reject;
    R2dError why = {.code = "InternalServerError",
                    .message = "DynamoDB BatchWriteItem: InternalServerError",
                    .detail = "Internal server error",
                    .request_id = "ABC1"};
    r2d_service_error_reject(&why, &reject);
    assert_string_equal(reject.code, "service_error");
    assert_string_equal(reject.detail,
                        "InternalServerError: Internal server error (request id ABC1)");
    why = (R2dError){.message = "DynamoDB BatchWriteItem: HTTP status 502"};
    r2d_service_error_reject(&why, &reject);
    assert_string_equal(reject.detail, "DynamoDB BatchWriteItem: HTTP status 502");
    memset(why.detail, 'x', sizeof why.detail - 1);
    memset(why.code, 'c', sizeof why.code - 1);
    memset(why.request_id, 'r', sizeof why.request_id - 1);
    r2d_service_error_reject(&why, &reject);
    assert_non_null(strstr(reject.detail, "xx (request id rr"));
    assert_int_equal(reject.detail[strlen(reject.detail) - 1], ')');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_errors_of_the_service_itself_count),
        cmocka_unit_test(a_batch_is_tried_ten_times_and_for_two_minutes),
        cmocka_unit_test(without_other_writes_it_is_tried_twice_as_long),
        cmocka_unit_test(a_row_is_tried_from_when_others_are_written),
        cmocka_unit_test(a_row_is_tried_ten_times),
        cmocka_unit_test(the_reject_has_the_words_the_code_and_the_request_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
