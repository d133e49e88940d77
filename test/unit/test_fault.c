/* test_fault.c - error replies are classified, and their bodies read, whatever they are. */
#include "unit.h"

#include "aws/fault.h"
#include "aws/fault_body.h"

static R2dFault fault_of(const char *service, const char *operation, int status, const char *code)
{
    return (R2dFault){.service = service,
                      .operation = operation,
                      .http_status = status,
                      .code = code,
                      .message = "",
                      .reasons = ""};
}

static void codes_and_statuses_become_actions(void **state)
{
    (void)state;
    static const struct {
        const char *service, *operation;
        int status;
        const char *code;
        R2dAction action;
    } cases[] = {
        {"dynamodb", "BatchWriteItem", 400, "ProvisionedThroughputExceededException",
         R2D_ACT_THROTTLE},
        {"dynamodb", "BatchWriteItem", 400, "ThrottlingException", R2D_ACT_THROTTLE},
        {"dynamodb", "BatchWriteItem", 400, "Throttling", R2D_ACT_THROTTLE},
        {"dynamodb", "BatchWriteItem", 400, "RequestThrottledException", R2D_ACT_THROTTLE},
        {"dynamodb", "BatchWriteItem", 400, "RequestLimitExceeded", R2D_ACT_THROTTLE},
        {"dynamodb", "CreateTable", 400, "LimitExceededException", R2D_ACT_THROTTLE},
        {"dynamodb", "BatchWriteItem", 429, "", R2D_ACT_THROTTLE},
        {"dynamodb", "BatchWriteItem", 500, "InternalServerError", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 500, "SomethingNew", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 502, "", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 503, "", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 504, "", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 409, "ReplicatedWriteConflictException", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 400, "TransactionConflictException", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 408, "", R2D_ACT_RETRY},
        {"dynamodb", "BatchWriteItem", 400, "ValidationException", R2D_ACT_REJECT},
        {"dynamodb", "BatchWriteItem", 400, "SerializationException", R2D_ACT_REJECT},
        {"dynamodb", "BatchWriteItem", 400, "ItemCollectionSizeLimitExceededException",
         R2D_ACT_REJECT},
        {"dynamodb", "BatchWriteItem", 413, "", R2D_ACT_REJECT},
        {"dynamodb", "CreateTable", 400, "ValidationException", R2D_ACT_STOP},
        {"redshift-data", "ExecuteStatement", 400, "ValidationException", R2D_ACT_STOP},
        {"dynamodb", "DescribeTable", 413, "", R2D_ACT_STOP},
        {"dynamodb", "BatchWriteItem", 400, "ResourceNotFoundException", R2D_ACT_STOP},
        {"dynamodb", "BatchWriteItem", 400, "AccessDeniedException", R2D_ACT_STOP},
        {"dynamodb", "BatchWriteItem", 400, "ExpiredTokenException", R2D_ACT_CREDENTIALS},
        {"dynamodb", "BatchWriteItem", 400, "UnrecognizedClientException", R2D_ACT_CREDENTIALS},
        {"dynamodb", "BatchWriteItem", 400, "MissingAuthenticationTokenException", R2D_ACT_STOP},
        {"dynamodb", "BatchWriteItem", 400, "InvalidSignatureException", R2D_ACT_STOP},
        {"dynamodb", "BatchWriteItem", 301, "", R2D_ACT_STOP},
        {"dynamodb", "BatchWriteItem", 404, "", R2D_ACT_STOP},
        {"s3", "GetObject", 503, "SlowDown", R2D_ACT_THROTTLE},
        {"s3", "GetObject", 503, "", R2D_ACT_THROTTLE},
        {"s3", "GetObject", 500, "InternalError", R2D_ACT_RETRY},
        {"s3", "GetObject", 400, "RequestTimeout", R2D_ACT_RETRY},
        {"s3", "GetObject", 409, "OperationAborted", R2D_ACT_RETRY},
        {"s3", "GetObject", 404, "NoSuchKey", R2D_ACT_STOP},
        {"s3", "GetObject", 403, "AccessDenied", R2D_ACT_STOP},
        {"s3", "GetObject", 412, "PreconditionFailed", R2D_ACT_STOP},
        {"s3", "GetObject", 416, "InvalidRange", R2D_ACT_STOP},
        {"s3", "GetObject", 400, "ExpiredToken", R2D_ACT_CREDENTIALS},
        {"s3", "GetObject", 403, "RequestTimeTooSkewed", R2D_ACT_CLOCK},
        {"s3", "GetObject", 301, "PermanentRedirect", R2D_ACT_REGION},
        {"s3", "GetObject", 307, "TemporaryRedirect", R2D_ACT_REGION},
        {"s3", "HeadObject", 301, "", R2D_ACT_REGION},
        {"s3", "GetObject", 400, "AuthorizationHeaderMalformed", R2D_ACT_REGION},
        {"s3", "GetObject", 400, "KMS.ThrottlingException", R2D_ACT_THROTTLE},
        {"s3", "GetObject", 200, "", R2D_ACT_STOP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dFault fault =
            fault_of(cases[i].service, cases[i].operation, cases[i].status, cases[i].code);
        if (r2d_fault_action(&fault) != cases[i].action)
            fail_msg("%s %s %d %s: %d", cases[i].service, cases[i].operation, cases[i].status,
                     cases[i].code, (int)r2d_fault_action(&fault));
    }
}

static void a_signature_out_of_time_is_a_matter_of_clocks(void **state)
{
    (void)state;
    R2dFault fault = fault_of("dynamodb", "BatchWriteItem", 400, "InvalidSignatureException");
    fault.message = "Signature expired: 20130301T000000Z is now earlier than 20130609T094515Z";
    assert_int_equal(r2d_fault_action(&fault), R2D_ACT_CLOCK);
    fault.message = "Signature not yet current: 20130301T000000Z is still later than ...";
    assert_int_equal(r2d_fault_action(&fault), R2D_ACT_CLOCK);
    fault.message = "The request signature we calculated does not match";
    assert_int_equal(r2d_fault_action(&fault), R2D_ACT_STOP);
    assert_true(r2d_fault_may_be_clock(&fault));
    fault.code = "AccessDeniedException";
    assert_false(r2d_fault_may_be_clock(&fault));
}

static void hints_say_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *service, *operation, *code, *message, *reasons, *expected;
    } cases[] = {
        {"dynamodb", "BatchWriteItem", "AccessDeniedException", "", "", "dynamodb:BatchWriteItem"},
        {"s3", "ListObjectsV2", "AccessDenied", "", "", "s3:ListBucket"},
        {"s3", "DeleteObjects", "AccessDenied", "", "", "s3:DeleteObject"},
        {"s3", "HeadObject", "AccessDenied", "", "", "s3:GetObject"},
        {"s3", "GetObject", "AccessDenied", "not authorized to perform: kms:Decrypt on", "",
         "kms:Decrypt"},
        {"dynamodb", "X", "InvalidSignatureException", "", "", "secret access key"},
        {"s3", "X", "SignatureDoesNotMatch", "", "", "secret access key"},
        {"dynamodb", "X", "UnrecognizedClientException", "", "", "access key id"},
        {"dynamodb", "X", "ExpiredTokenException", "", "", "expired"},
        {"dynamodb", "X", "ThrottlingException", "", "", "lower rate"},
        {"dynamodb", "X", "ThrottlingException", "", "TableWriteKeyRangeThroughputExceeded",
         "partition"},
        {"dynamodb", "X", "ThrottlingException", "", "IndexWriteProvisionedThroughputExceeded",
         "index"},
        {"s3", "X", "PermanentRedirect", "", "", "Region"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dFault fault = fault_of(cases[i].service, cases[i].operation, 400, cases[i].code);
        char hint[256];
        fault.message = cases[i].message;
        fault.reasons = cases[i].reasons;
        r2d_fault_hint(&fault, hint, sizeof hint);
        if (strstr(hint, cases[i].expected) == NULL)
            fail_msg("%s: %s", cases[i].code, hint);
    }
}

