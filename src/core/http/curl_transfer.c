/* curl_transfer.c - see curl_transfer.h. */
#include "curl_transfer.h"
#include "record.h"
#include "request_lines.h"

#define SET(easy, option, value) R2D_CURL_SET(easy, option, value)

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    R2dCurlTransfer *transfer = context;
    R2dView line = r2d_view(data, size * count);
    return r2d_http_record_header(transfer->exchange, line) == R2D_RECORD_TAKEN ? line.len : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    R2dCurlTransfer *transfer = context;
    R2dView body = r2d_view(data, size * count);
    switch (r2d_http_record_body(transfer->exchange, body)) {
    case R2D_RECORD_TAKEN:
        return body.len;
    case R2D_RECORD_FULL:
        transfer->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    default:
        return body.len + 1; /* anything but the length ends the transfer */
    }
}

static void finish(R2dCurlTransfer *transfer, CURLcode code)
{
    R2dHttpExchange *exchange = transfer->exchange;
    r2d_curl_handle_stop(&transfer->handle);
    transfer->is_paused = false;
    exchange->state = R2D_HTTP_DONE;
    exchange->failed = exchange->unanswered = code != CURLE_OK;
    if (exchange->failed && exchange->error.kind == R2D_ERR_NONE)
        r2d_curl_explain(&transfer->handle, code, exchange);
    r2d_http_done_append(transfer->done, exchange);
}

static void on_done(R2dCurlHandle *handle, CURLcode code)
{
    finish(handle->owner, code);
}

static bool set_options(R2dCurlTransfer *transfer)
{
    CURL *easy = transfer->handle.easy;
    const R2dHttpCurlOptions *options = &transfer->handle.engine->options;
    return SET(easy, CURLOPT_HEADERFUNCTION, on_header) &&
           SET(easy, CURLOPT_HEADERDATA, (void *)transfer) &&
           SET(easy, CURLOPT_WRITEFUNCTION, on_body) &&
           SET(easy, CURLOPT_WRITEDATA, (void *)transfer) &&
           SET(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) &&
           SET(easy, CURLOPT_USERAGENT, options->user_agent);
}

void r2d_curl_transfer_free(R2dCurlTransfer *transfer)
{
    const R2dAlloc *alloc = transfer->handle.engine->alloc;
    r2d_curl_handle_close(&transfer->handle);
    r2d_bytes_free(&transfer->header_lines);
    r2d_release(alloc, transfer);
}

R2dCurlTransfer *r2d_curl_transfer_new(R2dCurlEngine *engine, R2dHttpExchange *exchange,
                                       R2dHttpDoneList *done)
{
    R2dCurlTransfer *transfer = r2d_new(engine->alloc, sizeof *transfer);
    if (transfer == NULL)
        return NULL;
    transfer->exchange = exchange;
    transfer->done = done;
    transfer->handle.done = on_done;
    transfer->handle.owner = transfer;
    r2d_bytes_init(&transfer->header_lines, engine->alloc);
    if (r2d_curl_handle_open(&transfer->handle, engine) && set_options(transfer))
        return transfer;
    r2d_curl_transfer_free(transfer);
    return NULL;
}

static void add_node(R2dCurlTransfer *transfer, int *count, const char *line)
{
    struct curl_slist *node = &transfer->header_nodes[*count];
    *node = (struct curl_slist){.data = (char *)line}; /* libcurl only reads it */
    if (*count > 0)
        transfer->header_nodes[*count - 1].next = node;
    ++*count;
}

