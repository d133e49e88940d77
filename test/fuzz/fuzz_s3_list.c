/*
 * fuzz_s3_list.c - listings and deletions against replies of any bytes: nothing outside the prefix
 * is ever named in a deletion. The input is the bodies of the replies, split at 0xFF.
 */
#include "fetch/s3_list.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct FuzzClient {
    R2dHttpClient client; /* must be first */
    const char *rest;
    size_t left;
    int64_t now_us;
} FuzzClient;

static void check_deletion(R2dView body)
{
    static const char key[] = "<Key>";
    const char *at = body.data, *end = body.data + body.len;
    while ((at = memmem(at, (size_t)(end - at), key, sizeof key - 1)) != NULL) {
        at += sizeof key - 1;
        if (end - at < 4 || memcmp(at, "p/1/", 4) != 0)
            abort();
    }
}

/* Replies at once with the next part of the input; without one, the connection fails. */
static R2dStatus start(R2dHttpClient *client, R2dHttpExchange *exchange, R2dError *err)
{
    FuzzClient *fuzz = (FuzzClient *)client;
    (void)err;
    if (exchange->body.len > 0)
        check_deletion(exchange->body);
    const char *end = fuzz->left > 0 ? memchr(fuzz->rest, 0xFF, fuzz->left) : NULL;
    size_t len = end != NULL ? (size_t)(end - fuzz->rest) : fuzz->left;
    exchange->response.len = exchange->response_headers.len = 0;
    exchange->headers_done = true;
    exchange->status = 200;
    exchange->failed = fuzz->left == 0 ||
                       !r2d_bytes_append_text(&exchange->response_headers, "server: S3\r\n") ||
                       !r2d_bytes_append(&exchange->response, fuzz->rest, len);
    if (exchange->failed)
        r2d_fail(&exchange->error, R2D_ERR_NETWORK, "no reply");
    fuzz->rest += len + (end != NULL);
    fuzz->left -= len + (end != NULL);
    exchange->state = R2D_HTTP_DONE;
    return R2D_OK;
}

static void ignore(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    (void)client;
    (void)exchange;
}

static R2dStatus step(R2dHttpClient *client, R2dError *err)
{
    (void)client;
    (void)err;
    return R2D_OK;
}

static int minus_one(R2dHttpClient *client)
{
    (void)client;
    return -1;
}

static R2dStatus wait_in_time(void *context, int fd, int timeout_ms)
{
    FuzzClient *fuzz = context;
    (void)fd;
    fuzz->now_us += (timeout_ms > 0 ? timeout_ms : 1) * R2D_US_PER_MS;
    return R2D_OK;
}

static int64_t read_clock(void *context)
{
    return ((FuzzClient *)context)->now_us;
}

static bool visit(void *context, R2dView key, int64_t size_bytes)
{
    (void)context;
    if (key.len == 0 || size_bytes < 0)
        abort();
    return true;
}

static const R2dHttpClientOps ops = {.start = start,
                                     .cancel = ignore,
                                     .resume = ignore,
                                     .step = step,
                                     .wait_fd = minus_one,
                                     .wait_ms = minus_one,
                                     .forget = ignore};

static void run(const uint8_t *data, size_t size, bool delete)
{
    FuzzClient fuzz = {.client = {.ops = &ops}, .rest = (const char *)data, .left = size};
    R2dClock clock = {.mono_us = read_clock, .wall_us = read_clock, .context = &fuzz};
    R2dWait wait = {.wait = wait_in_time, .context = &fuzz};
    R2dCredentials credentials;
    R2dAwsService service;
    R2dError err = {.kind = R2D_ERR_NONE};
    int64_t deleted;
    r2d_credentials_init(&credentials, &r2d_alloc_libc);
    r2d_aws_service_init(&service, &r2d_alloc_libc, &clock, "s3", &credentials);
    if (!r2d_credentials_set(&credentials, R2D_VIEW("AKID"), R2D_VIEW("secret"), R2D_VIEW("")) ||
        r2d_endpoint_custom(&service.endpoint, "http://127.0.0.1:1", NULL) != R2D_OK)
        abort();
    R2dStatus status =
        delete ? r2d_s3_delete_prefix(&service, &fuzz.client, &wait, "b", "p/1/", &deleted, &err)
               : r2d_s3_list(&service, &fuzz.client, &wait, "b", "p/1/", visit, NULL, &err);
    if (status != R2D_OK && (status != R2D_FAILED || err.message[0] == '\0'))
        abort();
    r2d_aws_service_wipe(&service);
    r2d_credentials_wipe(&credentials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, false);
    run(data, size, true);
    return 0;
}
