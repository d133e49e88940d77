/* reply.c - see reply.h. Lines and body are handed on to record.c. */
#include "reply.h"

#include "failure.h"
#include "header_line.h"
#include "record.h"

#define LINE_BYTES_MAX ((size_t)64 * 1024)

/* Of all lines: heads of interim replies, chunk sizes, trailers. Each byte of the body may bring
 * its own chunk along. */
#define LINES_BYTES_MAX ((int64_t)256 * 1024)
#define CHUNK_BYTES_MAX ((int64_t)16)

void r2d_reply_init(R2dReply *reply, const R2dAlloc *alloc)
{
    *reply = (R2dReply){.length = -1};
    r2d_bytes_init(&reply->line, alloc);
}

void r2d_reply_free(R2dReply *reply)
{
    r2d_bytes_free(&reply->line);
}

static void start_head(R2dReply *reply)
{
    reply->part = R2D_REPLY_HEAD;
    reply->in_head = reply->is_chunked = false;
    reply->length = -1;
    reply->left = 0;
}

void r2d_reply_start(R2dReply *reply, R2dHttpExchange *exchange)
{
    start_head(reply);
    reply->begun = reply->is_last = false;
    reply->line.len = 0;
    reply->lines_bytes = 0;
    r2d_http_record_start(exchange);
}

static R2dStatus fail(R2dHttpExchange *exchange, const char *text)
{
    r2d_http_failure(exchange, R2D_ACT_RETRY, text, NULL);
    return R2D_FAILED;
}

static R2dStatus recorded(R2dHttpRecord record)
{
    return record == R2D_RECORD_TAKEN ? R2D_AGAIN : R2D_FAILED;
}

static bool has_word(R2dView list, R2dView word)
{
    for (size_t i = 0; i + word.len <= list.len; i++)
        if (r2d_http_same_text(r2d_view(list.data + i, word.len), word))
            return true;
    return false;
}

/* What a header says about where the body ends, and about the connection. */
static R2dStatus read_framing(R2dReply *reply, R2dHttpExchange *exchange, R2dView line)
{
    R2dView value;
    int64_t length;
    if (r2d_http_header_value(line, R2D_VIEW("content-length"), &value)) {
        if (!r2d_view_to_int64(value, &length) || (reply->length >= 0 && reply->length != length))
            return fail(exchange, "the reply has no valid length");
        reply->length = length;
    } else if (r2d_http_header_value(line, R2D_VIEW("transfer-encoding"), &value)) {
        if (!r2d_http_same_text(value, R2D_VIEW("chunked")))
            return fail(exchange, "the reply has a transfer encoding that was not asked for");
        reply->is_chunked = true;
    } else if (r2d_http_header_value(line, R2D_VIEW("connection"), &value)) {
        reply->is_last = reply->is_last || has_word(value, R2D_VIEW("close"));
    }
    return R2D_AGAIN;
}

/* A reply with both lengths may have been tampered with: it is read, its connection is not trusted
 * any further (RFC 9112, section 6.3). */
static R2dStatus end_head(R2dReply *reply, const R2dHttpExchange *exchange)
{
    int status = exchange->status;
    bool has_no_body = strcmp(exchange->method, "HEAD") == 0 || status == 204 || status == 304;
    if (status < 200) {
        start_head(reply);
        return R2D_AGAIN;
    }
    if (reply->is_chunked && reply->length >= 0)
        reply->is_last = true;
    if (has_no_body)
        reply->part = R2D_REPLY_DONE;
    else if (reply->is_chunked)
        reply->part = R2D_REPLY_CHUNK_SIZE;
    else if (reply->length >= 0)
        reply->part = reply->length > 0 ? R2D_REPLY_SIZED : R2D_REPLY_DONE;
    else
        reply->part = R2D_REPLY_TO_END;
    reply->left = reply->length;
    reply->is_last = reply->is_last || reply->part == R2D_REPLY_TO_END;
    return reply->part == R2D_REPLY_DONE ? R2D_END : R2D_AGAIN;
}

static bool is_blank_line(R2dView line)
{
    return line.data[0] == '\n' || (line.data[0] == '\r' && line.len == 2);
}

static R2dStatus on_status_line(R2dReply *reply, R2dHttpExchange *exchange, R2dView line)
{
    if (!r2d_view_starts(line, R2D_VIEW("HTTP/1.")))
        return fail(exchange, "it does not speak HTTP/1.1");
    R2dStatus status = recorded(r2d_http_record_header(exchange, line));
    if (status == R2D_AGAIN && (exchange->status < 100 || exchange->status == 101))
        return fail(exchange, "the reply has no valid status");
    if (r2d_view_starts(line, R2D_VIEW("HTTP/1.0")))
        reply->is_last = true;
    reply->in_head = true;
    return status;
}

static R2dStatus on_head_line(R2dReply *reply, R2dHttpExchange *exchange, R2dView line)
{
    if (!reply->in_head)
        return on_status_line(reply, exchange, line);
    R2dStatus status = recorded(r2d_http_record_header(exchange, line));
    if (status != R2D_AGAIN)
        return status;
    return is_blank_line(line) ? end_head(reply, exchange) : read_framing(reply, exchange, line);
}

