/* call.c - building and signing a request, and running one to its end. judge.c reads the reply. */
#include "call.h"
#include "digest.h"

#include <stdio.h>

#define CONNECT_TIMEOUT_MS 5000
#define SILENCE_TIMEOUT_MS 30000
#define RESPONSE_LIMIT     (1024 * 1024)

void r2d_aws_service_init(R2dAwsService *service, const R2dAlloc *alloc, const R2dClock *clock,
                          const char *signing_name, const R2dCredentials *credentials)
{
    *service = (R2dAwsService){
        .alloc = alloc, .clock = clock, .signing_name = signing_name, .credentials = credentials};
}

void r2d_aws_service_wipe(R2dAwsService *service)
{
    r2d_digest_wipe(&service->key, sizeof service->key);
}

void r2d_aws_call_init(R2dAwsCall *call, const R2dAlloc *alloc)
{
    r2d_http_exchange_init(&call->exchange, alloc);
    r2d_bytes_init(&call->url, alloc);
    r2d_bytes_init(&call->text, alloc);
    r2d_bytes_init(&call->scratch, alloc);
    call->operation[0] = '\0';
    call->generation = 0;
    call->exchange.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    call->exchange.silence_timeout_ms = SILENCE_TIMEOUT_MS;
    call->exchange.response_limit = RESPONSE_LIMIT;
}

/* The scratch buffer has held the session token. */
void r2d_aws_call_free(R2dHttpClient *client, R2dAwsCall *call)
{
    r2d_http_exchange_free(client, &call->exchange);
    if (call->scratch.data != NULL)
        r2d_digest_wipe(call->scratch.data, call->scratch.capacity);
    r2d_bytes_free(&call->url);
    r2d_bytes_free(&call->text);
    r2d_bytes_free(&call->scratch);
}

static bool is_s3(const R2dAwsService *service)
{
    return strcmp(service->signing_name, "s3") == 0;
}

static bool has_parameter(const R2dAwsRequest *request, const char *name)
{
    for (int i = 0; i < request->query_count; i++) {
        if (r2d_view_equal(request->query[i].name, r2d_view_of(name)))
            return true;
    }
    return false;
}

/* The operation that a path and a method mean in S3, as far as we use it. */
static const char *s3_operation(const R2dAwsService *service, const R2dAwsRequest *request)
{
    const char *method = request->method;
    const char *slash = memchr(request->path.data + 1, '/', request->path.len - 1);
    bool is_bucket = service->path_style
                         ? slash == NULL || slash == request->path.data + request->path.len - 1
                         : request->path.len <= 1;
    if (has_parameter(request, "list-type"))
        return "ListObjectsV2";
    if (has_parameter(request, "delete"))
        return "DeleteObjects";
    if (strcmp(method, "HEAD") == 0)
        return is_bucket ? "HeadBucket" : "HeadObject";
    if (strcmp(method, "GET") == 0)
        return is_bucket ? "ListObjects" : "GetObject";
    return strcmp(method, "PUT") == 0      ? "PutObject"
           : strcmp(method, "DELETE") == 0 ? "DeleteObject"
                                           : method;
}

/* What follows the dot in "DynamoDB_20120810.BatchWriteItem". */
static R2dView json_operation(const R2dAwsRequest *request)
{
    for (int i = 0; i < request->header_count; i++) {
        R2dView value = request->headers[i].value;
        if (!r2d_view_equal(request->headers[i].name, R2D_VIEW("x-amz-target")))
            continue;
        const char *dot = memrchr(value.data, '.', value.len);
        return dot == NULL ? value : r2d_view(dot + 1, value.len - (size_t)(dot + 1 - value.data));
    }
    return r2d_view(NULL, 0);
}

static void name_operation(const R2dAwsService *service, const R2dAwsRequest *request,
                           R2dAwsCall *call)
{
    R2dView name =
        is_s3(service) ? r2d_view_of(s3_operation(service, request)) : json_operation(request);
    if (name.len > 0)
        r2d_text_copy(call->operation, sizeof call->operation, name.data, name.len);
    else
        call->operation[0] = '\0';
}

/* url becomes base + path + query, terminated; *path is the encoded path in it. */
static bool build_url(const R2dAwsService *service, const R2dAwsRequest *request, R2dBytes *url,
                      R2dView *path)
{
    url->len = 0;
    if (!r2d_bytes_append_text(url, service->endpoint.base_url))
        return false;
    size_t start = url->len;
    if (!r2d_endpoint_encode(url, request->path, true))
        return false;
    size_t end = url->len;
    for (int i = 0; i < request->query_count; i++) {
        if (!r2d_bytes_append_char(url, i == 0 ? '?' : '&') ||
            !r2d_endpoint_encode(url, request->query[i].name, false) ||
            !r2d_bytes_append_char(url, '=') ||
            !r2d_endpoint_encode(url, request->query[i].value, false))
            return false;
    }
    if (r2d_bytes_text(url) == NULL)
        return false;
    *path = r2d_view(url->data + start, end - start);
    return true;
}

typedef struct Signing {
    R2dSigv4Input input;
    R2dSigv4Pair headers[R2D_HTTP_HEADERS_MAX + 1]; /* host is not among the exchange's */
    char payload_hash[R2D_SHA256_HEX_SIZE];
} Signing;