/* The lines and their list are ours: libcurl takes no copy of CURLOPT_HTTPHEADER. */
static R2dStatus set_headers(R2dCurlTransfer *transfer, R2dError *err)
{
    const R2dHttpExchange *exchange = transfer->exchange;
    const char *lines[R2D_HTTP_HEADERS_MAX];
    int count = 0;
    if (r2d_http_request_lines(exchange, &transfer->header_lines, lines, err) != R2D_OK)
        return R2D_FAILED;
    while (count < exchange->header_count)
        add_node(transfer, &count, lines[count]);
    /* libcurl's own headers, taken out; not those of the caller */
    add_node(transfer, &count, "Expect:");
    if (!r2d_http_request_has_header(exchange, "accept"))
        add_node(transfer, &count, "Accept:");
    if (!r2d_http_request_has_header(exchange, "content-type"))
        add_node(transfer, &count, "Content-Type:");
    return SET(transfer->handle.easy, CURLOPT_HTTPHEADER, transfer->header_nodes)
               ? R2D_OK
               : r2d_fail_memory(err);
}

/* Methods beside GET, HEAD and POST are one of these under another name. */
static bool set_method(R2dCurlTransfer *transfer)
{
    const R2dHttpExchange *exchange = transfer->exchange;
    const char *method = exchange->method;
    bool is_post = strcmp(method, "POST") == 0, is_head = strcmp(method, "HEAD") == 0;
    bool is_plain = is_post || is_head || strcmp(method, "GET") == 0;
    bool sends_body = is_post || exchange->body.len > 0 || strcmp(method, "PUT") == 0;
    CURLoption kind = sends_body ? CURLOPT_POST : is_head ? CURLOPT_NOBODY : CURLOPT_HTTPGET;
    bool ok = SET(transfer->handle.easy, CURLOPT_NOBODY, 0L) &&
              SET(transfer->handle.easy, kind, 1L) &&
              SET(transfer->handle.easy, CURLOPT_CUSTOMREQUEST, is_plain ? NULL : method);
    if (!ok || !sends_body)
        return ok;
    return SET(transfer->handle.easy, CURLOPT_POSTFIELDS,
               exchange->body.len > 0 ? exchange->body.data : "") &&
           SET(transfer->handle.easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.len);
}

static bool set_limits(R2dCurlTransfer *transfer)
{
    const R2dHttpExchange *exchange = transfer->exchange;
    long silence_s = (exchange->silence_timeout_ms + 999L) / 1000;
    /* Refused while a buffer is left from a transfer that failed early; then that one serves. */
    curl_easy_setopt(transfer->handle.easy, CURLOPT_BUFFERSIZE,
                     exchange->stream ? 64L * 1024 : 16L * 1024);
    return SET(transfer->handle.easy, CURLOPT_CONNECTTIMEOUT_MS,
               (long)exchange->connect_timeout_ms) &&
           SET(transfer->handle.easy, CURLOPT_TIMEOUT_MS, (long)exchange->total_timeout_ms) &&
           SET(transfer->handle.easy, CURLOPT_LOW_SPEED_TIME, silence_s);
}

R2dStatus r2d_curl_transfer_start(R2dCurlTransfer *transfer, R2dError *err)
{
    R2dHttpExchange *exchange = transfer->exchange;
    r2d_http_record_start(exchange);
    if (set_headers(transfer, err) != R2D_OK)
        return R2D_FAILED;
    if (!SET(transfer->handle.easy, CURLOPT_URL, exchange->url) || !set_method(transfer) ||
        !set_limits(transfer) || !r2d_curl_handle_start(&transfer->handle))
        return r2d_fail_memory(err);
    exchange->state = R2D_HTTP_RUNNING;
    return R2D_OK;
}

void r2d_curl_transfer_cancel(R2dCurlTransfer *transfer)
{
    if (!transfer->handle.is_running)
        return;
    r2d_curl_handle_stop(&transfer->handle);
    transfer->is_paused = false;
    transfer->exchange->state = R2D_HTTP_IDLE;
}

void r2d_curl_transfer_resume(R2dCurlTransfer *transfer)
{
    if (!transfer->is_paused)
        return;
    transfer->is_paused = false;
    /* It may deliver, and pause again, right here. A body that could not be taken then is lost:
     * libcurl itself would go on behind it. */
    CURLcode code = curl_easy_pause(transfer->handle.easy, CURLPAUSE_CONT);
    if (code != CURLE_OK)
        finish(transfer, code);
}
