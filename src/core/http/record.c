/* record.c - status, headers and body of a response on their way into an exchange. */
#include "record.h"

#define HEADERS_BYTES_MAX (64 * 1024)

void r2d_http_record_start(R2dHttpExchange *exchange)
{
    exchange->status = 0;
    exchange->headers_done = false;
    exchange->response_headers.len = 0;
    exchange->response.len = 0;
    exchange->received_bytes = 0;
    exchange->failed = exchange->unanswered = false;
    exchange->error.kind = R2D_ERR_NONE;
    exchange->next_done = NULL;
}

static R2dHttpRecord fail_memory(R2dHttpExchange *exchange)
{
    r2d_fail_memory(&exchange->error);
    return R2D_RECORD_FAILED;
}

/* "HTTP/1.1 200 OK" */
static void record_status(R2dHttpExchange *exchange, R2dView line)
{
    const char *blank = memchr(line.data, ' ', line.len);
    int64_t status = 0;
    if (blank != NULL && line.data + line.len - blank > 3)
        r2d_view_to_int64(r2d_view(blank + 1, 3), &status);
    exchange->status = (int)status;
    exchange->headers_done = false;
    exchange->response_headers.len = 0;
}

R2dHttpRecord r2d_http_record_header(R2dHttpExchange *exchange, R2dView line)
{
    if (r2d_view_starts(line, R2D_VIEW("HTTP/"))) {
        record_status(exchange, line);
        return R2D_RECORD_TAKEN;
    }
    if (exchange->headers_done)
        return R2D_RECORD_TAKEN;
    if (line.len == 0 || line.data[0] == '\r' || line.data[0] == '\n') {
        exchange->headers_done = exchange->status >= 200;
        return R2D_RECORD_TAKEN;
    }
    if (exchange->response_headers.len + line.len > HEADERS_BYTES_MAX) {
        r2d_fail(&exchange->error, R2D_ERR_LIMIT, "the response has more than %d bytes of headers",
                 HEADERS_BYTES_MAX);
        return R2D_RECORD_FAILED;
    }
    return r2d_bytes_append_view(&exchange->response_headers, line) ? R2D_RECORD_TAKEN
                                                                    : fail_memory(exchange);
}

R2dHttpRecord r2d_http_record_body(R2dHttpExchange *exchange, R2dView data)
{
    bool fits = exchange->response.len + data.len <= exchange->response_limit;
    if (!fits && exchange->stream && exchange->response.len > 0)
        return R2D_RECORD_FULL;
    if (!fits && !exchange->stream) {
        r2d_fail(&exchange->error, R2D_ERR_LIMIT, "the response is longer than %zu bytes",
                 exchange->response_limit);
        return R2D_RECORD_FAILED;
    }
    if (!r2d_bytes_append_view(&exchange->response, data))
        return fail_memory(exchange);
    exchange->received_bytes += (int64_t)data.len;
    return R2D_RECORD_TAKEN;
}