/* "1a2b\r\n", perhaps with an extension behind a semicolon. */
static R2dStatus on_chunk_size(R2dReply *reply, R2dHttpExchange *exchange, R2dView line)
{
    enum { DIGITS_MAX = 15 };
    int64_t size = 0;
    size_t at = 0;
    for (; at < line.len && r2d_hex_digit(line.data[at]) >= 0; at++) {
        if (at == DIGITS_MAX)
            return fail(exchange, "the reply has a chunk of no valid size");
        size = size * 16 + r2d_hex_digit(line.data[at]);
    }
    if (at == 0 || memchr("; \t\r\n", line.data[at], 5) == NULL)
        return fail(exchange, "the reply has a chunk of no valid size");
    reply->left = size;
    reply->part = size > 0 ? R2D_REPLY_CHUNK : R2D_REPLY_TRAILER;
    return R2D_AGAIN;
}

static R2dStatus on_line(R2dReply *reply, R2dHttpExchange *exchange, R2dView line)
{
    switch (reply->part) {
    case R2D_REPLY_HEAD:
        return on_head_line(reply, exchange, line);
    case R2D_REPLY_CHUNK_SIZE:
        return on_chunk_size(reply, exchange, line);
    case R2D_REPLY_CHUNK_END:
        if (!is_blank_line(line))
            return fail(exchange, "the reply has a chunk that does not end where it says");
        reply->part = R2D_REPLY_CHUNK_SIZE;
        return R2D_AGAIN;
    default: /* a trailer */
        if (!is_blank_line(line))
            return R2D_AGAIN;
        reply->part = R2D_REPLY_DONE;
        return R2D_END;
    }
}

/* The next line, when its end is there; what came of it before is joined to it. */
static R2dStatus read_line(R2dReply *reply, R2dHttpExchange *exchange, R2dView *rest)
{
    const char *newline = memchr(rest->data, '\n', rest->len);
    size_t len = newline != NULL ? (size_t)(newline - rest->data) + 1 : rest->len;
    R2dView line = r2d_view(rest->data, len);
    *rest = r2d_view(rest->data + len, rest->len - len);
    reply->lines_bytes += (int64_t)len;
    if (reply->lines_bytes > LINES_BYTES_MAX + exchange->received_bytes * CHUNK_BYTES_MAX)
        return r2d_fail(&exchange->error, R2D_ERR_LIMIT, "the response has lines without end");
    if (reply->line.len + len > LINE_BYTES_MAX) {
        r2d_fail(&exchange->error, R2D_ERR_LIMIT, "the response has a line of more than %zu bytes",
                 LINE_BYTES_MAX);
        return R2D_FAILED;
    }
    if (newline == NULL || reply->line.len > 0) {
        if (!r2d_bytes_append_view(&reply->line, line))
            return r2d_fail_memory(&exchange->error);
        line = r2d_bytes_view(&reply->line);
    }
    if (newline == NULL)
        return R2D_AGAIN;
    R2dStatus status = on_line(reply, exchange, line);
    reply->line.len = 0;
    return status;
}

static R2dStatus read_body(R2dReply *reply, R2dHttpExchange *exchange, R2dView *rest)
{
    size_t len = rest->len;
    if (reply->part != R2D_REPLY_TO_END && (int64_t)len > reply->left)
        len = (size_t)reply->left;
    if (r2d_http_record_body(exchange, r2d_view(rest->data, len)) != R2D_RECORD_TAKEN)
        return R2D_FAILED;
    *rest = r2d_view(rest->data + len, rest->len - len);
    if (reply->part == R2D_REPLY_TO_END || (reply->left -= (int64_t)len) > 0)
        return R2D_AGAIN;
    reply->part = reply->part == R2D_REPLY_CHUNK ? R2D_REPLY_CHUNK_END : R2D_REPLY_DONE;
    return reply->part == R2D_REPLY_DONE ? R2D_END : R2D_AGAIN;
}

R2dStatus r2d_reply_read(R2dReply *reply, R2dHttpExchange *exchange, R2dView data, size_t *taken)
{
    R2dView rest = data;
    R2dStatus status = R2D_AGAIN;
    reply->begun = reply->begun || data.len > 0;
    while (status == R2D_AGAIN && rest.len > 0) {
        bool in_body = reply->part == R2D_REPLY_SIZED || reply->part == R2D_REPLY_TO_END ||
                       reply->part == R2D_REPLY_CHUNK;
        status = in_body ? read_body(reply, exchange, &rest) : read_line(reply, exchange, &rest);
    }
    *taken = data.len - rest.len;
    return status;
}

R2dStatus r2d_reply_closed(R2dReply *reply, const char **text)
{
    if (reply->part == R2D_REPLY_TO_END) {
        reply->part = R2D_REPLY_DONE;
        return R2D_END;
    }
    *text = !reply->begun                   ? "the connection was closed before a reply came"
            : reply->part == R2D_REPLY_HEAD ? "the connection was closed within the reply's head"
                                            : "the connection was closed within the reply";
    return R2D_FAILED;
}
