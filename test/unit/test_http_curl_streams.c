/* test_http_curl_streams.c - streams of the libcurl client lose no byte, and exchanges run, are
   cancelled and are freed side by side. */
#include "http_fixture.h"

#include <stdio.h>

static void wait_once(R2dHttpClient *client)
{
    int ms = client->ops->wait_ms(client);
    r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), ms < 0 || ms > 1000 ? 1000 : ms);
    assert_int_equal(client->ops->step(client, NULL), R2D_OK);
}

static void stream(HttpFixture *fixture, const char *path, size_t size, size_t limit, bool dawdle)
{
    R2dHttpExchange *exchange = &fixture->exchange;
    R2dBytes part;
    size_t at = 0, most = 0;
    r2d_bytes_init(&part, &fixture->unit.alloc);
    exchange->stream = true;
    exchange->response_limit = limit;
    http_fixture_url(fixture, path);
    assert_int_equal(fixture->client->ops->start(fixture->client, exchange, NULL), R2D_OK);
    while (at < size) {
        for (int i = 0; dawdle && i < 5; i++) { /* steps while it is full change nothing */
            wait_once(fixture->client);
            assert_true(exchange->response.len <= limit || exchange->response.len <= 16384);
        }
        if (exchange->state == R2D_HTTP_RUNNING)
            wait_once(fixture->client);
        if (exchange->response.len > most)
            most = exchange->response.len;
        r2d_http_take(fixture->client, exchange, &part);
        http_fixture_assert_pattern(r2d_bytes_view(&part), at, part.len);
        at += part.len;
    }
    while (exchange->state == R2D_HTTP_RUNNING)
        wait_once(fixture->client);
    assert_int_equal(at, size);
    assert_false(exchange->failed);
    assert_ptr_equal(fixture->client->ops->next_done(fixture->client), exchange);
    assert_true(most <= (limit > 16384 ? limit : 16384));
    r2d_bytes_free(&part);
}

static void a_stream_pauses_at_its_limit_and_goes_on(void **state)
{
    HttpFixture *fixture = *state;
    stream(fixture, "/size/10000000", 10000000, 64 * 1024, false);
    stream(fixture, "/chunked/3000000", 3000000, 64 * 1024, false);
    stream(fixture, "/size/200000", 200000, 1000, false);
    stream(fixture, "/size/1000000", 1000000, 256 * 1024, false);
}

/* Memory is out just while the stream goes on, and there again afterwards. */
static void a_stream_never_goes_on_behind_bytes_that_were_lost(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpExchange *exchange = &fixture->exchange;
    R2dHttpClient *client = fixture->client;
    exchange->stream = true;
    exchange->response_limit = 64 * 1024;
    http_fixture_url(fixture, "/size/2000000");
    assert_int_equal(client->ops->start(client, exchange, NULL), R2D_OK);
    while (exchange->response.len < 48 * 1024)
        wait_once(client);
    for (int i = 0; i < 20; i++)
        wait_once(client);
    R2dBytes part;
    r2d_bytes_init(&part, &fixture->unit.alloc);
    fixture->unit.fail_at = fixture->unit.calls + 1;
    r2d_http_take(client, exchange, &part);
    fixture->unit.fail_at = 0;
    while (exchange->state == R2D_HTTP_RUNNING) {
        wait_once(client);
        r2d_http_take(client, exchange, &part);
    }
    assert_true(exchange->failed);
    assert_int_equal(exchange->error.kind, R2D_ERR_MEMORY);
    assert_ptr_equal(client->ops->next_done(client), exchange);
    r2d_bytes_free(&part);
}

static void a_pause_is_no_silence(void **state)
{
    HttpFixture *fixture = *state;
    fixture->exchange.silence_timeout_ms = 1000;
    fixture->exchange.stream = true;
    fixture->exchange.response_limit = 32 * 1024;
    http_fixture_url(fixture, "/size/8000000");
    R2dHttpClient *client = fixture->client;
    assert_int_equal(client->ops->start(client, &fixture->exchange, NULL), R2D_OK);
    int64_t until_us = r2d_mono_us(&r2d_clock_system) + 5 * R2D_US_PER_S;
    while (r2d_mono_us(&r2d_clock_system) < until_us)
        wait_once(client);
    assert_int_equal(fixture->exchange.state, R2D_HTTP_RUNNING);
    R2dBytes part;
    r2d_bytes_init(&part, &fixture->unit.alloc);
    size_t total = 0;
    while (fixture->exchange.state == R2D_HTTP_RUNNING || fixture->exchange.response.len > 0) {
        if (fixture->exchange.state == R2D_HTTP_RUNNING)
            wait_once(client);
        r2d_http_take(client, &fixture->exchange, &part);
        total += part.len;
    }
    assert_false(fixture->exchange.failed);
    assert_int_equal(total, 8000000);
    r2d_bytes_free(&part);
}

#define MANY 40

