/* fake_dynamodb.c - see fake_dynamodb.h: the client, and what it answers. */
#include "fake_table.h"

#include "base/crc32.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void offend(FakeDynamodb *fake, const char *what)
{
    if (fake->offence[0] == '\0')
        snprintf(fake->offence, sizeof fake->offence, "%s", what);
}

static bool share_key(const FakeFlight *a, const FakeFlight *b)
{
    for (int i = 0; i < a->key_count; i++)
        for (int k = a == b ? i + 1 : 0; k < b->key_count; k++)
            if (strcmp(a->keys[i], b->keys[k]) == 0)
                return true;
    return false;
}

static void check_keys(FakeDynamodb *fake, const FakeFlight *flight)
{
    if (share_key(flight, flight))
        offend(fake, "one key twice in a batch");
    for (int i = 0; i < FAKE_FLIGHTS; i++) {
        const FakeFlight *other = &fake->flights[i];
        if (other != flight && other->exchange != NULL && share_key(flight, other))
            offend(fake, "one key in two batches in flight");
    }
}

static FakeKind next_kind(FakeDynamodb *fake)
{
    if (fake->script_at < fake->script_count)
        return fake->script[fake->script_at++];
    double dice = r2d_random_unit(&fake->random);
    for (int kind = FAKE_PARTIAL; kind < FAKE_TEXT; kind++) {
        if (dice < fake->chance[kind])
            return (FakeKind)kind;
        dice -= fake->chance[kind];
    }
    return FAKE_OK;
}

/* A reply in which the entries of `unprocessed` come back, last one first. */
static void write_reply(FakeDynamodb *fake, FakeFlight *flight, const FakeWrite *writes, int count,
                        uint32_t unprocessed)
{
    R2dBytes out;
    int written = 0;
    bool first = true;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    r2d_bytes_append_text(&out, "{\"UnprocessedItems\":{");
    for (int i = count - 1; i >= 0; i--) {
        if (!(unprocessed >> i & 1)) {
            written++;
            continue;
        }
        r2d_bytes_append_text(&out, first ? "\"table\":[" : ",");
        fake_table_append(&out, fake, &writes[i]);
        first = false;
    }
    r2d_bytes_append_text(&out, first ? "}" : "]}");
    const char *blank = fake->odd_shapes && r2d_random_next(&fake->random) % 4 == 0 ? " " : "";
    r2d_bytes_appendf(&out,
                      ",\"ConsumedCapacity\":[{%s\"TableName\":\"table\",\"CapacityUnits\":%.1f,"
                      "\"Table\":{\"CapacityUnits\":%d.0}}]}",
                      blank, written * fake->unit_cost, written);
    r2d_bytes_append_char(&out, '\0');
    flight->status = 200;
    flight->reply = out.data;
}

static void refuse(FakeFlight *flight, int status, const char *code, const char *message)
{
    char text[512];
    snprintf(text, sizeof text, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#%s\",%s}", code,
             message);
    flight->status = status;
    flight->reply = fake_copy(text, strlen(text));
}

static bool has_capacity(FakeDynamodb *fake, FakeBucket *bucket, double wcu)
{
    int64_t now_us = fake->clock->mono_us;
    if (wcu == 0)
        return true;
    bucket->tokens += wcu * (double)(now_us - bucket->filled_us) / 1e6;
    bucket->filled_us = now_us;
    if (bucket->tokens > wcu * fake->burst_s)
        bucket->tokens = wcu * fake->burst_s;
    return bucket->tokens >= fake->unit_cost;
}

