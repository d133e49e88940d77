/* test_call.c - requests are built and signed as AWS wants them, and replies judged. */
#include "unit.h"

#include "aws/call.h"
#include "base/crc32.h"

#include <stdio.h>
#include <stdlib.h>

#define REPLIES_MAX 16

/* A client that answers each start with the next scripted reply. */
typedef struct FakeClient {
    R2dHttpClient base;
    const char *replies[REPLIES_MAX]; /* "404\nname: value\r\n...\r\n\nbody"; "cut"; NULL ends */
    int starts;
    char dates[REPLIES_MAX][17]; /* the x-amz-date of each start */
} FakeClient;

typedef struct Rig {
    UnitAlloc unit;
    UnitClock clock;
    R2dCredentials credentials;
    R2dAwsService service;
    R2dAwsCall call;
    FakeClient client;
    int64_t slept_us;
    int waits;
} Rig;

static R2dView request_header(const R2dHttpExchange *exchange, const char *name)
{
    for (int i = 0; i < exchange->header_count; i++) {
        if (r2d_view_equal(exchange->headers[i].name, r2d_view_of(name)))
            return exchange->headers[i].value;
    }
    return r2d_view(NULL, 0);
}

static void load_reply(R2dHttpExchange *exchange, const char *reply)
{
    const char *line_end = strchr(reply, '\n'), *body = strstr(line_end, "\n\n");
    exchange->status = atoi(reply);
    exchange->headers_done = true;
    exchange->response_headers.len = exchange->response.len = 0;
    r2d_bytes_append(&exchange->response_headers, line_end + 1, (size_t)(body - line_end));
    r2d_bytes_append_text(&exchange->response, body + 2);
    exchange->failed = false;
}

static R2dStatus fake_start(R2dHttpClient *base, R2dHttpExchange *exchange, R2dError *err)
{
    FakeClient *client = (FakeClient *)base;
    const char *reply = client->replies[client->starts];
    R2dView date = request_header(exchange, "x-amz-date");
    (void)err;
    assert_non_null(reply);
    r2d_text_copy(client->dates[client->starts++], 17, date.data, date.len);
    exchange->state = R2D_HTTP_DONE;
    if (strcmp(reply, "cut") != 0) {
        load_reply(exchange, reply);
        return R2D_OK;
    }
    exchange->failed = true;
    r2d_fail(&exchange->error, R2D_ERR_NETWORK, "no complete reply from h: cut");
    exchange->error.action = R2D_ACT_RETRY;
    return R2D_OK;
}

static void fake_cancel(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    (void)base, (void)exchange;
}

static R2dStatus fake_step(R2dHttpClient *base, R2dError *err)
{
    (void)base, (void)err;
    return R2D_OK;
}

static int fake_wait_fd(R2dHttpClient *base)
{
    (void)base;
    return -1;
}

static const R2dHttpClientOps fake_ops = {.start = fake_start,
                                          .cancel = fake_cancel,
                                          .step = fake_step,
                                          .wait_fd = fake_wait_fd,
                                          .wait_ms = fake_wait_fd};

static R2dStatus sleep_in_test(void *context, int fd, int timeout_ms)
{
    Rig *rig = context;
    (void)fd;
    rig->waits++;
    rig->slept_us += timeout_ms * R2D_US_PER_MS;
    rig->clock.mono_us += timeout_ms * R2D_US_PER_MS;
    rig->clock.wall_us += timeout_ms * R2D_US_PER_MS;
    return rig->waits == 1000 ? R2D_CANCELED : R2D_OK;
}

static void rig_init(Rig *rig, const char *signing_name, const char *token)
{
    memset(rig, 0, sizeof *rig);
    unit_alloc_init(&rig->unit);
    unit_clock_init(&rig->clock);
    r2d_credentials_init(&rig->credentials, &rig->unit.alloc);
    assert_true(r2d_credentials_set(&rig->credentials, R2D_VIEW("AKID"), R2D_VIEW("SECRET"),
                                    r2d_view_of(token)));
    r2d_aws_service_init(&rig->service, &rig->unit.alloc, &rig->clock.clock, signing_name,
                         &rig->credentials);
    strcpy(rig->service.region, "us-west-2");
    assert_int_equal(r2d_endpoint_custom(&rig->service.endpoint, "http://127.0.0.1:8000", NULL),
                     R2D_OK);
    r2d_aws_call_init(&rig->call, &rig->unit.alloc);
    rig->client.base.ops = &fake_ops;
}

