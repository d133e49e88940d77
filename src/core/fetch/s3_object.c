/* s3_object.c - a streamed GET that survives cut connections; see s3_object.h. */
#include "s3_object.h"

#include "../base/backoff.h"
#include "s3_name.h"
#include "s3_reply.h"

#include <stdio.h>

#define CHUNK_BYTES_DEFAULT ((size_t)256 * 1024)
#define ATTEMPTS_DEFAULT    20 /* some two minutes of an outage, on average */

static const R2dBackoff transient = {100 * R2D_US_PER_MS, 20 * R2D_US_PER_S};
static const R2dBackoff throttle = {500 * R2D_US_PER_MS, 20 * R2D_US_PER_S};

typedef enum Phase {
    PHASE_WAITING, /* until retry_at_us, then the GET is sent again */
    PHASE_RUNNING,
    PHASE_ENDED,
    PHASE_FAILED,
} Phase;

typedef struct S3Object {
    R2dSource source; /* must be first */
    const R2dAlloc *alloc;
    R2dS3ObjectOptions options;
    R2dAwsCall call;
    R2dBytes path;
    R2dBytes etag;  /* of the first reply, with quotes; empty: none yet */
    R2dBytes chunk; /* lent to the reader */
    char range[40];
    R2dAwsPair headers[2];
    Phase phase;
    bool reply_checked;
    int64_t total_bytes; /* -1: not known */
    int64_t offset;      /* bytes delivered to the reader */
    int64_t skip;        /* bytes of the running reply that were delivered before */
    int64_t received;    /* bytes of finished exchanges */
    int failures;        /* in a row without progress */
    int64_t retry_at_us;
    R2dRandom random;
    R2dError error;
} S3Object;

static const R2dSourceOps source_ops;

static S3Object *of(R2dSource *source)
{
    return (S3Object *)source;
}

static int64_t now_us(const S3Object *object)
{
    return r2d_mono_us(object->options.service->clock);
}

static R2dStatus fail(S3Object *object, R2dErrorKind kind, const char *after)
{
    return r2d_fail(&object->error, kind, "s3://%s/%s %s", object->options.bucket,
                    object->options.key, after);
}

/* The headers of the next GET: from where it goes on, and of which object. */
static int set_headers(S3Object *object)
{
    int count = 0;
    if (object->etag.len > 0)
        object->headers[count++] =
            (R2dAwsPair){R2D_VIEW("if-match"), r2d_bytes_view(&object->etag)};
    if (object->offset > 0) {
        snprintf(object->range, sizeof object->range, "bytes=%lld-", (long long)object->offset);
        object->headers[count++] = (R2dAwsPair){R2D_VIEW("range"), r2d_view_of(object->range)};
    }
    return count;
}

static R2dStatus start(S3Object *object)
{
    R2dHttpClient *http = object->options.http;
    R2dHttpExchange *exchange = &object->call.exchange;
    if (object->offset > 0 && object->etag.len == 0)
        return fail(object, R2D_ERR_DATA,
                    "cannot be read on after a cut connection: it came without an ETag");
    R2dAwsRequest request = {.method = "GET",
                             .path = r2d_bytes_view(&object->path),
                             .headers = object->headers,
                             .header_count = set_headers(object)};
    http->ops->cancel(http, exchange);
    R2dStatus status =
        r2d_aws_prepare(object->options.service, &object->call, &request, &object->error);
    exchange->stream = true;
    exchange->response_limit = object->options.chunk_bytes;
    exchange->total_timeout_ms = 0;
    exchange->owner = object;
    object->reply_checked = false;
    object->skip = 0;
    if (status != R2D_OK || http->ops->start(http, exchange, &object->error) != R2D_OK)
        return r2d_s3_explain(&object->error, NULL, R2D_S3_READ, object->options.bucket,
                              object->options.key);
    object->phase = PHASE_RUNNING;
    return R2D_OK;
}

static void wait_before_retry(S3Object *object, R2dAction action)
{
    const R2dBackoff *backoff = action == R2D_ACT_THROTTLE ? &throttle : &transient;
    double unit = action == R2D_ACT_CLOCK ? 0 : r2d_random_unit(&object->random);
    object->retry_at_us = now_us(object) + r2d_backoff_delay_us(backoff, object->failures, unit);
    object->phase = PHASE_WAITING;
}