static R2dFaultBody read_body(const char *text)
{
    R2dFaultBody body;
    r2d_fault_body_read(&r2d_alloc_libc, r2d_view_of(text), &body);
    return body;
}

static void bodies_of_all_services_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code, *message, *request_id, *region;
    } cases[] = {
        {"{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\","
         "\"message\":\"Requested resource not found\"}",
         "ResourceNotFoundException", "Requested resource not found", "", ""},
        {" \n{\"__type\":\"com.amazon.coral.service#SerializationException\",\"Message\":\"m\"}",
         "SerializationException", "m", "", ""},
        {"{\"__type\":\"ValidationException:http://internal.amazon.com/x/\",\"message\":null}",
         "ValidationException", "", "", ""},
        {"{\"code\":\"Other\",\"message\":\"m\"}", "Other", "m", "", ""},
        {"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The key &lt;a&gt;</Message>"
         "<Key>k</Key><RequestId>R1</RequestId><HostId>h</HostId></Error>",
         "NoSuchKey", "The key <a>", "R1", ""},
        {"<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
         "<Region>eu-central-1</Region></Error>",
         "AuthorizationHeaderMalformed", "m", "", "eu-central-1"},
        {"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
         "<Type>Sender</Type><Code>ExpiredTokenException</Code><Message>m</Message></Error>"
         "<RequestId>R2</RequestId></ErrorResponse>",
         "ExpiredTokenException", "m", "R2", ""},
        {"<UnknownOperationException/>\n", "UnknownOperationException", "", "", ""},
        {"<html><body><h1>503 Service Unavailable</h1></body></html>", "", "", "", ""},
        {"<!DOCTYPE html><html><p>x</html>", "", "", "", ""},
        {"Bad Gateway", "", "", "", ""},
        {"", "", "", "", ""},
        {"{\"__type\":7,\"message\":{}}", "", "", "", ""},
        {"[]", "", "", "", ""},
        {"{\"__type\":\"x#Bad Code<script>\"}", "Bad", "", "", ""},
        {"{\"__type\":\"\",\"message\":\"a\\u0001b\\tc\"}", "", "a b c", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dFaultBody body = read_body(cases[i].body);
        assert_string_equal(body.code, cases[i].code);
        assert_string_equal(body.message, cases[i].message);
        assert_string_equal(body.request_id, cases[i].request_id);
        assert_string_equal(body.region, cases[i].region);
    }
}