static void rig_free(Rig *rig)
{
    r2d_aws_call_free(NULL, &rig->call);
    r2d_aws_service_wipe(&rig->service);
    r2d_credentials_wipe(&rig->credentials);
    assert_int_equal(rig->unit.live, 0);
}

static R2dAwsPair pairs[2];

static R2dAwsRequest dynamodb_request(void)
{
    R2dAwsRequest request;
    r2d_aws_json_request(&request, pairs, "DynamoDB_20120810.BatchWriteItem",
                         "application/x-amz-json-1.0", R2D_VIEW("{}"));
    return request;
}

static R2dStatus judge(Rig *rig, const R2dAwsRequest *request, const char *reply, R2dError *err)
{
    assert_int_equal(r2d_aws_prepare(&rig->service, &rig->call, request, NULL), R2D_OK);
    load_reply(&rig->call.exchange, reply);
    rig->call.exchange.state = R2D_HTTP_DONE;
    return r2d_aws_judge(&rig->service, &rig->call, err);
}

static void a_dynamodb_request_is_complete_and_signed(void **state)
{
    (void)state;
    Rig rig;
    rig_init(&rig, "dynamodb", "TOKEN");
    R2dAwsRequest request = dynamodb_request();
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    R2dHttpExchange *exchange = &rig.call.exchange;
    assert_string_equal(exchange->method, "POST");
    assert_string_equal(exchange->url, "http://127.0.0.1:8000/");
    assert_view(exchange->body, "{}");
    assert_view(request_header(exchange, "content-type"), "application/x-amz-json-1.0");
    assert_view(request_header(exchange, "x-amz-target"), "DynamoDB_20120810.BatchWriteItem");
    assert_view(request_header(exchange, "x-amz-date"), "20260101T000000Z");
    assert_view(request_header(exchange, "x-amz-security-token"), "TOKEN");
    assert_null(request_header(exchange, "x-amz-content-sha256").data);
    R2dView authorization = request_header(exchange, "authorization");
    static const char start[] =
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/dynamodb/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=";
    assert_true(r2d_view_starts(authorization, R2D_VIEW(start)));
    assert_int_equal(authorization.len, sizeof start - 1 + 64);
    assert_string_equal(rig.call.operation, "BatchWriteItem");
    rig_free(&rig);
}