/* object->error says what happened to the exchange: R2D_AGAIN when it is worth another try. */
static R2dStatus retry_or_fail(S3Object *object)
{
    R2dError *err = &object->error;
    bool passing = err->action == R2D_ACT_RETRY || err->action == R2D_ACT_THROTTLE ||
                   err->action == R2D_ACT_CLOCK;
    object->received += object->call.exchange.received_bytes;
    object->call.exchange.received_bytes = 0;
    if (passing && ++object->failures < object->options.attempts) {
        wait_before_retry(object, err->action);
        return R2D_AGAIN;
    }
    r2d_s3_explain(err, &object->call, R2D_S3_READ, object->options.bucket, object->options.key);
    if (passing && err->hint[0] == '\0')
        snprintf(err->hint, sizeof err->hint,
                 "It was tried %d times in a row without progress; the job can be resumed.",
                 object->failures);
    return R2D_FAILED;
}

static R2dStatus judge(S3Object *object)
{
    if (r2d_aws_judge(object->options.service, &object->call, &object->error) == R2D_OK) {
        char text[64];
        snprintf(text, sizeof text, "was answered with HTTP status %d",
                 object->call.exchange.status);
        return fail(object, R2D_ERR_DATA, text);
    }
    return retry_or_fail(object);
}

static R2dStatus check_total(S3Object *object, int64_t total)
{
    char text[128];
    if (total < 0 || total == object->total_bytes)
        return R2D_OK;
    if (object->total_bytes < 0) {
        object->total_bytes = total;
        return R2D_OK;
    }
    if (object->etag.len > 0)
        return fail(object, R2D_ERR_DATA, "changed while it was read");
    snprintf(text, sizeof text, "is %lld bytes long, the manifest says %lld", (long long)total,
             (long long)object->total_bytes);
    return fail(object, R2D_ERR_DATA, text);
}

/* A range that was not honoured is no harm while the object is provably the same: the bytes that
 * are known already are skipped. */
static R2dStatus check_reply(S3Object *object)
{
    R2dS3Reply reply;
    R2dError why;
    if (r2d_s3_read_reply(&object->call.exchange, &reply, &why) != R2D_OK)
        return fail(object, R2D_ERR_DATA, why.message);
    if (check_total(object, reply.total) != R2D_OK)
        return R2D_FAILED;
    if (object->call.exchange.status == 206 && object->total_bytes < 0)
        return fail(object, R2D_ERR_DATA, "came in part, and nobody told its length");
    if (object->etag.len > 0 && !r2d_view_equal(reply.etag, r2d_bytes_view(&object->etag)))
        return fail(object, R2D_ERR_DATA, "changed while it was read");
    if (reply.first > object->offset || (reply.first > 0 && reply.first != object->offset))
        return fail(object, R2D_ERR_DATA, "was answered with another range than asked for");
    if (object->etag.len == 0 && !r2d_bytes_append_view(&object->etag, reply.etag))
        return r2d_fail_memory(&object->error);
    object->skip = object->offset - reply.first;
    object->reply_checked = true;
    return R2D_OK;
}

/* Takes what came. An empty chunk: all of it was known already. */
static R2dStatus take(S3Object *object, R2dView *chunk)
{
    r2d_http_take(object->options.http, &object->call.exchange, &object->chunk);
    *chunk = r2d_bytes_view(&object->chunk);
    size_t known = object->skip < (int64_t)chunk->len ? (size_t)object->skip : chunk->len;
    *chunk = r2d_view(chunk->data + known, chunk->len - known);
    object->skip -= (int64_t)known;
    if (object->total_bytes >= 0 && (int64_t)chunk->len > object->total_bytes - object->offset)
        return fail(object, R2D_ERR_DATA, "is longer than it said");
    object->offset += (int64_t)chunk->len;
    if (chunk->len > 0)
        object->failures = 0;
    return R2D_OK;
}

/* The exchange is over and everything it brought was taken. */
static R2dStatus finish(S3Object *object)
{
    R2dHttpExchange *exchange = &object->call.exchange;
    if (object->total_bytes < 0 && !exchange->failed)
        object->total_bytes = object->offset;
    if (object->offset == object->total_bytes) {
        object->phase = PHASE_ENDED;
        return R2D_END;
    }
    if (exchange->failed) {
        object->error = exchange->error;
        return retry_or_fail(object);
    }
    r2d_fail(&object->error, R2D_ERR_NETWORK, "the reply ended after %lld of %lld bytes",
             (long long)object->offset, (long long)object->total_bytes);
    object->error.action = R2D_ACT_RETRY;
    return retry_or_fail(object);
}

