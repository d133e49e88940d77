/* lane.c - see lane.h. */
#include "failure.h"
#include "lanes.h"
#include "request_head.h"

#include <sys/epoll.h>

/* Head and beginning of a body go out together: one TLS record, one system call. The rest goes
 * record by record, so that what was sent is known: OpenSSL counts what it was handed only when all
 * is out. */
#define RECORD_BYTES ((size_t)16 * 1024)

static int64_t now_us(void)
{
    return r2d_mono_us(&r2d_clock_system);
}

static void watch(R2dLane *lane)
{
    uint32_t events = EPOLLIN | (lane->waits_to_send ? EPOLLOUT : 0);
    r2d_http_watch_socket(&lane->lanes->engine->watch, lane->connection.fd, lane->owner, events);
}

static void disconnect(R2dLane *lane)
{
    if (lane->connection.fd >= 0)
        r2d_http_watch_socket(&lane->lanes->engine->watch, lane->connection.fd, lane->owner, 0);
    lane->waits_to_send = false;
    r2d_curl_connection_close(&lane->connection);
}

/* The exchange has left; the connection is kept for the next, or not. */
static void let_go(R2dLane *lane, bool keep)
{
    lane->exchange = NULL;
    if (!keep)
        disconnect(lane);
    r2d_lanes_put(lane);
}

static void finish(R2dLane *lane, bool keep)
{
    R2dHttpExchange *exchange = lane->exchange;
    exchange->state = R2D_HTTP_DONE;
    exchange->failed = exchange->error.kind != R2D_ERR_NONE;
    exchange->unanswered |= exchange->failed && lane->sent > 0;
    let_go(lane, keep && !exchange->failed);
    r2d_http_done_append(lane->lanes->done, exchange);
}

static void fail(R2dLane *lane, const char *text)
{
    r2d_http_failure(lane->exchange, R2D_ACT_RETRY, text, NULL);
    finish(lane, false);
}

static void fail_silent(R2dLane *lane)
{
    r2d_http_failure_silence(lane->exchange);
    finish(lane, false);
}

/* A byte has moved; those of TLS's own do not count. */
static void note_activity(R2dLane *lane)
{
    lane->silent_us = now_us() + lane->exchange->silence_timeout_ms * R2D_US_PER_MS;
}

static void dial(R2dLane *lane)
{
    lane->is_used = false;
    if (!r2d_curl_connection_dial(&lane->connection, lane->origin.data,
                                  lane->exchange->connect_timeout_ms)) {
        r2d_fail_memory(&lane->exchange->error);
        finish(lane, false);
    }
}

/* The connection is of no more use. An idle one may have been closed just when we sent. */
static void lose(R2dLane *lane, const char *text)
{
    if (!lane->is_used || lane->reply.begun) {
        fail(lane, text);
        return;
    }
    lane->exchange->unanswered = true;
    disconnect(lane);
    dial(lane);
}

static R2dView next_to_send(const R2dLane *lane)
{
    R2dView all = r2d_bytes_view(&lane->first);
    size_t at = lane->sent;
    if (at >= all.len) {
        at += lane->body_in_first - all.len;
        all = lane->exchange->body;
    }
    size_t len = all.len - at;
    return r2d_view(all.data + at, len < RECORD_BYTES ? len : RECORD_BYTES);
}

static void set_waits_to_send(R2dLane *lane, bool waits)
{
    if (lane->waits_to_send == waits)
        return;
    lane->waits_to_send = waits;
    watch(lane);
}

/* What fails here may have its reason in the reply, which may be there already. */
static void send_request(R2dLane *lane)
{
    R2dView data;
    size_t count;
    R2dIo io = R2D_IO_SOME;
    while (io == R2D_IO_SOME && (data = next_to_send(lane)).len > 0) {
        io = r2d_curl_connection_send(&lane->connection, data, &count);
        lane->sent += count;
        if (io == R2D_IO_SOME)
            note_activity(lane);
    }
    lane->is_sent = io == R2D_IO_SOME;
    set_waits_to_send(lane, io == R2D_IO_LATER);
}

/* All that has come, up to the end of the reply. */
static void receive_reply(R2dLane *lane)
{
    char *buffer = lane->lanes->read_buffer;
    const char *text = "the connection was reset";
    size_t count, taken = 0;
    R2dStatus status = R2D_AGAIN;
    R2dIo io = R2D_IO_SOME;
    while (status == R2D_AGAIN && io == R2D_IO_SOME) {
        io = r2d_curl_connection_receive(&lane->connection, buffer, &count);
        if (io == R2D_IO_SOME)
            note_activity(lane);
        if (io == R2D_IO_SOME)
            status = r2d_reply_read(&lane->reply, lane->exchange, r2d_view(buffer, count), &taken);
        else if (io == R2D_IO_CLOSED)
            status = r2d_reply_closed(&lane->reply, &text);
    }
    if (status == R2D_END)
        finish(lane, io == R2D_IO_SOME && taken == count && lane->is_sent && !lane->reply.is_last);
    else if (lane->exchange->error.kind != R2D_ERR_NONE)
        finish(lane, false);
    else if (io != R2D_IO_LATER)
        lose(lane, text);
}