static void throttling_reasons_are_read_under_both_names(void **state)
{
    (void)state;
    R2dFaultBody body =
        read_body("{\"__type\":\"x#ThrottlingException\",\"throttlingReasons\":[{\"reason\":"
                  "\"TableWriteKeyRangeThroughputExceeded\",\"resource\":\"arn:t\"},{\"reason\":"
                  "\"B\"},{},7]}");
    assert_string_equal(body.reasons, "TableWriteKeyRangeThroughputExceeded on arn:t, B");
    body = read_body("{\"ThrottlingReasons\":[{\"reason\":\"A\",\"resource\":\"r\"}]}");
    assert_string_equal(body.reasons, "A on r");
}

static void requests_and_tokens_do_not_come_back_in_messages(void **state)
{
    (void)state;
    R2dFaultBody body = read_body(
        "{\"__type\":\"a#InvalidSignatureException\",\"message\":\"The request signature we "
        "calculated does not match.\\n\\nThe Canonical String for this request should have "
        "been\\n'POST\\n/\\n\\nx-amz-security-token:TOKEN'\"}");
    assert_string_equal(body.message, "The request signature we calculated does not match.");
    body = read_body("{\"__type\":\"a#ValidationException\",\"message\":\"1 validation error "
                     "detected: Value '{t=[PutRequest(secret' at 'row)]}' at 'requestItems' failed "
                     "to satisfy constraint: x\"}");
    assert_string_equal(body.message, "1 validation error detected: Value '...' at 'requestItems' "
                                      "failed to satisfy constraint: x");
    body = read_body("{\"message\":\"Value 'never ends, secret\"}");
    assert_string_equal(body.message, "Value '...");
    body = read_body("<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message>"
                     "<AWSAccessKeyId>AK</AWSAccessKeyId><StringToSign>s</StringToSign>"
                     "<CanonicalRequest>TOKEN</CanonicalRequest></Error>");
    assert_string_equal(body.message, "m");
}