static R2dStatus receive_body(S3Object *object, R2dView *chunk)
{
    R2dHttpExchange *exchange = &object->call.exchange;
    if (!object->reply_checked && check_reply(object) != R2D_OK)
        return R2D_FAILED;
    while (exchange->response.len > 0) {
        R2dStatus status = take(object, chunk);
        if (status != R2D_OK || chunk->len > 0)
            return status;
    }
    return exchange->state == R2D_HTTP_DONE ? finish(object) : R2D_AGAIN;
}

static R2dStatus receive(S3Object *object, R2dView *chunk)
{
    R2dHttpExchange *exchange = &object->call.exchange;
    bool has_body = exchange->status == 200 || exchange->status == 206;
    if (exchange->headers_done && has_body)
        return receive_body(object, chunk);
    if (exchange->state == R2D_HTTP_DONE)
        return judge(object);
    /* An error's text beyond the limit would stop the stream for good. */
    if (exchange->headers_done && exchange->response.len >= exchange->response_limit)
        r2d_http_take(object->options.http, exchange, &object->chunk);
    return R2D_AGAIN;
}

static R2dStatus advance(S3Object *object, R2dView *chunk)
{
    if (object->phase == PHASE_WAITING) {
        if (now_us(object) < object->retry_at_us)
            return R2D_AGAIN;
        R2dStatus status = start(object);
        return status == R2D_OK ? R2D_AGAIN : status;
    }
    return receive(object, chunk);
}

static R2dStatus object_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    S3Object *object = of(source);
    if (object->phase == PHASE_ENDED)
        return R2D_END;
    R2dStatus status = object->phase == PHASE_FAILED ? R2D_FAILED : advance(object, chunk);
    if (status != R2D_FAILED)
        return status;
    if (object->phase != PHASE_FAILED)
        object->options.http->ops->cancel(object->options.http, &object->call.exchange);
    object->phase = PHASE_FAILED;
    if (err != NULL)
        *err = object->error;
    return R2D_FAILED;
}

static void object_close(R2dSource *source)
{
    S3Object *object = of(source);
    object->options.http->ops->cancel(object->options.http, &object->call.exchange);
    r2d_aws_call_free(object->options.http, &object->call);
    r2d_bytes_free(&object->path);
    r2d_bytes_free(&object->etag);
    r2d_bytes_free(&object->chunk);
    r2d_release(object->alloc, object);
}

static const R2dSourceOps source_ops = {.read = object_read, .close = object_close};

static void init(S3Object *object, const R2dAlloc *alloc, const R2dS3ObjectOptions *options)
{
    object->source.ops = &source_ops;
    object->alloc = alloc;
    object->options = *options;
    if (object->options.chunk_bytes == 0)
        object->options.chunk_bytes = CHUNK_BYTES_DEFAULT;
    if (object->options.attempts <= 0)
        object->options.attempts = ATTEMPTS_DEFAULT;
    object->total_bytes = options->size_bytes;
    object->random.state = (uint64_t)r2d_mono_us(options->service->clock) ^
                           (uint64_t)r2d_wall_us(options->service->clock) << 20;
    r2d_aws_call_init(&object->call, alloc);
    r2d_bytes_init(&object->path, alloc);
    r2d_bytes_init(&object->etag, alloc);
    r2d_bytes_init(&object->chunk, alloc);
}

R2dSource *r2d_s3_object_open(const R2dAlloc *alloc, const R2dS3ObjectOptions *options,
                              R2dError *err)
{
    S3Object *object = r2d_new(alloc, sizeof *object);
    if (object == NULL) {
        r2d_fail_memory(err);
        return NULL;
    }
    init(object, alloc, options);
    bool ok = r2d_s3_append_path(options->service, options->bucket, options->key, &object->path);
    if (!ok)
        r2d_fail_memory(&object->error);
    if (ok && start(object) == R2D_OK)
        return &object->source;
    if (err != NULL)
        *err = object->error;
    object_close(&object->source);
    return NULL;
}

int r2d_s3_object_wait_ms(const R2dSource *source)
{
    const S3Object *object = (const S3Object *)source;
    if (object->phase != PHASE_WAITING)
        return -1;
    int64_t left_us = object->retry_at_us - now_us(object);
    return left_us > 0 ? (int)((left_us + R2D_US_PER_MS - 1) / R2D_US_PER_MS) : 0;
}

int64_t r2d_s3_object_received(const R2dSource *source)
{
    const S3Object *object = (const S3Object *)source;
    return object->received + object->call.exchange.received_bytes;
}