static void begin(R2dLane *lane)
{
    lane->sent = 0;
    lane->is_sent = false;
    lane->reply.begun = false;
    note_activity(lane);
    send_request(lane);
}

static void on_opened(R2dCurlConnection *connection, CURLcode code)
{
    R2dLane *lane = (R2dLane *)connection;
    if (code != CURLE_OK) {
        r2d_curl_explain(&connection->handle, code, lane->exchange);
        finish(lane, false);
        return;
    }
    watch(lane);
    begin(lane);
    r2d_lanes_note_due(lane);
}

/* Nobody was asked anything: what comes is TLS's own, or the end, or not to be trusted. */
static bool is_quiet(R2dLane *lane)
{
    size_t count;
    char *buffer = lane->lanes->read_buffer;
    return r2d_curl_connection_receive(&lane->connection, buffer, &count) == R2D_IO_LATER;
}

void r2d_lane_ready(R2dLane *lane, uint32_t events)
{
    if (lane->exchange == NULL) {
        if (!is_quiet(lane)) {
            r2d_lanes_take(lane);
            let_go(lane, false);
        }
        return;
    }
    if (events & EPOLLOUT)
        send_request(lane);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive_reply(lane);
}

int64_t r2d_lane_due_us(const R2dLane *lane)
{
    if (lane->exchange == NULL)
        return INT64_MAX;
    int64_t due_us = lane->connection.fd >= 0 ? lane->silent_us : INT64_MAX;
    return lane->total_us != 0 && lane->total_us < due_us ? lane->total_us : due_us;
}

void r2d_lane_check_time(R2dLane *lane, int64_t now_us)
{
    if (lane->exchange == NULL)
        return;
    if (lane->total_us != 0 && lane->total_us <= now_us)
        fail(lane, "it took too long");
    else if (lane->connection.fd >= 0 && lane->silent_us <= now_us)
        fail_silent(lane);
}

/* Head and beginning of the body. */
static R2dStatus write_first(R2dLane *lane, const R2dHttpExchange *exchange, R2dError *err)
{
    R2dBytes *first = &lane->first;
    first->len = 0;
    if (r2d_http_request_head(exchange, lane->lanes->engine->options.user_agent, first, err) !=
        R2D_OK)
        return R2D_FAILED;
    size_t room = first->len < RECORD_BYTES ? RECORD_BYTES - first->len : 0;
    lane->body_in_first = exchange->body.len < room ? exchange->body.len : room;
    return r2d_bytes_append(first, exchange->body.data, lane->body_in_first) ? R2D_OK
                                                                             : r2d_fail_memory(err);
}

/* A closed lane may lead anywhere. */
static R2dStatus aim(R2dLane *lane, R2dView origin, R2dError *err)
{
    if (lane->connection.fd >= 0)
        return R2D_OK;
    lane->origin.len = 0;
    return r2d_bytes_append_view(&lane->origin, origin) &&
                   r2d_bytes_append_char(&lane->origin, '\0')
               ? R2D_OK
               : r2d_fail_memory(err);
}

R2dStatus r2d_lane_start(R2dLane *lane, R2dHttpExchange *exchange, R2dError *err)
{
    int total_ms = exchange->total_timeout_ms;
    if (aim(lane, r2d_http_origin(exchange->url), err) != R2D_OK ||
        write_first(lane, exchange, err) != R2D_OK)
        return R2D_FAILED;
    r2d_reply_start(&lane->reply, exchange);
    lane->exchange = exchange;
    lane->total_us = total_ms > 0 ? now_us() + total_ms * R2D_US_PER_MS : 0;
    exchange->state = R2D_HTTP_RUNNING;
    lane->is_used = true;
    lane->sent = 0;
    if (lane->connection.fd >= 0 && is_quiet(lane)) {
        begin(lane);
    } else {
        disconnect(lane);
        dial(lane);
    }
    r2d_lanes_note_due(lane);
    return R2D_OK;
}

void r2d_lane_cancel(R2dLane *lane)
{
    lane->exchange->state = R2D_HTTP_IDLE;
    let_go(lane, false);
}

R2dLane *r2d_lane_new(R2dLanes *lanes, uint32_t owner)
{
    const R2dAlloc *alloc = lanes->engine->alloc;
    R2dLane *lane = r2d_new(alloc, sizeof *lane);
    if (lane == NULL)
        return NULL;
    lane->lanes = lanes;
    lane->owner = owner;
    lane->connection.opened = on_opened;
    r2d_bytes_init(&lane->origin, alloc);
    r2d_bytes_init(&lane->first, alloc);
    r2d_reply_init(&lane->reply, alloc);
    if (r2d_curl_connection_init(&lane->connection, lanes->engine))
        return lane;
    r2d_release(alloc, lane);
    return NULL;
}

void r2d_lane_free(R2dLane *lane)
{
    disconnect(lane);
    r2d_curl_connection_free(&lane->connection);
    r2d_reply_free(&lane->reply);
    r2d_bytes_free(&lane->origin);
    r2d_bytes_free(&lane->first);
    r2d_release(lane->lanes->engine->alloc, lane);
}