static void an_s3_request_is_encoded_once(void **state)
{
    (void)state;
    Rig rig;
    R2dAwsPair query[] = {{R2D_VIEW("prefix"), R2D_VIEW("a b/\xC3\xBC")},
                          {R2D_VIEW("list-type"), R2D_VIEW("2")}};
    R2dAwsRequest request = {
        .method = "GET", .path = R2D_VIEW("/bucket/"), .query = query, .query_count = 2};
    rig_init(&rig, "s3", "");
    rig.service.path_style = true;
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_string_equal(rig.call.exchange.url,
                        "http://127.0.0.1:8000/bucket/?prefix=a%20b%2F%C3%BC&list-type=2");
    assert_string_equal(rig.call.operation, "ListObjectsV2");
    assert_view(request_header(&rig.call.exchange, "x-amz-content-sha256"),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    request = (R2dAwsRequest){.method = "GET", .path = R2D_VIEW("/bucket/k//../e+=%.gz")};
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_string_equal(rig.call.exchange.url, "http://127.0.0.1:8000/bucket/k//../e%2B%3D%25.gz");
    assert_string_equal(rig.call.operation, "GetObject");
    request.unsigned_payload = true;
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_view(request_header(&rig.call.exchange, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
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
    rig_free(&rig);
}

static void steady_requests_allocate_nothing(void **state)
{
    (void)state;
    Rig rig;
    rig_init(&rig, "dynamodb", "TOKEN");
    R2dAwsRequest request = dynamodb_request();
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    long calls = rig.unit.calls;
    for (int i = 0; i < 100; i++) {
        rig.clock.wall_us += R2D_US_PER_S;
        assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    }
    assert_int_equal(rig.unit.calls, calls);
    rig_free(&rig);
}

static void errors_have_service_operation_code_and_cure(void **state)
{
    (void)state;
    Rig rig;
    R2dError err;
    rig_init(&rig, "dynamodb", "TOKEN-SECRET");
    R2dAwsRequest request = dynamodb_request();
    assert_int_equal(judge(&rig, &request,
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
    assert_int_equal(judge(&rig, &request, "502\n\n<html>", &err), R2D_FAILED);
    assert_string_equal(err.message, "DynamoDB BatchWriteItem: HTTP status 502");
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_int_equal(judge(&rig, &request,
                           "400\n\n{\"__type\":\"x#ThrottlingException\",\"message\":\"slow\","
                           "\"throttlingReasons\":[{\"reason\":\"R\",\"resource\":\"a\"}]}",
                           &err),
                     R2D_FAILED);
    assert_string_equal(err.detail, "slow (R on a)");
    assert_int_equal(err.action, R2D_ACT_THROTTLE);
    assert_int_equal(
        judge(&rig, &request, "400\nx-amzn-ErrorType: InternalFailure:http://x\r\n\n", &err),
        R2D_FAILED);
    assert_string_equal(err.code, "InternalFailure");
    assert_int_equal(judge(&rig, &request, "200\n\n{}", &err), R2D_OK);
    rig_free(&rig);
}

static void a_damaged_reply_is_a_network_failure(void **state)
{
    (void)state;
    Rig rig;
    R2dError err;
    char reply[128];
    rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = dynamodb_request();
    snprintf(reply, sizeof reply, "200\nX-Amz-Crc32: %u\r\n\n{\"a\":1}",
             r2d_crc32(R2D_VIEW("{\"a\":1}")));
    assert_int_equal(judge(&rig, &request, reply, &err), R2D_OK);
    assert_int_equal(judge(&rig, &request, "200\nx-amz-crc32: 12345\r\n\n{\"a\":1}", &err),
                     R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    rig_free(&rig);
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
    Rig rig;
    R2dError err;
    rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = dynamodb_request();
    judge(&rig, &request, refused, &err);
    assert_int_equal(err.action, R2D_ACT_STOP);
    assert_true(rig.service.skew_us == 0);
    judge(&rig, &request, refused_late, &err);
    assert_int_equal(err.action, R2D_ACT_CLOCK);
    assert_true(rig.service.skew_us == 20 * 60 * R2D_US_PER_S);
    judge(&rig, &request, refused_late, &err); /* with the right clock it is the secret */
    assert_int_equal(err.action, R2D_ACT_STOP);
    judge(&rig, &request, expired, NULL); /* nobody listens: corrected all the same */
    assert_true(rig.service.skew_us == 3600 * R2D_US_PER_S);
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, NULL), R2D_OK);
    assert_view(request_header(&rig.call.exchange, "x-amz-date"), "20260101T010000Z");
    judge(&rig, &request, skewed, &err);
    assert_int_equal(err.action, R2D_ACT_CLOCK);
    assert_true(rig.service.skew_us == 7200 * R2D_US_PER_S);
    rig_free(&rig);
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
    Rig rig;
    R2dError err;
    rig_init(&rig, "s3", "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dAwsRequest request = {.method = cases[i].method, .path = R2D_VIEW("/key")};
        char region[64];
        assert_int_equal(judge(&rig, &request, cases[i].reply, &err), R2D_FAILED);
        if (err.action != cases[i].action)
            fail_msg("%s: %d", cases[i].reply, (int)err.action);
        assert_int_equal(r2d_aws_bucket_region(&rig.call, region), cases[i].region[0] != '\0');
        assert_string_equal(region, cases[i].region);
    }
    rig_free(&rig);
}

static R2dStatus perform(Rig *rig, int attempts, R2dError *err)
{
    R2dAwsRequest request = dynamodb_request();
    R2dWait wait = {.wait = sleep_in_test, .context = rig};
    return r2d_aws_perform(&rig->service, &rig->call, &request, &rig->client.base, &wait, attempts,
                           err);
}

static void perform_retries_what_passes(void **state)
{
    (void)state;
    Rig rig;
    R2dError err;
    rig_init(&rig, "dynamodb", "");
    const char *replies[] = {"cut", "500\n\n", "400\n\n{\"__type\":\"x#ThrottlingException\"}",
                             "200\n\n{}"};
    memcpy(rig.client.replies, replies, sizeof replies);
    assert_int_equal(perform(&rig, 4, &err), R2D_OK);
    assert_int_equal(rig.client.starts, 4);
    assert_true(rig.slept_us > 0 && rig.slept_us < 3 * R2D_US_PER_S);
    rig.client.starts = 0;
    assert_int_equal(perform(&rig, 3, &err), R2D_FAILED);
    assert_int_equal(rig.client.starts, 3);
    assert_string_equal(err.code, "ThrottlingException");
    rig.client.starts = 0;
    rig.client.replies[0] = "400\n\n{\"__type\":\"x#ResourceNotFoundException\"}";
    assert_int_equal(perform(&rig, 9, &err), R2D_FAILED);
    assert_int_equal(rig.client.starts, 1);
    rig_free(&rig);
}

static void perform_grants_the_service_its_delay(void **state)
{
    (void)state;
    Rig rig;
    rig_init(&rig, "dynamodb", "");
    rig.client.replies[0] = "503\nx-amz-retry-after: 3000\r\n\n";
    rig.client.replies[1] = "200\n\n{}";
    assert_int_equal(perform(&rig, 2, NULL), R2D_OK);
    assert_true(rig.slept_us >= 3 * R2D_US_PER_S && rig.slept_us < 4 * R2D_US_PER_S);
    rig.client.starts = 0;
    rig.slept_us = 0;
    rig.client.replies[0] = "503\nx-amz-retry-after: 86400000\r\n\n";
    assert_int_equal(perform(&rig, 2, NULL), R2D_OK);
    assert_true(rig.slept_us < 6 * R2D_US_PER_S);
    rig_free(&rig);
}

static void perform_corrects_the_clock_once(void **state)
{
    (void)state;
    static const char skewed[] = "403\nDate: Thu, 01 Jan 2026 05:00:00 GMT\r\n\n"
                                 "{\"__type\":\"x#RequestExpired\"}";
    Rig rig;
    R2dError err;
    rig_init(&rig, "dynamodb", "");
    rig.client.replies[0] = skewed;
    rig.client.replies[1] = "200\n\n{}";
    assert_int_equal(perform(&rig, 1, &err), R2D_OK); /* no attempt is spent on it */
    assert_string_equal(rig.client.dates[0], "20260101T000000Z");
    assert_string_equal(rig.client.dates[1], "20260101T050000Z");
    rig.client.starts = 0;
    rig.client.replies[1] = skewed;
    assert_int_equal(perform(&rig, 9, &err), R2D_FAILED);
    assert_int_equal(rig.client.starts, 2);
    assert_int_equal(err.action, R2D_ACT_CLOCK);
    rig_free(&rig);
}

static void perform_stops_when_the_waiter_says_so(void **state)
{
    (void)state;
    Rig rig;
    rig_init(&rig, "dynamodb", "");
    rig.waits = 999;
    rig.client.replies[0] = "500\n\n";
    assert_int_equal(perform(&rig, 9, NULL), R2D_CANCELED);
    assert_int_equal(rig.client.starts, 1);
    rig_free(&rig);
}

static void what_cannot_be_built_is_refused(void **state)
{
    (void)state;
    Rig rig;
    R2dError err;
    rig_init(&rig, "dynamodb", "");
    R2dAwsRequest request = dynamodb_request();
    request.path = R2D_VIEW("no-slash");
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, &err), R2D_FAILED);
    request = dynamodb_request();
    request.header_count = R2D_HTTP_HEADERS_MAX - 3;
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, &err), R2D_FAILED);
    request = dynamodb_request();
    r2d_credentials_wipe(&rig.credentials);
    assert_int_equal(r2d_aws_prepare(&rig.service, &rig.call, &request, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    rig_free(&rig);
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    for (long fail_at = 1;; fail_at++) {
        Rig rig;
        R2dError err;
        R2dAwsPair query[] = {{R2D_VIEW("list-type"), R2D_VIEW("2")}};
        R2dAwsRequest request = {
            .method = "GET", .path = R2D_VIEW("/bucket"), .query = query, .query_count = 1};
        rig_init(&rig, "s3", "TOKEN");
        rig.unit.fail_at = rig.unit.calls + fail_at;
        R2dStatus status = r2d_aws_prepare(&rig.service, &rig.call, &request, &err);
        rig_free(&rig);
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
        cmocka_unit_test(errors_have_service_operation_code_and_cure),
        cmocka_unit_test(a_damaged_reply_is_a_network_failure),
        cmocka_unit_test(a_wrong_clock_is_corrected),
        cmocka_unit_test(a_bucket_elsewhere_is_found),
        cmocka_unit_test(perform_retries_what_passes),
        cmocka_unit_test(perform_grants_the_service_its_delay),
        cmocka_unit_test(perform_corrects_the_clock_once),
        cmocka_unit_test(perform_stops_when_the_waiter_says_so),
        cmocka_unit_test(what_cannot_be_built_is_refused),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
