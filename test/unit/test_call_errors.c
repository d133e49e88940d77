/* test_call_errors.c - replies are judged, and a call is repeated only where that can help. */
#include "call_rig.h"

#include "base/crc32.h"

#include <stdio.h>

static void errors_have_service_operation_code_and_cure(void **state)
{
    (void)state;
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "dynamodb", "TOKEN-SECRET");
    R2dAwsRequest request = call_rig_dynamodb_request();
    assert_int_equal(
        call_rig_judge(&rig, &request,
                       "400\nx-amzn-RequestId: RID\r\n\n"
                       "{\"__type\":\"x#AccessDeniedException\",\"message\":\"User: a is not "
                       "authorized\"}",
                       &err),
        R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_REMOTE);
    assert_int_equal(err.action, R2D_ACT_STOP);
    assert_int_equal(err.http_status, 400);
    assert_string_equal(err.code, "AccessDeniedException");
    assert_string_equal(err.request_id, "RID");
    assert_string_equal(err.message, "DynamoDB BatchWriteItem: AccessDeniedException");
    assert_string_equal(err.detail, "User: a is not authorized");
    assert_non_null(strstr(err.hint, "dynamodb:BatchWriteItem"));
    assert_int_equal(call_rig_judge(&rig, &request, "502\n\n<html>", &err), R2D_FAILED);
    assert_string_equal(err.message, "DynamoDB BatchWriteItem: HTTP status 502");
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_int_equal(
        call_rig_judge(&rig, &request,
                       "400\n\n{\"__type\":\"x#ThrottlingException\",\"message\":\"slow\","
                       "\"throttlingReasons\":[{\"reason\":\"R\",\"resource\":\"a\"}]}",
                       &err),
        R2D_FAILED);
    assert_string_equal(err.detail, "slow (R on a)");
    assert_int_equal(err.action, R2D_ACT_THROTTLE);
    assert_int_equal(call_rig_judge(&rig, &request,
                                    "400\nx-amzn-ErrorType: InternalFailure:http://x\r\n\n", &err),
                     R2D_FAILED);
    assert_string_equal(err.code, "InternalFailure");
    assert_int_equal(call_rig_judge(&rig, &request, "200\n\n{}", &err), R2D_OK);
    call_rig_free(&rig);
}

/* A proxy that shows the request it refused, or an endpoint that is not what it says. */
static void what_a_reply_echoes_of_secrets_is_overwritten(void **state)
{
    (void)state;
    static const char token[] = "FwoGZXIvYXdzEBYaDHqa0AP1xVZ8nUTZ";
    CallRig rig;
    R2dError err;
    char reply[1200];
    call_rig_init(&rig, "dynamodb", token);
    R2dAwsRequest request = call_rig_dynamodb_request();
    snprintf(reply, sizeof reply,
             "400\nx-amzn-RequestId: %s\r\n\n{\"__type\":\"%s\",\"message\":\"sent was "
             "x-amz-security-token: %s, %s\"}",
             token, token, token, token);
    assert_int_equal(call_rig_judge(&rig, &request, reply, &err), R2D_FAILED);
    assert_null(strstr(err.code, token));
    assert_null(strstr(err.request_id, token));
    assert_null(strstr(err.message, token));
    assert_string_equal(err.detail, "sent was x-amz-security-token: "
                                    "********************************, "
                                    "********************************");
    snprintf(reply, sizeof reply, "400\n\n{\"__type\":\"x\",\"message\":\"%490s%s\"}", "", token);
    assert_int_equal(call_rig_judge(&rig, &request, reply, &err), R2D_FAILED);
    assert_null(strstr(err.detail, "FwoG")); /* cut after 21 of its bytes */
    call_rig_free(&rig);
}

static void control_characters_of_headers_stay_out_of_errors(void **state)
{
    (void)state;
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = call_rig_dynamodb_request();
    assert_int_equal(
        call_rig_judge(&rig, &request, "400\nx-amzn-RequestId: a\x1b[2Jb\tc\r\n\n{}", &err),
        R2D_FAILED);
    assert_string_equal(err.request_id, "a [2Jb c");
    call_rig_free(&rig);
}