static void many_exchanges_run_at_once(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    static R2dHttpExchange exchanges[MANY];
    static char urls[MANY][128];
    int seen[MANY] = {0}, left = MANY * 5;
    for (int i = 0; i < MANY; i++) {
        http_fixture_exchange(&exchanges[i], &fixture->unit.alloc);
        snprintf(urls[i], sizeof urls[i], "%s/size/%d", http_fixture_server.base_url, i * 1000);
        exchanges[i].url = urls[i];
        exchanges[i].owner = &seen[i];
        assert_int_equal(client->ops->start(client, &exchanges[i], NULL), R2D_OK);
    }
    while (left > 0) {
        R2dHttpExchange *done;
        wait_once(client);
        while ((done = client->ops->next_done(client)) != NULL) {
            int i = (int)(done - exchanges);
            assert_false(done->failed);
            http_fixture_assert_pattern(r2d_bytes_view(&done->response), 0, (size_t)i * 1000);
            left--;
            if (++*(int *)done->owner < 5)
                assert_int_equal(client->ops->start(client, done, NULL), R2D_OK);
        }
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(seen[i], 5);
        r2d_http_exchange_free(client, &exchanges[i]);
    }
}

static void an_exchange_can_be_cancelled_at_any_step(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    static const char *const paths[] = {"/size/500000", "/silent", "/never", "/chunked/100000"};
    fixture->exchange.stream = true;
    fixture->exchange.response_limit = 20000;
    for (int round = 0; round < 60; round++) {
        http_fixture_url(fixture, paths[round % 4]);
        assert_int_equal(client->ops->start(client, &fixture->exchange, NULL), R2D_OK);
        for (int i = 0; i < round / 4; i++) {
            r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), 1);
            assert_int_equal(client->ops->step(client, NULL), R2D_OK);
        }
        bool was_running = fixture->exchange.state == R2D_HTTP_RUNNING;
        client->ops->cancel(client, &fixture->exchange);
        if (was_running)
            assert_int_equal(fixture->exchange.state, R2D_HTTP_IDLE);
        assert_null(client->ops->next_done(client));
    }
    fixture->exchange.stream = false;
    fixture->exchange.response_limit = 1000;
    assert_int_equal(http_fixture_get(fixture, "/size/10", NULL), R2D_OK);
}

static void a_finished_exchange_can_be_freed_unseen(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    R2dHttpExchange others[3];
    for (int i = 0; i < 3; i++) {
        http_fixture_exchange(&others[i], &fixture->unit.alloc);
        http_fixture_url(fixture, "/size/1");
        others[i].url = fixture->url;
        assert_int_equal(client->ops->start(client, &others[i], NULL), R2D_OK);
    }
    while (others[0].state == R2D_HTTP_RUNNING || others[1].state == R2D_HTTP_RUNNING ||
           others[2].state == R2D_HTTP_RUNNING)
        wait_once(client);
    r2d_http_exchange_free(client, &others[1]);
    /* perform leaves nothing listed */
    assert_int_equal(http_fixture_get(fixture, "/size/2", NULL), R2D_OK);
    R2dHttpExchange *a = client->ops->next_done(client), *b = client->ops->next_done(client);
    assert_true((a == &others[0] && b == &others[2]) || (a == &others[2] && b == &others[0]));
    assert_null(client->ops->next_done(client));
    r2d_http_exchange_free(client, &others[0]);
    r2d_http_exchange_free(client, &others[2]);
}

static void closing_the_client_ends_what_runs(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpCurlOptions options = {.max_connections = 4};
    R2dHttpClient *client = r2d_http_curl_open(&fixture->unit.alloc, &options, NULL);
    R2dHttpExchange exchange;
    http_fixture_exchange(&exchange, &fixture->unit.alloc);
    http_fixture_url(fixture, "/never");
    exchange.url = fixture->url;
    assert_int_equal(client->ops->start(client, &exchange, NULL), R2D_OK);
    wait_once(client);
    client->ops->close(client);
    assert_null(exchange.transport);
    assert_int_equal(exchange.state, R2D_HTTP_IDLE);
    r2d_http_exchange_free(NULL, &exchange);
}

static R2dStatus cancel_at_once(void *context, int fd, int timeout_ms)
{
    (void)fd, (void)timeout_ms;
    return ++*(int *)context > 2 ? R2D_CANCELED : R2D_OK;
}

static void the_waiter_can_cancel_a_perform(void **state)
{
    HttpFixture *fixture = *state;
    int waits = 0;
    R2dWait wait = {.wait = cancel_at_once, .context = &waits};
    http_fixture_url(fixture, "/never");
    assert_int_equal(r2d_http_perform(fixture->client, &wait, &fixture->exchange, NULL),
                     R2D_CANCELED);
    assert_int_equal(fixture->exchange.state, R2D_HTTP_IDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(a_stream_pauses_at_its_limit_and_goes_on),
        HTTP_TEST(a_stream_never_goes_on_behind_bytes_that_were_lost),
        HTTP_TEST(a_pause_is_no_silence),
        HTTP_TEST(many_exchanges_run_at_once),
        HTTP_TEST(an_exchange_can_be_cancelled_at_any_step),
        HTTP_TEST(a_finished_exchange_can_be_freed_unseen),
        HTTP_TEST(closing_the_client_ends_what_runs),
        HTTP_TEST(the_waiter_can_cancel_a_perform),
    };
    http_server_start(&http_fixture_server);
    r2d_http_curl_global_init(NULL);
    int failed = cmocka_run_group_tests_name("http_curl_streams", tests, NULL, NULL);
    http_server_stop(&http_fixture_server);
    return failed;
}