static void add_header(Signing *signing, R2dView name, R2dView value)
{
    signing->headers[signing->input.header_count++] = (R2dSigv4Pair){name, value};
}

static void describe(const R2dAwsService *service, const R2dAwsRequest *request, Signing *signing)
{
    R2dView token = r2d_bytes_view(&service->credentials->session_token);
    R2dSigv4Input *input = &signing->input;
    *input = (R2dSigv4Input){.method = request->method,
                             .encode_path_again = !is_s3(service),
                             .query = request->query,
                             .query_count = request->query_count,
                             .headers = signing->headers,
                             .region = service->region,
                             .service = service->signing_name};
    r2d_clock_amz_date(r2d_wall_us(service->clock) + service->skew_us, input->amz_date);
    r2d_digest_sha256_hex(request->body, signing->payload_hash);
    input->payload_hash = r2d_view(signing->payload_hash, sizeof signing->payload_hash);
    for (int i = 0; i < request->header_count; i++)
        add_header(signing, request->headers[i].name, request->headers[i].value);
    add_header(signing, R2D_VIEW("host"), r2d_view_of(service->endpoint.host));
    if (is_s3(service))
        add_header(signing, R2D_VIEW("x-amz-content-sha256"), input->payload_hash);
    add_header(signing, R2D_VIEW("x-amz-date"), r2d_view(input->amz_date, 16));
    if (token.len > 0)
        add_header(signing, R2D_VIEW("x-amz-security-token"), token);
}

/* text: date, payload hash, authorization. Views are taken when it does not grow any more. */
static R2dStatus sign(R2dAwsService *service, R2dAwsCall *call, const Signing *signing,
                      R2dError *err)
{
    const R2dSigv4Input *input = &signing->input;
    R2dBytes *scratch = &call->scratch;
    call->text.len = 0;
    scratch->len = 0;
    if (!r2d_bytes_append(&call->text, input->amz_date, 16) ||
        !r2d_bytes_append_view(&call->text, input->payload_hash))
        return r2d_fail_memory(err);
    if (r2d_sigv4_canonical_request(input, scratch, err) != R2D_OK)
        return R2D_FAILED;
    R2dView canonical_request = r2d_bytes_view(scratch);
    scratch->len = 0;
    if (r2d_sigv4_string_to_sign(input, canonical_request, scratch, err) != R2D_OK)
        return R2D_FAILED;
    return r2d_sigv4_authorization(input, service->credentials, &service->key,
                                   r2d_bytes_view(scratch), &call->text, err);
}

static void fill_exchange(const R2dAwsService *service, const R2dAwsRequest *request,
                          const Signing *signing, R2dAwsCall *call)
{
    R2dHttpExchange *exchange = &call->exchange;
    R2dView token = r2d_bytes_view(&service->credentials->session_token);
    size_t hash_len = signing->input.payload_hash.len, end = 16 + hash_len;
    exchange->method = request->method;
    exchange->url = call->url.data;
    exchange->body = request->body;
    r2d_http_headers_clear(exchange);
    for (int i = 0; i < request->header_count; i++)
        r2d_http_header_add(exchange, request->headers[i].name, request->headers[i].value);
    r2d_http_header_add(exchange, R2D_VIEW("x-amz-date"), r2d_view(call->text.data, 16));
    if (is_s3(service))
        r2d_http_header_add(exchange, R2D_VIEW("x-amz-content-sha256"),
                            r2d_view(call->text.data + 16, hash_len));
    if (token.len > 0)
        r2d_http_header_add(exchange, R2D_VIEW("x-amz-security-token"), token);
    r2d_http_header_add(exchange, R2D_VIEW("authorization"),
                        r2d_view(call->text.data + end, call->text.len - end));
}

R2dStatus r2d_aws_prepare(R2dAwsService *service, R2dAwsCall *call, const R2dAwsRequest *request,
                          R2dError *err)
{
    Signing signing;
    R2dView path;
    if (request->header_count > R2D_HTTP_HEADERS_MAX - 4 || request->path.len == 0 ||
        request->path.data[0] != '/' || call->exchange.state == R2D_HTTP_RUNNING)
        return r2d_fail(err, R2D_ERR_INTERNAL, "an AWS request cannot be built as asked");
    name_operation(service, request, call);
    if (!build_url(service, request, &call->url, &path))
        return r2d_fail_memory(err);
    describe(service, request, &signing);
    signing.input.path = path;
    if (sign(service, call, &signing, err) != R2D_OK)
        return R2D_FAILED;
    call->generation = service->credentials->generation;
    if (service->silence_timeout_ms > 0)
        call->exchange.silence_timeout_ms = service->silence_timeout_ms;
    fill_exchange(service, request, &signing, call);
    return R2D_OK;
}

void r2d_aws_json_request(R2dAwsRequest *request, R2dAwsPair pairs[2], const char *target,
                          const char *content_type, R2dView body)
{
    pairs[0] = (R2dAwsPair){R2D_VIEW("content-type"), r2d_view_of(content_type)};
    pairs[1] = (R2dAwsPair){R2D_VIEW("x-amz-target"), r2d_view_of(target)};
    *request = (R2dAwsRequest){
        .method = "POST", .path = R2D_VIEW("/"), .headers = pairs, .header_count = 2, .body = body};
}