static void a_damaged_reply_is_a_network_failure(void **state)
{
    (void)state;
    CallRig rig;
    R2dError err;
    char reply[128];
    call_rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = call_rig_dynamodb_request();
    snprintf(reply, sizeof reply, "200\nX-Amz-Crc32: %u\r\n\n{\"a\":1}",
             r2d_crc32(R2D_VIEW("{\"a\":1}")));
    assert_int_equal(call_rig_judge(&rig, &request, reply, &err), R2D_OK);
    assert_int_equal(call_rig_judge(&rig, &request, "200\nx-amz-crc32: 12345\r\n\n{\"a\":1}", &err),
                     R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    call_rig_free(&rig);
}

static void a_wrong_clock_is_corrected(void **state)
{
    (void)state;
    static const char expired[] =
        "400\nDate: Thu, 01 Jan 2026 01:00:00 GMT\r\n\n{\"__type\":\"x#InvalidSignatureException\","
        "\"message\":\"Signature expired: 2 is now earlier than 3\"}";
    static const char refused[] =
        "403\nDate: Thu, 01 Jan 2026 00:01:00 GMT\r\n\n<Error><Code>SignatureDoesNotMatch</Code>"
        "</Error>";
    static const char refused_late[] =
        "403\nDate: Thu, 01 Jan 2026 00:20:00 GMT\r\n\n<Error><Code>SignatureDoesNotMatch</Code>"
        "</Error>";
    static const char skewed[] =
        "403\n\n<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2026-01-01T02:00:00Z"
        "</ServerTime></Error>";
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = call_rig_dynamodb_request();
    call_rig_judge(&rig, &request, refused, &err);
    assert_int_equal(err.action, R2D_ACT_STOP);
    assert_true(rig.service.skew_us == 0);
    call_rig_judge(&rig, &request, refused_late, &err);
    assert_int_equal(err.action, R2D_ACT_CLOCK);
    assert_true(rig.service.skew_us == 20 * 60 * R2D_US_PER_S);
    call_rig_judge(&rig, &request, refused_late, &err); /* with the right clock it is the secret */
    assert_int_equal(err.action, R2D_ACT_STOP);
    call_rig_judge(&rig, &request, expired, NULL); /* nobody listens: corrected all the same */
    assert_true(rig.service.skew_us == 3600 * R2D_US_PER_S);
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_view(call_rig_header(&rig.call.exchange, "x-amz-date"), "20260101T010000Z");
    call_rig_judge(&rig, &request, skewed, &err);
    assert_int_equal(err.action, R2D_ACT_CLOCK);
    assert_true(rig.service.skew_us == 7200 * R2D_US_PER_S);
    call_rig_free(&rig);
}

typedef struct Renewal {
    CallRig *rig;
    const char *secret; /* what the source has now */
    int calls;
} Renewal;

static bool renew_in_test(void *context)
{
    Renewal *renewal = context;
    R2dCredentials fresh;
    renewal->calls++;
    r2d_credentials_init(&fresh, &renewal->rig->unit.alloc);
    assert_true(r2d_credentials_set(&fresh, R2D_VIEW("AKID"), r2d_view_of(renewal->secret),
                                    R2D_VIEW("TOKEN")));
    return r2d_credentials_renew(&renewal->rig->credentials, &fresh);
}

static void refused_credentials_are_renewed_once(void **state)
{
    (void)state;
    static const char expired[] = "400\n\n{\"__type\":\"x#ExpiredTokenException\"}";
    CallRig rig;
    R2dError err;
    Renewal renewal = {.rig = &rig, .secret = "SECRET"};
    call_rig_init(&rig, "dynamodb", "TOKEN");
    R2dAwsRequest request = call_rig_dynamodb_request();
    call_rig_judge(&rig, &request, expired, &err);
    assert_int_equal(err.action, R2D_ACT_CREDENTIALS); /* nowhere to look */
    assert_non_null(strstr(err.hint, "rs2ddb_resume"));
    rig.service.renew = renew_in_test;
    rig.service.renew_context = &renewal;
    uint32_t generation = rig.credentials.generation;
    call_rig_judge(&rig, &request, expired, &err);
    assert_int_equal(err.action, R2D_ACT_CREDENTIALS); /* looked, and found the same */
    assert_int_equal(renewal.calls, 1);
    assert_int_equal(rig.credentials.generation, generation);
    renewal.secret = "OTHER";
    call_rig_judge(&rig, &request, expired, &err);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_int_equal(renewal.calls, 2);
    assert_int_not_equal(rig.credentials.generation, generation);
    assert_view(r2d_bytes_view(&rig.credentials.secret_access_key), "OTHER");
    /* a call that was in flight meanwhile is only sent again */
    assert_int_equal(r2d_aws_judge(&rig.service, &rig.call, &err), R2D_FAILED);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_int_equal(renewal.calls, 2);
    call_rig_free(&rig);
}

static void a_service_may_have_its_own_patience(void **state)
{
    (void)state;
    CallRig rig;
    call_rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = call_rig_dynamodb_request();
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_int_equal(rig.call.exchange.silence_timeout_ms, 30000);
    rig.service.silence_timeout_ms = 2000;
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_int_equal(rig.call.exchange.silence_timeout_ms, 2000);
    call_rig_free(&rig);
}

static void a_bucket_elsewhere_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *method, *reply;
        R2dAction action;
        const char *region;
    } cases[] = {
        {"GET",
         "301\nx-amz-bucket-region: eu-west-1\r\n\n<Error><Code>PermanentRedirect</Code></Error>",
         R2D_ACT_REGION, "eu-west-1"},
        {"GET",
         "400\n\n<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></"
         "Error>",
         R2D_ACT_REGION, "eu-central-1"},
        {"GET", "400\n\n<Error><Code>AuthorizationHeaderMalformed</Code></Error>", R2D_ACT_STOP,
         ""},
        {"HEAD", "400\nx-amz-bucket-region: ap-south-2\r\n\n", R2D_ACT_REGION, "ap-south-2"},
        {"HEAD", "301\nx-amz-bucket-region: eu-west-1\r\n\n", R2D_ACT_REGION, "eu-west-1"},
        {"HEAD", "301\n\n", R2D_ACT_REGION, ""},
        {"HEAD", "301\nx-amz-bucket-region: us-west-2\r\n\n", R2D_ACT_STOP, "us-west-2"},
        {"GET", "403\nx-amz-bucket-region: eu-west-1\r\n\n<Error><Code>AccessDenied</Code></Error>",
         R2D_ACT_STOP, "eu-west-1"},
        {"GET",
         "400\nx-amz-bucket-region: us-west-2\r\n\n<Error><Code>InvalidArgument</Code></Error>",
         R2D_ACT_STOP, "us-west-2"},
    };
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "s3", "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dAwsRequest request = {.method = cases[i].method, .path = R2D_VIEW("/key")};
        char region[64];
        assert_int_equal(call_rig_judge(&rig, &request, cases[i].reply, &err), R2D_FAILED);
        if (err.action != cases[i].action)
            fail_msg("%s: %d", cases[i].reply, (int)err.action);
        assert_int_equal(r2d_aws_bucket_region(&rig.call, region), cases[i].region[0] != '\0');
        assert_string_equal(region, cases[i].region);
    }
    call_rig_free(&rig);
}