static void random_bodies_never_hurt(void **state)
{
    (void)state;
    static const char *const words[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        "\"__type\"",
                                        "\"message\"",
                                        ":",
                                        ",",
                                        "\"a#b:c\"",
                                        "null",
                                        "1e9",
                                        "\"throttlingReasons\"",
                                        "\"reason\"",
                                        "\"\\ud800\"",
                                        "<Error>",
                                        "</Error>",
                                        "<Code>",
                                        "</Code>",
                                        "<Message>",
                                        "</Message>",
                                        "Value '",
                                        "' at '",
                                        "&amp;",
                                        "&#0;",
                                        "\xFF",
                                        "\xC3",
                                        "<",
                                        ">",
                                        "\n",
                                        "x#",
                                        "<RequestId>",
                                        "</RequestId>",
                                        "\xE2\x82\xAC",
                                        "\0"};
    uint32_t seed = 5;
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    for (int round = 0; round < 60000; round++) {
        R2dFaultBody body;
        text.len = 0;
        for (int i = (seed >> 12) % 40; i >= 0; i--) {
            seed = seed * 1664525 + 1013904223;
            if ((seed >> 28) == 0)
                assert_true(r2d_bytes_append_char(&text, (char)(seed >> 12)));
            else
                assert_true(r2d_bytes_append_text(
                    &text, words[(seed >> 16) % (sizeof words / sizeof words[0])]));
        }
        r2d_fault_body_read(&r2d_alloc_libc, r2d_bytes_view(&text), &body);
        assert_true(strlen(body.message) < sizeof body.message);
        assert_null(strchr(body.message, '\n'));
    }
    r2d_bytes_free(&text);
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    for (int pad = 0; pad < 4; pad++) {
        text.len = 0;
        r2d_bytes_append_text(&text, "{\"__type\":\"");
        for (int i = 0; i < 200; i++)
            r2d_bytes_append_char(&text, 'C');
        r2d_bytes_append_text(&text, "\",\"message\":\"");
        for (int i = 0; i < pad; i++)
            r2d_bytes_append_char(&text, 'p');
        for (int i = 0; i < 2000; i++)
            r2d_bytes_append_text(&text, "\xE2\x82\xAC");
        r2d_bytes_append_text(&text, "\"}");
        R2dFaultBody body = read_body(r2d_bytes_text(&text));
        size_t len = strlen(body.message);
        assert_true(len > 500 && len < sizeof body.message);
        assert_int_equal((len - (size_t)pad) % 3, 0);
        assert_int_equal(strlen(body.code), sizeof body.code - 1);
    }
    r2d_bytes_free(&text);
}

static void without_memory_a_body_tells_nothing(void **state)
{
    (void)state;
    for (long fail_at = 1; fail_at < 12; fail_at++) {
        UnitAlloc unit;
        R2dFaultBody body;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        r2d_fault_body_read(&unit.alloc, R2D_VIEW("<Error><Code>A</Code></Error>"), &body);
        assert_int_equal(unit.live, 0);
        r2d_fault_body_read(&unit.alloc, R2D_VIEW("{\"__type\":\"A\"}"), &body);
        assert_int_equal(unit.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_statuses_become_actions),
        cmocka_unit_test(a_signature_out_of_time_is_a_matter_of_clocks),
        cmocka_unit_test(hints_say_what_to_do),
        cmocka_unit_test(bodies_of_all_services_are_read),
        cmocka_unit_test(throttling_reasons_are_read_under_both_names),
        cmocka_unit_test(requests_and_tokens_do_not_come_back_in_messages),
        cmocka_unit_test(random_bodies_never_hurt),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(without_memory_a_body_tells_nothing),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
