/*
 * http_curl.c - the HTTP client over libcurl: frequent exchanges go over lanes, all others are
 * transfers of libcurl's own. Both share one engine.
 */
#include "http_curl.h"
#include "curl_engine.h"
#include "curl_transfer.h"
#include "done_list.h"
#include "lanes.h"

typedef struct Client {
    R2dHttpClient base;
    R2dCurlEngine engine;
    R2dHttpDoneList done;
    R2dCurlTransfer *transfers;
    R2dLanes lanes;
} Client;

static Client *of(R2dHttpClient *client)
{
    return (Client *)client;
}

/* An exchange keeps its transfer until it is freed, and has a lane only while it runs. */
static R2dCurlTransfer *transfer_of(Client *client, R2dHttpExchange *exchange)
{
    R2dCurlTransfer *transfer = exchange->transport;
    if (transfer != NULL)
        return transfer;
    transfer = r2d_curl_transfer_new(&client->engine, exchange, &client->done);
    if (transfer == NULL)
        return NULL;
    transfer->next = client->transfers;
    client->transfers = transfer;
    exchange->transport = transfer;
    return transfer;
}

static R2dStatus curl_start(R2dHttpClient *base, R2dHttpExchange *exchange, R2dError *err)
{
    Client *client = of(base);
    if (exchange->state == R2D_HTTP_RUNNING)
        return r2d_fail(err, R2D_ERR_INTERNAL, "an HTTP exchange was started twice");
    r2d_http_done_remove(&client->done, exchange);
    exchange->state = R2D_HTTP_IDLE;
    if (exchange->is_frequent)
        return r2d_lanes_start(&client->lanes, exchange, err);
    R2dCurlTransfer *transfer = transfer_of(client, exchange);
    return transfer != NULL ? r2d_curl_transfer_start(transfer, err) : r2d_fail_memory(err);
}

static void curl_cancel(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    Client *client = of(base);
    r2d_http_done_remove(&client->done, exchange);
    if (exchange->state != R2D_HTTP_RUNNING)
        return;
    r2d_lanes_cancel(&client->lanes, exchange);
    if (exchange->transport != NULL)
        r2d_curl_transfer_cancel(exchange->transport);
}

static void curl_resume(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    (void)base;
    if (exchange->transport != NULL)
        r2d_curl_transfer_resume(exchange->transport);
}

static R2dStatus curl_step(R2dHttpClient *base, R2dError *err)
{
    Client *client = of(base);
    R2dHttpReady ready[R2D_HTTP_READY_MAX];
    int count = r2d_http_watch_ready(&client->engine.watch, ready);
    for (int i = 0; i < count; i++) {
        if (ready[i].owner == R2D_CURL_SOCKETS)
            r2d_curl_engine_socket(&client->engine, &ready[i]);
        else
            r2d_lanes_socket(&client->lanes, &ready[i]);
    }
    R2dStatus status = r2d_curl_engine_turn(&client->engine, err);
    r2d_lanes_check_time(&client->lanes);
    return status;
}

static R2dHttpExchange *curl_next_done(R2dHttpClient *base)
{
    R2dHttpExchange *exchange = of(base)->done.first;
    if (exchange != NULL)
        r2d_http_done_remove(&of(base)->done, exchange);
    return exchange;
}

static int curl_wait_fd(R2dHttpClient *base)
{
    return of(base)->engine.watch.epoll_fd;
}

static int curl_wait_ms(R2dHttpClient *base)
{
    int engine_ms = r2d_http_watch_ms(&of(base)->engine.watch);
    int lanes_ms = r2d_lanes_wait_ms(&of(base)->lanes);
    return engine_ms < 0 || (lanes_ms >= 0 && lanes_ms < engine_ms) ? lanes_ms : engine_ms;
}

static void curl_forget(R2dHttpClient *base, R2dHttpExchange *exchange)
{
    R2dCurlTransfer *transfer = exchange->transport, **link = &of(base)->transfers;
    curl_cancel(base, exchange);
    exchange->transport = NULL;
    if (transfer == NULL)
        return;
    while (*link != transfer)
        link = &(*link)->next;
    *link = transfer->next;
    r2d_curl_transfer_free(transfer);
}

static void curl_close(R2dHttpClient *base)
{
    Client *client = of(base);
    const R2dAlloc *alloc = client->engine.alloc;
    while (client->transfers != NULL)
        curl_forget(base, client->transfers->exchange);
    r2d_lanes_close(&client->lanes);
    r2d_curl_engine_close(&client->engine);
    r2d_release(alloc, client);
}

static const R2dHttpClientOps ops = {
    .start = curl_start,
    .cancel = curl_cancel,
    .resume = curl_resume,
    .step = curl_step,
    .next_done = curl_next_done,
    .wait_fd = curl_wait_fd,
    .wait_ms = curl_wait_ms,
    .forget = curl_forget,
    .close = curl_close,
};

R2dHttpClient *r2d_http_curl_open(const R2dAlloc *alloc, const R2dHttpCurlOptions *options,
                                  R2dError *err)
{
    Client *client = r2d_new(alloc, sizeof *client);
    if (client == NULL) {
        r2d_fail_memory(err);
        return NULL;
    }
    client->base.ops = &ops;
    R2dStatus status = r2d_curl_engine_open(&client->engine, alloc, options, err);
    if (!r2d_lanes_open(&client->lanes, &client->engine, &client->done) && status == R2D_OK)
        status = r2d_fail_memory(err);
    if (status == R2D_OK)
        return &client->base;
    curl_close(&client->base);
    return NULL;
}

R2dStatus r2d_http_curl_global_init(R2dError *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK ? R2D_OK
                            : r2d_fail(err, R2D_ERR_INTERNAL, "libcurl does not start: %s",
                                       curl_easy_strerror(code));
}