static void perform_retries_what_passes(void **state)
{
    (void)state;
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "dynamodb", "");
    const char *replies[] = {"cut", "500\n\n", "400\n\n{\"__type\":\"x#ThrottlingException\"}",
                             "200\n\n{}"};
    memcpy(rig.client.replies, replies, sizeof replies);
    assert_int_equal(call_rig_perform(&rig, 4, &err), R2D_OK);
    assert_int_equal(rig.client.starts, 4);
    assert_true(rig.slept_us > 0 && rig.slept_us < 3 * R2D_US_PER_S);
    rig.client.starts = 0;
    assert_int_equal(call_rig_perform(&rig, 3, &err), R2D_FAILED);
    assert_int_equal(rig.client.starts, 3);
    assert_string_equal(err.code, "ThrottlingException");
    rig.client.starts = 0;
    rig.client.replies[0] = "400\n\n{\"__type\":\"x#ResourceNotFoundException\"}";
    assert_int_equal(call_rig_perform(&rig, 9, &err), R2D_FAILED);
    assert_int_equal(rig.client.starts, 1);
    call_rig_free(&rig);
}

static void perform_grants_the_service_its_delay(void **state)
{
    (void)state;
    CallRig rig;
    call_rig_init(&rig, "dynamodb", "");
    rig.client.replies[0] = "503\nx-amz-retry-after: 3000\r\n\n";
    rig.client.replies[1] = "200\n\n{}";
    assert_int_equal(call_rig_perform(&rig, 2, NULL), R2D_OK);
    assert_true(rig.slept_us >= 3 * R2D_US_PER_S && rig.slept_us < 4 * R2D_US_PER_S);
    rig.client.starts = 0;
    rig.slept_us = 0;
    rig.client.replies[0] = "503\nx-amz-retry-after: 86400000\r\n\n";
    assert_int_equal(call_rig_perform(&rig, 2, NULL), R2D_OK);
    assert_true(rig.slept_us < 6 * R2D_US_PER_S);
    call_rig_free(&rig);
}

