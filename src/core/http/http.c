/* http.c - what all HTTP clients share: an exchange's buffers and headers, and running one alone.
 */
#include "http.h"
#include "header_line.h"

#include <errno.h>
#include <poll.h>

/* A clock of a test may stand still. */
#define SLEEP_ROUNDS_MAX 1000

static R2dStatus poll_wait(void *context, int fd, int timeout_ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    (void)context;
    poll(&pollfd, 1, timeout_ms); /* interrupted or broken: the next step finds out */
    return R2D_OK;
}

const R2dWait r2d_http_wait_poll = {.wait = poll_wait};

void r2d_http_exchange_init(R2dHttpExchange *exchange, const R2dAlloc *alloc)
{
    *exchange = (R2dHttpExchange){.state = R2D_HTTP_IDLE};
    r2d_bytes_init(&exchange->response_headers, alloc);
    r2d_bytes_init(&exchange->response, alloc);
}

void r2d_http_exchange_free(R2dHttpClient *client, R2dHttpExchange *exchange)
{
    if (client != NULL)
        client->ops->forget(client, exchange);
    exchange->transport = NULL;
    exchange->state = R2D_HTTP_IDLE;
    r2d_bytes_free(&exchange->response_headers);
    r2d_bytes_free(&exchange->response);
}

void r2d_http_headers_clear(R2dHttpExchange *exchange)
{
    exchange->header_count = 0;
}

bool r2d_http_header_add(R2dHttpExchange *exchange, R2dView name, R2dView value)
{
    if (exchange->header_count == R2D_HTTP_HEADERS_MAX)
        return false;
    exchange->headers[exchange->header_count++] = (R2dHttpHeader){name, value};
    return true;
}

R2dView r2d_http_response_header(const R2dHttpExchange *exchange, const char *name)
{
    R2dView wanted = r2d_view_of(name), found = r2d_view(NULL, 0);
    const char *at = exchange->response_headers.data;
    if (at == NULL)
        return found;
    const char *end = at + exchange->response_headers.len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL)
            stop = end;
        (void)r2d_http_header_value(r2d_view(at, (size_t)(stop - at)), wanted, &found);
        at = stop < end ? stop + 1 : end;
    }
    return found;
}

void r2d_http_take(R2dHttpClient *client, R2dHttpExchange *exchange, R2dBytes *into)
{
    R2dBytes taken = exchange->response;
    into->len = 0;
    exchange->response = *into;
    *into = taken;
    client->ops->resume(client, exchange);
}

R2dStatus r2d_http_perform(R2dHttpClient *client, const R2dWait *wait, R2dHttpExchange *exchange,
                           R2dError *err)
{
    R2dStatus status = client->ops->start(client, exchange, err);
    while (status == R2D_OK && exchange->state == R2D_HTTP_RUNNING) {
        status = client->ops->step(client, err);
        if (status == R2D_OK && exchange->state == R2D_HTTP_RUNNING)
            status = wait->wait(wait->context, client->ops->wait_fd(client),
                                client->ops->wait_ms(client));
    }
    /* also takes a finished exchange off the list that next_done returns from */
    client->ops->cancel(client, exchange);
    if (status != R2D_OK || !exchange->failed)
        return status;
    if (err != NULL)
        *err = exchange->error;
    return R2D_FAILED;
}

R2dStatus r2d_http_sleep(R2dHttpClient *client, const R2dWait *wait, const R2dClock *clock,
                         int64_t delay_us, R2dError *err)
{
    int64_t due_us = r2d_mono_us(clock) + delay_us, left_us = delay_us;
    R2dStatus status = R2D_OK;
    for (int i = 0; status == R2D_OK && left_us > 0 && i < SLEEP_ROUNDS_MAX; i++) {
        int ms = (int)((left_us + R2D_US_PER_MS - 1) / R2D_US_PER_MS);
        int client_ms = client->ops->wait_ms(client);
        if (client_ms >= 0 && client_ms < ms)
            ms = client_ms;
        status = wait->wait(wait->context, client->ops->wait_fd(client), ms);
        if (status == R2D_OK)
            status = client->ops->step(client, err);
        left_us = due_us - r2d_mono_us(clock);
    }
    return status;
}
