/*
 * fuzz_fault.c - whatever a service replies is judged: complete, or an error in one line each, that
 * names no secret of the caller.
 *
 * The input is the service (first byte), the HTTP status (second), then header lines and body with
 * 0xFF between them.
 */
#include "aws/call.h"
#include "aws/fault_body.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
                  token[] = "FwoGZXIvYXdzEBYaDA";

static void check(bool condition)
{
    if (!condition)
        abort();
}

/* Terminated, one line, no control characters. */
static void check_text(const char *text, size_t size)
{
    size_t len = strnlen(text, size);
    check(len < size);
    for (size_t i = 0; i < len; i++)
        check((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static void check_body(R2dView body)
{
    R2dFaultBody out;
    r2d_fault_body_read(&r2d_alloc_libc, body, &out);
    check_text(out.code, sizeof out.code);
    check_text(out.message, sizeof out.message);
    check_text(out.request_id, sizeof out.request_id);
    check_text(out.reasons, sizeof out.reasons);
    check_text(out.region, sizeof out.region);
    check_text(out.server_time, sizeof out.server_time);
}

static void check_error(const R2dError *err)
{
    check(err->kind == R2D_ERR_REMOTE || err->kind == R2D_ERR_NETWORK);
    check(err->message[0] != '\0');
    const struct {
        const char *text;
        size_t size;
    } texts[] = {{err->message, sizeof err->message},
                 {err->detail, sizeof err->detail},
                 {err->hint, sizeof err->hint},
                 {err->code, sizeof err->code},
                 {err->request_id, sizeof err->request_id}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_text(texts[i].text, texts[i].size);
        check(strstr(texts[i].text, secret) == NULL && strstr(texts[i].text, token) == NULL);
    }
}

/* Lines as the HTTP client hands them on: without zero bytes, each with its end. */
static bool take_headers(R2dHttpExchange *exchange, R2dView headers)
{
    return headers.len == 0 || (memchr(headers.data, '\0', headers.len) == NULL &&
                                r2d_bytes_append_view(&exchange->response_headers, headers) &&
                                r2d_bytes_append_text(&exchange->response_headers, "\r\n"));
}

static void judge(const char *name, int status, R2dView headers, R2dView body)
{
    R2dCredentials credentials;
    R2dAwsService service;
    R2dAwsCall call;
    R2dError err = {.kind = R2D_ERR_NONE};
    r2d_credentials_init(&credentials, &r2d_alloc_libc);
    check(r2d_credentials_set(&credentials, R2D_VIEW("AKID"), r2d_view_of(secret),
                              r2d_view_of(token)));
    r2d_aws_service_init(&service, &r2d_alloc_libc, &r2d_clock_system, name, &credentials);
    snprintf(service.region, sizeof service.region, "us-east-1");
    check(r2d_endpoint_custom(&service.endpoint, "http://127.0.0.1:1", NULL) == R2D_OK);
    r2d_aws_call_init(&call, &r2d_alloc_libc);
    call.exchange.method = "POST";
    snprintf(call.operation, sizeof call.operation, "BatchWriteItem");
    call.exchange.state = R2D_HTTP_DONE;
    call.exchange.status = status;
    if (take_headers(&call.exchange, headers) &&
        r2d_bytes_append_view(&call.exchange.response, body) &&
        r2d_aws_judge(&service, &call, &err) != R2D_OK)
        check_error(&err);
    r2d_bytes_free(&call.exchange.response_headers);
    r2d_bytes_free(&call.exchange.response);
    r2d_bytes_free(&call.url);
    r2d_bytes_free(&call.text);
    r2d_bytes_free(&call.scratch);
    r2d_aws_service_wipe(&service);
    r2d_credentials_wipe(&credentials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    R2dView text = r2d_view((const char *)data + 2, size - 2);
    const char *cut = text.len > 0 ? memchr(text.data, 0xFF, text.len) : NULL;
    size_t head = cut != NULL ? (size_t)(cut - text.data) : 0;
    R2dView body = cut != NULL ? r2d_view(cut + 1, text.len - head - 1) : text;
    check_body(body);
    judge(data[0] & 1 ? "s3" : "dynamodb", 200 + 2 * data[1], r2d_view(text.data, head), body);
    return 0;
}