static void perform_corrects_the_clock_once(void **state)
{
    (void)state;
    static const char skewed[] = "403\nDate: Thu, 01 Jan 2026 05:00:00 GMT\r\n\n"
                                 "{\"__type\":\"x#RequestExpired\"}";
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "dynamodb", "");
    rig.client.replies[0] = skewed;
    rig.client.replies[1] = "200\n\n{}";
    assert_int_equal(call_rig_perform(&rig, 1, &err), R2D_OK); /* no attempt is spent on it */
    assert_string_equal(rig.client.dates[0], "20260101T000000Z");
    assert_string_equal(rig.client.dates[1], "20260101T050000Z");
    rig.client.starts = 0;
    rig.client.replies[1] = skewed;
    assert_int_equal(call_rig_perform(&rig, 9, &err), R2D_FAILED);
    assert_int_equal(rig.client.starts, 2);
    assert_int_equal(err.action, R2D_ACT_CLOCK);
    call_rig_free(&rig);
}

static void perform_stops_when_the_waiter_says_so(void **state)
{
    (void)state;
    CallRig rig;
    call_rig_init(&rig, "dynamodb", "");
    rig.waits = 999;
    rig.client.replies[0] = "500\n\n";
    assert_int_equal(call_rig_perform(&rig, 9, NULL), R2D_CANCELED);
    assert_int_equal(rig.client.starts, 1);
    call_rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_service_operation_code_and_cure),
        cmocka_unit_test(what_a_reply_echoes_of_secrets_is_overwritten),
        cmocka_unit_test(control_characters_of_headers_stay_out_of_errors),
        cmocka_unit_test(a_damaged_reply_is_a_network_failure),
        cmocka_unit_test(a_wrong_clock_is_corrected),
        cmocka_unit_test(refused_credentials_are_renewed_once),
        cmocka_unit_test(a_service_may_have_its_own_patience),
        cmocka_unit_test(a_bucket_elsewhere_is_found),
        cmocka_unit_test(perform_retries_what_passes),
        cmocka_unit_test(perform_grants_the_service_its_delay),
        cmocka_unit_test(perform_corrects_the_clock_once),
        cmocka_unit_test(perform_stops_when_the_waiter_says_so),
    };
    return cmocka_run_group_tests_name("call_errors", tests, NULL, NULL);
}