static unsigned partition_of(const FakeDynamodb *fake, const char *key)
{
    uint64_t hash = 1469598103934665603u;
    for (; *key != '\0' && *key != ','; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    hash =
        (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDu; /* keys that differ little must not alternate */
    hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53u;
    return (unsigned)((hash ^ hash >> 33) % (unsigned)fake->partitions);
}

/* The entries for which there is no capacity. *kind: what is said when there is none for any. */
static uint32_t short_of(FakeDynamodb *fake, const FakeFlight *flight, int count, FakeKind *kind)
{
    uint32_t unprocessed = 0;
    *kind = FAKE_THROTTLE_PARTITION;
    for (int i = 0; i < count; i++) {
        FakeBucket none = {0};
        FakeBucket *partition = &none;
        if (fake->partitions > 0)
            partition = &fake->partition_buckets[partition_of(fake, flight->keys[i])];
        bool fits = fake->partitions == 0 || has_capacity(fake, partition, fake->partition_wcu);
        if (fits && has_capacity(fake, &fake->table_bucket, fake->table_wcu)) {
            partition->tokens -= fake->unit_cost;
            fake->table_bucket.tokens -= fake->unit_cost;
            continue;
        }
        unprocessed |= (uint32_t)1 << i;
        if (fits)
            *kind = FAKE_THROTTLE;
    }
    return unprocessed;
}

static void apply(FakeDynamodb *fake, FakeFlight *flight, const FakeWrite *writes, int count,
                  uint32_t unprocessed)
{
    if (fake->keeps_nothing)
        fake->writes += count - __builtin_popcount(unprocessed);
    for (int i = 0; i < count && !fake->keeps_nothing; i++)
        if (!(unprocessed >> i & 1))
            fake_table_write(fake, flight->keys[i], writes[i].item, writes[i].item_end);
}

static uint32_t some_of(FakeDynamodb *fake, int count)
{
    uint32_t mask = (uint32_t)r2d_random_next(&fake->random) |
                    (uint32_t)1 << r2d_random_next(&fake->random) % (unsigned)count;
    return mask & (((uint32_t)1 << count) - 1);
}

static bool hold(const char *what, const FakeWrite *writes, int count)
{
    for (int i = 0; what != NULL && i < count; i++) {
        const char *found = strstr(writes[i].request, what);
        if (found != NULL && found < writes[i].request_end)
            return true;
    }
    return false;
}

static void refuse_as(FakeFlight *flight, FakeKind kind);

static void answer_batch(FakeDynamodb *fake, FakeFlight *flight, const FakeWrite *writes, int count)
{
    FakeKind short_kind;
    uint32_t all = ((uint32_t)1 << count) - 1;
    uint32_t unprocessed = flight->kind == FAKE_PARTIAL          ? some_of(fake, count)
                           : flight->kind == FAKE_NONE_PROCESSED ? all
                                                                 : 0;
    if (hold(fake->poison, writes, count)) {
        flight->kind = FAKE_OK;
        refuse(flight, 400, "ValidationException", "\"message\":\"an item is poisoned\"");
        return;
    }
    if (hold(fake->curse, writes, count)) {
        refuse_as(flight, FAKE_ERROR_BEFORE);
        return;
    }
    uint32_t missing = short_of(fake, flight, count, &short_kind);
    unprocessed |= missing;
    if (missing == all) {
        fake->hot += short_kind == FAKE_THROTTLE_PARTITION;
        refuse_as(flight, short_kind);
        return;
    }
    apply(fake, flight, writes, count, unprocessed);
    write_reply(fake, flight, writes, count, unprocessed);
}

static void answer_text(FakeDynamodb *fake, FakeFlight *flight)
{
    if (fake->text_at == fake->text_count) {
        offend(fake, "more requests than replies");
        refuse(flight, 400, "ValidationException", "\"message\":\"nothing left to say\"");
        return;
    }
    const char *body = fake->texts[fake->text_at].body;
    flight->status = fake->texts[fake->text_at++].status;
    flight->reply = fake_copy(body, strlen(body));
}

static void mislead(FakeDynamodb *fake, FakeFlight *flight)
{
    char text[256] = "<html>";
    if (flight->kind == FAKE_STRANGER)
        snprintf(text, sizeof text,
                 "{\"UnprocessedItems\":{\"table\":[{\"PutRequest\":{\"Item\":{\"%s\":{\"S\":"
                 "\"nobody's\"}}}}]}}",
                 fake->partition_key);
    flight->status = 200;
    flight->reply = fake_copy(text, strlen(text));
}

static const struct {
    int status;
    const char *code;
    const char *message;
} errors[FAKE_KINDS] = {
    [FAKE_THROTTLE] = {400, "ProvisionedThroughputExceededException",
                       "\"message\":\"too much\",\"ThrottlingReasons\":[{\"reason\":"
                       "\"TableWriteProvisionedThroughputExceeded\",\"resource\":\"arn\"}]"},
    [FAKE_THROTTLE_PARTITION] = {400, "ThrottlingException",
                                 "\"message\":\"too hot\",\"throttlingReasons\":[{\"reason\":"
                                 "\"TableWriteKeyRangeThroughputExceeded\",\"resource\":\"arn\"}]"},
    [FAKE_ERROR_BEFORE] = {500, "InternalServerError", "\"message\":\"try again\""},
    [FAKE_ERROR_AFTER] = {500, "InternalServerError", "\"message\":\"try again\""},
    [FAKE_SKEWED] = {400, "InvalidSignatureException",
                     "\"message\":\"Signature expired: is now earlier\""},
    [FAKE_EXPIRED] = {400, "ExpiredTokenException", "\"message\":\"the token is expired\""},
    [FAKE_NO_TABLE] = {400, "ResourceNotFoundException",
                       "\"message\":\"Requested resource not found\""},
};

static void refuse_as(FakeFlight *flight, FakeKind kind)
{
    refuse(flight, errors[kind].status, errors[kind].code, errors[kind].message);
}

static bool is_reset(FakeKind kind)
{
    return kind == FAKE_RESET_BEFORE || kind == FAKE_RESET_AFTER || kind == FAKE_RESET_LATE;
}

static void answer(FakeDynamodb *fake, FakeFlight *flight)
{
    FakeWrite writes[FAKE_BATCH] = {0};
    flight->kind = next_kind(fake);
    if (flight->kind == FAKE_TEXT) {
        answer_text(fake, flight);
        return;
    }
    int count = fake_table_read(fake, flight, writes);
    fake->last_count = count;
    fake->full += count == FAKE_BATCH;
    if (count <= 0) {
        offend(fake, "a body that is no BatchWriteItem");
        refuse(flight, 400, "SerializationException", "\"Message\":\"unreadable\"");
        return;
    }
    if (!fake->keeps_nothing)
        check_keys(fake, flight);
    if (flight->kind == FAKE_ERROR_AFTER || flight->kind == FAKE_RESET_AFTER) {
        if (hold(fake->poison, writes, count))
            flight->kind = FAKE_ERROR_BEFORE;
        else
            apply(fake, flight, writes, count, 0);
    }
    if (errors[flight->kind].status > 0)
        refuse_as(flight, flight->kind);
    else if (flight->kind == FAKE_GARBAGE || flight->kind == FAKE_STRANGER)
        mislead(fake, flight);
    else if (!is_reset(flight->kind))
        answer_batch(fake, flight, writes, count);
}

static FakeDynamodb *fake_of(R2dHttpClient *client)
{
    return (FakeDynamodb *)client;
}

static void note_target(FakeDynamodb *fake, const R2dHttpExchange *exchange)
{
    for (int i = 0; i < exchange->header_count; i++) {
        R2dView name = exchange->headers[i].name, value = exchange->headers[i].value;
        if (name.len == 12 && strncasecmp(name.data, "x-amz-target", 12) == 0)
            r2d_text_copy(fake->last_target, sizeof fake->last_target, value.data, value.len);
    }
    r2d_text_copy(fake->last_body, sizeof fake->last_body, exchange->body.data, exchange->body.len);
}

static R2dStatus fake_start(R2dHttpClient *client, R2dHttpExchange *exchange, R2dError *err)
{
    FakeDynamodb *fake = fake_of(client);
    FakeFlight *flight = fake->flights;
    if (exchange->state == R2D_HTTP_RUNNING)
        offend(fake, "an exchange was started while it ran");
    while (flight < fake->flights + FAKE_FLIGHTS && flight->exchange != NULL)
        flight++;
    if (flight == fake->flights + FAKE_FLIGHTS)
        return r2d_fail(err, R2D_ERR_INTERNAL, "too many requests at once");
    *flight = (FakeFlight){.body = fake_copy(exchange->body.data, exchange->body.len)};
    note_target(fake, exchange);
    answer(fake, flight);
    int64_t spread_us = fake->delay_max_us - fake->delay_min_us;
    flight->exchange = exchange;
    flight->due_us = fake->clock->mono_us + fake->delay_min_us +
                     (int64_t)(r2d_random_unit(&fake->random) * (double)spread_us);
    fake->requests++;
    fake->flying++;
    if (fake->flying > fake->flying_max)
        fake->flying_max = fake->flying;
    exchange->state = R2D_HTTP_RUNNING;
    exchange->status = 0;
    exchange->failed = exchange->unanswered = exchange->headers_done = false;
    exchange->response.len = exchange->response_headers.len = 0;
    exchange->received_bytes = 0;
    return R2D_OK;
}

static void land(FakeDynamodb *fake, FakeFlight *flight)
{
    free(flight->body);
    free(flight->reply);
    for (int i = 0; i < flight->key_count; i++)
        free(flight->keys[i]);
    *flight = (FakeFlight){0};
    fake->flying--;
}

static void fake_cancel(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    FakeDynamodb *fake = fake_of(client);
    for (int i = 0; i < FAKE_FLIGHTS; i++) {
        if (fake->flights[i].exchange == exchange) {
            if (fake->cancels_late && r2d_random_next(&fake->random) % 2 == 0)
                fake_late_add(fake, fake->flights[i].body);
            land(fake, &fake->flights[i]);
            exchange->state = R2D_HTTP_IDLE;
        }
    }
}

static void respond(FakeDynamodb *fake, const FakeFlight *flight, R2dHttpExchange *exchange)
{
    char date[64] = "Thu, 01 Jan 2026 00:00:00 GMT"; /* the test's clock begins there */
    R2dView reply = r2d_view_of(flight->reply);
    if (flight->kind == FAKE_SKEWED)
        memcpy(date + 17, "02", 2);
    exchange->status = flight->status;
    exchange->headers_done = true;
    exchange->received_bytes = (int64_t)reply.len;
    if (r2d_bytes_appendf(&exchange->response_headers,
                          "HTTP/1.1 %d X\r\nx-amzn-RequestId: REQ%ld\r\nDate: %s\r\n"
                          "x-amz-crc32: %u\r\n",
                          flight->status, fake->requests, date, r2d_crc32(reply)) &&
        r2d_bytes_append_view(&exchange->response, reply))
        return;
    exchange->failed = true;
    r2d_fail_memory(&exchange->error);
}

static void complete(FakeDynamodb *fake, FakeFlight *flight)
{
    R2dHttpExchange *exchange = flight->exchange;
    if (exchange->body.len != strlen(flight->body) ||
        memcmp(exchange->body.data, flight->body, exchange->body.len) != 0)
        offend(fake, "a body was changed in flight");
    if (is_reset(flight->kind)) {
        exchange->failed = exchange->unanswered = true;
        r2d_fail(&exchange->error, R2D_ERR_NETWORK, "connection reset by peer");
        exchange->error.action = R2D_ACT_RETRY;
        if (flight->kind == FAKE_RESET_LATE)
            fake_late_add(fake, flight->body);
    } else {
        respond(fake, flight, exchange);
    }
    exchange->state = R2D_HTTP_DONE;
    exchange->next_done = NULL;
    if (fake->done_first == NULL)
        fake->done_first = exchange;
    else
        fake->done_last->next_done = exchange;
    fake->done_last = exchange;
    land(fake, flight);
}

static R2dStatus fake_step(R2dHttpClient *client, R2dError *err)
{
    FakeDynamodb *fake = fake_of(client);
    (void)err;
    fake_late_apply(fake, fake->clock->mono_us);
    for (int i = 0; i < FAKE_FLIGHTS; i++)
        if (fake->flights[i].exchange != NULL && fake->flights[i].due_us <= fake->clock->mono_us)
            complete(fake, &fake->flights[i]);
    return R2D_OK;
}

static R2dHttpExchange *fake_next_done(R2dHttpClient *client)
{
    FakeDynamodb *fake = fake_of(client);
    R2dHttpExchange *exchange = fake->done_first;
    if (exchange != NULL)
        fake->done_first = exchange->next_done;
    return exchange;
}

int64_t fake_dynamodb_next_us(const FakeDynamodb *fake)
{
    int64_t next_us = -1;
    for (int i = 0; i < FAKE_FLIGHTS; i++) {
        int64_t left_us = fake->flights[i].due_us - fake->clock->mono_us;
        if (fake->flights[i].exchange == NULL)
            continue;
        left_us = left_us > 0 ? left_us : 0;
        if (next_us < 0 || left_us < next_us)
            next_us = left_us;
    }
    return next_us;
}

static int fake_wait_fd(R2dHttpClient *client)
{
    (void)client;
    return -1;
}

static int fake_wait_ms(R2dHttpClient *client)
{
    int64_t next_us = fake_dynamodb_next_us(fake_of(client));
    return next_us < 0 ? -1 : (int)((next_us + 999) / 1000);
}

static void fake_resume(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    (void)client;
    (void)exchange;
}

static void fake_close(R2dHttpClient *client)
{
    (void)client;
}

void fake_dynamodb_init(FakeDynamodb *fake, UnitClock *clock, uint64_t seed)
{
    static const R2dHttpClientOps ops = {
        .start = fake_start,
        .cancel = fake_cancel,
        .resume = fake_resume,
        .step = fake_step,
        .next_done = fake_next_done,
        .wait_fd = fake_wait_fd,
        .wait_ms = fake_wait_ms,
        .forget = fake_resume,
        .close = fake_close,
    };
    *fake = (FakeDynamodb){.client = {.ops = &ops},
                           .clock = clock,
                           .random = {.state = seed},
                           .partition_key = "id",
                           .unit_cost = 1,
                           .delay_min_us = 2000,
                           .delay_max_us = 8000};
}

void fake_dynamodb_free(FakeDynamodb *fake)
{
    for (int i = 0; i < FAKE_FLIGHTS; i++)
        if (fake->flights[i].exchange != NULL)
            land(fake, &fake->flights[i]);
    fake_late_clear(fake);
    fake_table_clear(fake);
}

void fake_dynamodb_push(FakeDynamodb *fake, FakeKind kind)
{
    assert_true(fake->script_count < FAKE_SCRIPT);
    fake->script[fake->script_count++] = kind;
}

void fake_dynamodb_reply(FakeDynamodb *fake, int status, const char *body)
{
    fake_dynamodb_push(fake, FAKE_TEXT);
    fake->texts[fake->text_count].status = status;
    fake->texts[fake->text_count++].body = body;
}
