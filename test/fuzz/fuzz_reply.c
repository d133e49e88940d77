/* fuzz_reply.c - any bytes are a response or are refused, and how they are cut makes no difference.
 */
#include "http/reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 4096

typedef struct Reading {
    R2dReply reply;
    R2dHttpExchange exchange;
    R2dStatus status;
    size_t taken;
} Reading;

static void read_in_parts(Reading *reading, const char *method, R2dView text, size_t part_len)
{
    r2d_reply_init(&reading->reply, &r2d_alloc_libc);
    r2d_http_exchange_init(&reading->exchange, &r2d_alloc_libc);
    reading->exchange.method = method;
    reading->exchange.url = "https://h/";
    reading->exchange.response_limit = BODY_MAX;
    reading->status = R2D_AGAIN;
    r2d_reply_start(&reading->reply, &reading->exchange);
    for (reading->taken = 0; reading->status == R2D_AGAIN && reading->taken < text.len;) {
        size_t left = text.len - reading->taken, taken;
        R2dView part = r2d_view(text.data + reading->taken, left < part_len ? left : part_len);
        reading->status = r2d_reply_read(&reading->reply, &reading->exchange, part, &taken);
        if (taken > part.len || (reading->status == R2D_AGAIN && taken != part.len))
            abort();
        reading->taken += taken;
    }
}

static void check(const Reading *reading)
{
    bool has_error = reading->exchange.error.kind != R2D_ERR_NONE;
    if (has_error != (reading->status == R2D_FAILED) || reading->exchange.response.len > BODY_MAX)
        abort();
    if (reading->status == R2D_END && reading->exchange.status < 200)
        abort();
}

static void check_same(const Reading *a, const Reading *b)
{
    if (a->status != b->status)
        abort();
    if (a->status == R2D_FAILED)
        return;
    if (a->taken != b->taken || a->exchange.status != b->exchange.status ||
        a->reply.is_last != b->reply.is_last ||
        !r2d_view_equal(r2d_bytes_view(&a->exchange.response),
                        r2d_bytes_view(&b->exchange.response)) ||
        !r2d_view_equal(r2d_bytes_view(&a->exchange.response_headers),
                        r2d_bytes_view(&b->exchange.response_headers)))
        abort();
}

static void drop(Reading *reading)
{
    r2d_reply_free(&reading->reply);
    r2d_bytes_free(&reading->exchange.response);
    r2d_bytes_free(&reading->exchange.response_headers);
}

/* The first byte chooses the method and the length of the parts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Reading whole, parts;
    if (size == 0)
        return 0;
    R2dView text = r2d_view((const char *)data + 1, size - 1);
    const char *method = data[0] & 1 ? "HEAD" : "POST";
    read_in_parts(&whole, method, text, size);
    read_in_parts(&parts, method, text, (size_t)(data[0] >> 1) % 16 + 1);
    check(&whole);
    check_same(&whole, &parts);
    drop(&whole);
    drop(&parts);
    return 0;
}
