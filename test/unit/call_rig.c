/* call_rig.c - see call_rig.h. */
#include "call_rig.h"

#include <stdlib.h>

R2dView call_rig_header(const R2dHttpExchange *exchange, const char *name)
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
    CallFakeClient *client = (CallFakeClient *)base;
    const char *reply = client->replies[client->starts];
    R2dView date = call_rig_header(exchange, "x-amz-date");
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
    CallRig *rig = context;
    (void)fd;
    rig->waits++;
    rig->slept_us += timeout_ms * R2D_US_PER_MS;
    rig->clock.mono_us += timeout_ms * R2D_US_PER_MS;
    rig->clock.wall_us += timeout_ms * R2D_US_PER_MS;
    return rig->waits == 1000 ? R2D_CANCELED : R2D_OK;
}

void call_rig_init(CallRig *rig, const char *signing_name, const char *token)
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

void call_rig_free(CallRig *rig)
{
    r2d_aws_call_free(NULL, &rig->call);
    r2d_aws_service_wipe(&rig->service);
    r2d_credentials_wipe(&rig->credentials);
    assert_int_equal(rig->unit.live, 0);
}

static R2dAwsPair pairs[2];

R2dAwsRequest call_rig_dynamodb_request(void)
{
    R2dAwsRequest request;
    r2d_aws_json_request(&request, pairs, "DynamoDB_20120810.BatchWriteItem",
                         "application/x-amz-json-1.0", R2D_VIEW("{}"));
    return request;
}

R2dStatus call_rig_judge(CallRig *rig, const R2dAwsRequest *request, const char *reply,
                         R2dError *err)
{
    assert_int_equal(r2d_aws_prepare(&rig->service, &rig->call, request, NULL), R2D_OK);
    load_reply(&rig->call.exchange, reply);
    rig->call.exchange.state = R2D_HTTP_DONE;
    return r2d_aws_judge(&rig->service, &rig->call, err);
}

R2dStatus call_rig_perform(CallRig *rig, int attempts, R2dError *err)
{
    R2dAwsRequest request = call_rig_dynamodb_request();
    R2dWait wait = {.wait = sleep_in_test, .context = rig};
    return r2d_aws_perform(&rig->service, &rig->call, &request, &rig->client.base, &wait, attempts,
                           err);
}
