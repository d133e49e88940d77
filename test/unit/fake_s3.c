/* fake_s3.c - see fake_s3.h. */
#include "fake_s3.h"

static FakeS3 *of(R2dHttpClient *client)
{
    return (FakeS3 *)client;
}

static void log_request(FakeS3 *fake, const R2dHttpExchange *exchange)
{
    bool ok = r2d_bytes_appendf(&fake->log, "%s %s\n", exchange->method, exchange->url);
    for (int i = 0; i < exchange->header_count; i++)
        ok = ok && r2d_bytes_append_view(&fake->log, exchange->headers[i].name) &&
             r2d_bytes_append_text(&fake->log, ": ") &&
             r2d_bytes_append_view(&fake->log, exchange->headers[i].value) &&
             r2d_bytes_append_char(&fake->log, '\n');
    assert_true(ok && r2d_bytes_append_char(&fake->log, '\n') &&
                r2d_bytes_append_view(&fake->log, exchange->body) &&
                r2d_bytes_append_char(&fake->log, '\n'));
}

static R2dStatus start(R2dHttpClient *client, R2dHttpExchange *exchange, R2dError *err)
{
    FakeS3 *fake = of(client);
    assert_null(fake->running);
    assert_true(exchange->state != R2D_HTTP_RUNNING);
    if (fake->fail_start)
        return r2d_fail(err, R2D_ERR_INTERNAL, "no handle");
    log_request(fake, exchange);
    if (fake->started >= fake->reply_count)
        fail_msg("request %d was not expected: %s", fake->started + 1, exchange->url);
    fake->started++;
    fake->running = exchange;
    fake->sent = 0;
    exchange->response.len = exchange->response_headers.len = 0;
    exchange->status = 0;
    exchange->headers_done = exchange->failed = false;
    exchange->received_bytes = 0;
    exchange->state = R2D_HTTP_RUNNING;
    return R2D_OK;
}

static void cancel(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    if (of(client)->running == exchange)
        of(client)->running = NULL;
    if (exchange->state == R2D_HTTP_RUNNING)
        exchange->state = R2D_HTTP_IDLE;
}

static void resume(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    (void)client;
    (void)exchange;
}

static void finish(FakeS3 *fake, R2dErrorKind kind, const char *why)
{
    R2dHttpExchange *exchange = fake->running;
    fake->running = NULL;
    exchange->state = R2D_HTTP_DONE;
    exchange->failed = kind != R2D_ERR_NONE;
    if (!exchange->failed)
        return;
    r2d_fail(&exchange->error, kind, "%s", why);
    exchange->error.action = kind == R2D_ERR_NETWORK ? R2D_ACT_RETRY : R2D_ACT_STOP;
}

static void send_head(FakeS3 *fake, const FakeReply *reply)
{
    R2dBytes *headers = &fake->running->response_headers;
    bool ok = reply->headers == NULL || r2d_bytes_append_text(headers, reply->headers);
    if (reply->length)
        ok = ok && r2d_bytes_appendf(headers, "Content-Length: %zu\r\n", reply->body_len);
    fake->running->status = reply->status;
    fake->running->headers_done = true;
    if (!ok)
        finish(fake, R2D_ERR_MEMORY, "out of memory");
}

static void send_body(FakeS3 *fake, const FakeReply *reply)
{
    R2dHttpExchange *exchange = fake->running;
    size_t end = reply->cut_after >= 0 ? (size_t)reply->cut_after : reply->body_len;
    size_t more = end - fake->sent < fake->step_bytes ? end - fake->sent : fake->step_bytes;
    size_t room = exchange->response_limit - exchange->response.len;
    if (more > room && !exchange->stream) {
        finish(fake, R2D_ERR_LIMIT, "the body is too long");
        return;
    }
    if (more > room)
        more = room;
    if (!r2d_bytes_append(&exchange->response, reply->body + fake->sent, more)) {
        finish(fake, R2D_ERR_MEMORY, "out of memory");
        return;
    }
    fake->sent += more;
    exchange->received_bytes += (int64_t)more;
    if (fake->sent < end)
        return;
    bool cut = reply->cut_after >= 0 && !reply->ends_early;
    finish(fake, cut ? R2D_ERR_NETWORK : R2D_ERR_NONE, "the connection was cut");
}

