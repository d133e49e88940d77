/* test_call.c - requests are built and signed as AWS wants them. */
#include "call_rig.h"

static void a_dynamodb_request_is_complete_and_signed(void **state)
{
    (void)state;
    CallRig rig;
    call_rig_init(&rig, "dynamodb", "TOKEN");
    R2dAwsRequest request = call_rig_dynamodb_request();
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    R2dHttpExchange *exchange = &rig.call.exchange;
    assert_string_equal(exchange->method, "POST");
    assert_string_equal(exchange->url, "http://127.0.0.1:8000/");
    assert_view(exchange->body, "{}");
    assert_view(call_rig_header(exchange, "content-type"), "application/x-amz-json-1.0");
    assert_view(call_rig_header(exchange, "x-amz-target"), "DynamoDB_20120810.BatchWriteItem");
    assert_view(call_rig_header(exchange, "x-amz-date"), "20260101T000000Z");
    assert_view(call_rig_header(exchange, "x-amz-security-token"), "TOKEN");
    assert_null(call_rig_header(exchange, "x-amz-content-sha256").data);
    R2dView authorization = call_rig_header(exchange, "authorization");
    static const char start[] =
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/dynamodb/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=";
    assert_true(r2d_view_starts(authorization, R2D_VIEW(start)));
    assert_int_equal(authorization.len, sizeof start - 1 + 64);
    assert_string_equal(rig.call.operation, "BatchWriteItem");
    call_rig_free(&rig);
}

static void an_s3_request_is_encoded_once(void **state)
{
    (void)state;
    CallRig rig;
    R2dAwsPair query[] = {{R2D_VIEW("prefix"), R2D_VIEW("a b/\xC3\xBC")},
                          {R2D_VIEW("list-type"), R2D_VIEW("2")}};
    R2dAwsRequest request = {
        .method = "GET", .path = R2D_VIEW("/bucket/"), .query = query, .query_count = 2};
    call_rig_init(&rig, "s3", "");
    rig.service.path_style = true;
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_string_equal(rig.call.exchange.url,
                        "http://127.0.0.1:8000/bucket/?prefix=a%20b%2F%C3%BC&list-type=2");
    assert_string_equal(rig.call.operation, "ListObjectsV2");
    assert_view(call_rig_header(&rig.call.exchange, "x-amz-content-sha256"),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    request = (R2dAwsRequest){.method = "GET", .path = R2D_VIEW("/bucket/k//../e+=%.gz")};
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_string_equal(rig.call.exchange.url, "http://127.0.0.1:8000/bucket/k//../e%2B%3D%25.gz");
    assert_string_equal(rig.call.operation, "GetObject");
    static const struct {
        const char *method, *path, *operation;
        bool path_style;
    } cases[] = {
        {"HEAD", "/bucket", "HeadBucket", true}, {"HEAD", "/", "HeadBucket", false},
        {"HEAD", "/key", "HeadObject", false},   {"HEAD", "/bucket/key", "HeadObject", true},
        {"PUT", "/key", "PutObject", false},     {"DELETE", "/key", "DeleteObject", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        request = (R2dAwsRequest){.method = cases[i].method, .path = r2d_view_of(cases[i].path)};
        rig.service.path_style = cases[i].path_style;
        assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
        assert_string_equal(rig.call.operation, cases[i].operation);
    }
    call_rig_free(&rig);
}

static void steady_requests_allocate_nothing(void **state)
{
    (void)state;
    CallRig rig;
    call_rig_init(&rig, "dynamodb", "TOKEN");
    R2dAwsRequest request = call_rig_dynamodb_request();
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    long calls = rig.unit.calls;
    for (int i = 0; i < 100; i++) {
        rig.clock.wall_us += R2D_US_PER_S;
        assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    }
    assert_int_equal(rig.unit.calls, calls);
    call_rig_free(&rig);
}

static void what_cannot_be_built_is_refused(void **state)
{
    (void)state;
    CallRig rig;
    R2dError err;
    call_rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = call_rig_dynamodb_request();
    request.path = R2D_VIEW("no-slash");
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, &err), R2D_FAILED);
    request = call_rig_dynamodb_request();
    request.header_count = R2D_HTTP_HEADERS_MAX - 3;
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, &err), R2D_FAILED);
    request = call_rig_dynamodb_request();
    r2d_credentials_wipe(&rig.credentials);
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    call_rig_free(&rig);
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    for (long fail_at = 1;; fail_at++) {
        CallRig rig;
        R2dError err;
        R2dAwsPair query[] = {{R2D_VIEW("list-type"), R2D_VIEW("2")}};
        R2dAwsRequest request = {
            .method = "GET", .path = R2D_VIEW("/bucket"), .query = query, .query_count = 1};
        call_rig_init(&rig, "s3", "TOKEN");
        rig.unit.fail_at = rig.unit.calls + fail_at;
        R2dStatus status = r2d_aws_prepare(&rig.service, &rig.call, &request, &err);
        call_rig_free(&rig);
        if (status == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dynamodb_request_is_complete_and_signed),
        cmocka_unit_test(an_s3_request_is_encoded_once),
        cmocka_unit_test(steady_requests_allocate_nothing),
        cmocka_unit_test(what_cannot_be_built_is_refused),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