static void distrust(FakeS3 *fake)
{
    R2dHttpExchange *exchange = fake->running;
    finish(fake, R2D_ERR_NETWORK, "the certificate is not valid");
    exchange->error.action = R2D_ACT_STOP;
}

static R2dStatus step(R2dHttpClient *client, R2dError *err)
{
    FakeS3 *fake = of(client);
    (void)err;
    if (fake->running == NULL)
        return R2D_OK;
    const FakeReply *reply = &fake->replies[fake->started - 1];
    if (reply->status == 0)
        finish(fake, R2D_ERR_NETWORK, "the connection was refused");
    else if (reply->status == FAKE_UNTRUSTED)
        distrust(fake);
    else if (!fake->running->headers_done)
        send_head(fake, reply);
    else
        send_body(fake, reply);
    return R2D_OK;
}

static R2dHttpExchange *next_done(R2dHttpClient *client)
{
    (void)client;
    return NULL;
}

static int wait_fd(R2dHttpClient *client)
{
    (void)client;
    return -1;
}

static int wait_ms(R2dHttpClient *client)
{
    (void)client;
    return 1;
}

static void forget(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    cancel(client, exchange);
}

static void close_client(R2dHttpClient *client)
{
    (void)client;
}

static const R2dHttpClientOps ops = {.start = start,
                                     .cancel = cancel,
                                     .resume = resume,
                                     .step = step,
                                     .next_done = next_done,
                                     .wait_fd = wait_fd,
                                     .wait_ms = wait_ms,
                                     .forget = forget,
                                     .close = close_client};

static R2dStatus wait_in_time(void *context, int fd, int timeout_ms)
{
    FakeS3 *fake = context;
    (void)fd;
    int64_t us = timeout_ms > 0 ? timeout_ms * R2D_US_PER_MS : R2D_US_PER_MS;
    fake->time.mono_us += us;
    fake->time.wall_us += us;
    fake->waited_us += us;
    return R2D_OK;
}

void fake_s3_init(FakeS3 *fake, FakeReply *replies, int reply_count)
{
    *fake = (FakeS3){.client = {.ops = &ops},
                     .replies = replies,
                     .reply_count = reply_count,
                     .step_bytes = 1 << 20,
                     .wait = {.wait = wait_in_time}};
    fake->wait.context = fake;
    unit_alloc_init(&fake->unit);
    unit_clock_init(&fake->time);
    r2d_bytes_init(&fake->log, &r2d_alloc_libc);
    r2d_credentials_init(&fake->credentials, &r2d_alloc_libc);
    assert_true(r2d_credentials_set(&fake->credentials, R2D_VIEW("AKIDEXAMPLE"), R2D_VIEW("secret"),
                                    R2D_VIEW("")));
    r2d_aws_service_init(&fake->service, &fake->unit.alloc, &fake->time.clock, "s3",
                         &fake->credentials);
    assert_int_equal(r2d_endpoint_custom(&fake->service.endpoint, "http://127.0.0.1:4566", NULL),
                     R2D_OK);
    r2d_text_copy(fake->service.region, sizeof fake->service.region, "us-west-2", 9);
    fake->service.path_style = true;
}

void fake_s3_check(FakeS3 *fake)
{
    r2d_aws_service_wipe(&fake->service);
    r2d_credentials_wipe(&fake->credentials);
    r2d_bytes_free(&fake->log);
    assert_null(fake->running);
    assert_int_equal(fake->unit.live, 0);
}

const char *fake_s3_log(FakeS3 *fake)
{
    const char *text = r2d_bytes_text(&fake->log);
    assert_non_null(text);
    return text;
}
