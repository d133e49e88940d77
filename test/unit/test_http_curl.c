/* test_http_curl.c - the libcurl client against a server that behaves and misbehaves. */
#include "unit.h"

#include "http/http_curl.h"
#include "http_server.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static HttpServer server;

typedef struct Fixture {
    UnitAlloc unit;
    R2dHttpClient *client;
    R2dHttpExchange exchange;
    char url[256];
} Fixture;

static void set_url(Fixture *fixture, const char *path)
{
    snprintf(fixture->url, sizeof fixture->url, "%s%s", server.base_url, path);
    fixture->exchange.url = fixture->url;
}

static void exchange_init(R2dHttpExchange *exchange, const R2dAlloc *alloc)
{
    r2d_http_exchange_init(exchange, alloc);
    exchange->method = "GET";
    exchange->connect_timeout_ms = 5000;
    exchange->silence_timeout_ms = 20000;
    exchange->response_limit = 64 * 1024 * 1024;
}

static int open_fixture(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    R2dHttpCurlOptions options = {.max_connections = 64, .user_agent = "rs2ddb-test"};
    unit_alloc_init(&fixture->unit);
    fixture->client = r2d_http_curl_open(&fixture->unit.alloc, &options, NULL);
    exchange_init(&fixture->exchange, &fixture->unit.alloc);
    *state = fixture;
    return fixture->client == NULL;
}

static int close_fixture(void **state)
{
    Fixture *fixture = *state;
    r2d_http_exchange_free(fixture->client, &fixture->exchange);
    fixture->client->ops->close(fixture->client);
    long live = fixture->unit.live;
    free(fixture);
    return live != 0;
}

static R2dStatus get(Fixture *fixture, const char *path, R2dError *err)
{
    set_url(fixture, path);
    return r2d_http_perform(fixture->client, &r2d_http_wait_poll, &fixture->exchange, err);
}

static void assert_pattern(R2dView body, size_t from, size_t len)
{
    assert_int_equal(body.len, len);
    for (size_t i = 0; i < len; i++) {
        if (body.data[i] != http_server_pattern(from + i))
            fail_msg("byte %zu differs", from + i);
    }
}

static int header_int(const R2dHttpExchange *exchange, const char *name)
{
    int64_t value = -1;
    r2d_view_to_int64(r2d_http_response_header(exchange, name), &value);
    return (int)value;
}

static void a_connection_is_kept_and_used_again(void **state)
{
    Fixture *fixture = *state;
    R2dError err;
    int connection = 0;
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(get(fixture, "/size/100", &err), R2D_OK);
        assert_int_equal(fixture->exchange.status, 200);
        assert_int_equal(header_int(&fixture->exchange, "X-Count"), i);
        if (i > 1)
            assert_int_equal(header_int(&fixture->exchange, "x-conn"), connection);
        connection = header_int(&fixture->exchange, "x-conn");
        assert_pattern(r2d_bytes_view(&fixture->exchange.response), 0, 100);
    }
}

static void a_request_goes_out_exactly_as_given(void **state)
{
    Fixture *fixture = *state;
    R2dHttpExchange *exchange = &fixture->exchange;
    char expected[512];
    exchange->method = "POST";
    exchange->body = R2D_VIEW("{\"a\":1}");
    r2d_http_header_add(exchange, R2D_VIEW("x-amz-target"), R2D_VIEW("T.Op"));
    r2d_http_header_add(exchange, R2D_VIEW("content-type"), R2D_VIEW("application/x-amz-json-1.0"));
    r2d_http_header_add(exchange, R2D_VIEW("x-empty"), r2d_view(NULL, 0));
    assert_int_equal(get(fixture, "/echo/a/../b/./%2e%2E//c?x=%20&y", NULL), R2D_OK);
    snprintf(expected, sizeof expected,
             "POST /echo/a/../b/./%%2e%%2E//c?x=%%20&y HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
             "User-Agent: rs2ddb-test\r\nx-amz-target: T.Op\r\n"
             "content-type: application/x-amz-json-1.0\r\nx-empty:\r\nContent-Length: 7\r\n\r\n"
             "{\"a\":1}",
             server.port);
    assert_view(r2d_bytes_view(&exchange->response), expected);
}

static void every_method_can_follow_every_other(void **state)
{
    Fixture *fixture = *state;
    static const struct {
        const char *method, *body, *line, *length;
    } cases[] = {
        {"GET", "", "GET /echo ", NULL},
        {"POST", "abc", "POST /echo ", "Content-Length: 3"},
        {"HEAD", "", "", NULL},
        {"PUT", "abcd", "PUT /echo ", "Content-Length: 4"},
        {"DELETE", "", "DELETE /echo ", NULL},
        {"POST", "", "POST /echo ", "Content-Length: 0"},
        {"PUT", "", "PUT /echo ", "Content-Length: 0"},
    };
    const size_t count = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < count * count; i++) {
        size_t order[2] = {i / count, i % count};
        for (int turn = 0; turn < 2; turn++) {
            size_t at = order[turn];
            fixture->exchange.method = cases[at].method;
            fixture->exchange.body = r2d_view_of(cases[at].body);
            assert_int_equal(get(fixture, "/echo", NULL), R2D_OK);
            const char *text = r2d_bytes_text(&fixture->exchange.response);
            assert_true(strncmp(text, cases[at].line, strlen(cases[at].line)) == 0);
            assert_null(strstr(text, "Expect:"));
            assert_null(strstr(text, "urlencoded"));
            if (cases[at].length != NULL)
                assert_non_null(strstr(text, cases[at].length));
            else
                assert_null(strstr(text, "Content-Length"));
        }
    }
}

static void a_large_body_is_sent_whole(void **state)
{
    Fixture *fixture = *state;
    char *body = malloc(200000);
    for (size_t i = 0; i < 200000; i++)
        body[i] = http_server_pattern(i);
    fixture->exchange.method = "POST";
    fixture->exchange.body = r2d_view(body, 200000);
    assert_int_equal(get(fixture, "/echo", NULL), R2D_OK);
    R2dView reply = r2d_bytes_view(&fixture->exchange.response);
    assert_true(reply.len > 200000);
    assert_pattern(r2d_view(reply.data + reply.len - 200000, 200000), 0, 200000);
    free(body);
}

static void bodies_end_by_length_chunks_or_close(void **state)
{
    Fixture *fixture = *state;
    static const char *const paths[] = {"/size/300000", "/chunked/300000", "/eof/300000"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(fixture, paths[i], NULL), R2D_OK);
        assert_pattern(r2d_bytes_view(&fixture->exchange.response), 0, 300000);
        assert_int_equal(fixture->exchange.received_bytes, 300000);
        assert_true(header_int(&fixture->exchange, "x-count") > 0); /* not the trailer's */
    }
    assert_int_equal(get(fixture, "/size/0", NULL), R2D_OK);
    assert_int_equal(fixture->exchange.response.len, 0);
}

static void interim_replies_are_forgotten(void **state)
{
    Fixture *fixture = *state;
    assert_int_equal(get(fixture, "/interim", NULL), R2D_OK);
    assert_int_equal(fixture->exchange.status, 200);
    assert_view(r2d_bytes_view(&fixture->exchange.response), "done");
    assert_null(r2d_http_response_header(&fixture->exchange, "x-interim").data);
}

static void a_status_is_no_failure_and_redirects_stay(void **state)
{
    Fixture *fixture = *state;
    static const int statuses[] = {301, 307, 400, 403, 404, 429, 500, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char path[32], body[32];
        snprintf(path, sizeof path, "/status/%d", statuses[i]);
        snprintf(body, sizeof body, "status %d", statuses[i]);
        assert_int_equal(get(fixture, path, NULL), R2D_OK);
        assert_int_equal(fixture->exchange.status, statuses[i]);
        assert_view(r2d_bytes_view(&fixture->exchange.response), body);
    }
}

static void a_cut_body_is_noticed(void **state)
{
    Fixture *fixture = *state;
    R2dError err;
    assert_int_equal(get(fixture, "/cut/70000?secret=x", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    assert_null(strstr(err.message, "secret"));
    assert_int_equal(fixture->exchange.received_bytes, 70000);
    assert_int_equal(get(fixture, "/size/10", &err), R2D_OK);
}

static void a_connection_that_died_idle_is_replaced(void **state)
{
    Fixture *fixture = *state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(get(fixture, "/drop", NULL), R2D_OK);
        assert_view(r2d_bytes_view(&fixture->exchange.response), "dropped");
        usleep(2000);
    }
}

static void silence_ends_an_exchange(void **state)
{
    Fixture *fixture = *state;
    static const char *const paths[] = {"/silent", "/never"};
    R2dError err;
    fixture->exchange.silence_timeout_ms = 1000;
    for (int i = 0; i < 2; i++) {
        int64_t start_us = r2d_mono_us(&r2d_clock_system);
        assert_int_equal(get(fixture, paths[i], &err), R2D_FAILED);
        int64_t took_us = r2d_mono_us(&r2d_clock_system) - start_us;
        assert_int_equal(err.kind, R2D_ERR_NETWORK);
        assert_non_null(strstr(err.message, "no byte came or went for 1 s"));
        assert_true(took_us > 900000 && took_us < 9000000);
    }
}

static void a_total_timeout_ends_an_exchange(void **state)
{
    Fixture *fixture = *state;
    R2dError err;
    fixture->exchange.total_timeout_ms = 150;
    assert_int_equal(get(fixture, "/never", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    fixture->exchange.total_timeout_ms = 0;
    assert_int_equal(get(fixture, "/size/5", &err), R2D_OK);
}

static void a_body_over_the_limit_fails_the_exchange(void **state)
{
    Fixture *fixture = *state;
    R2dError err;
    fixture->exchange.response_limit = 5000;
    assert_int_equal(get(fixture, "/size/5000", &err), R2D_OK);
    assert_int_equal(get(fixture, "/size/5001", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_LIMIT);
    assert_int_equal(get(fixture, "/flood", &err), R2D_FAILED);
    assert_true(err.kind == R2D_ERR_LIMIT || err.kind == R2D_ERR_NETWORK);
}

static void bad_requests_do_not_start(void **state)
{
    Fixture *fixture = *state;
    R2dError err;
    r2d_http_header_add(&fixture->exchange, R2D_VIEW("x-a"), R2D_VIEW("b\r\nx-smuggled: c"));
    assert_int_equal(get(fixture, "/echo", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_int_equal(fixture->exchange.state, R2D_HTTP_IDLE);
    r2d_http_headers_clear(&fixture->exchange);
    static const char *const urls[] = {"ftp://127.0.0.1/",
                                       "file:///etc/passwd",
                                       "http://u:p@h/",
                                       "nonsense://x",
                                       "http://169.254.169.254/latest/meta-data/",
                                       "http://[::ffff:169.254.169.254]/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        fixture->exchange.url = urls[i];
        assert_int_equal(
            r2d_http_perform(fixture->client, &r2d_http_wait_poll, &fixture->exchange, &err),
            R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_NETWORK);
        assert_int_equal(err.action, R2D_ACT_STOP);
    }
    for (int i = 0; i < R2D_HTTP_HEADERS_MAX; i++)
        assert_true(r2d_http_header_add(&fixture->exchange, R2D_VIEW("x-n"), R2D_VIEW("1")));
    assert_false(r2d_http_header_add(&fixture->exchange, R2D_VIEW("x-n"), R2D_VIEW("1")));
    assert_int_equal(get(fixture, "/echo", &err), R2D_OK);
}

static void a_refused_connection_says_where(void **state)
{
    Fixture *fixture = *state;
    HttpServer gone;
    R2dError err;
    char expected[64];
    http_server_start(&gone);
    http_server_stop(&gone);
    snprintf(fixture->url, sizeof fixture->url, "%s/x?token=secret", gone.base_url);
    fixture->exchange.url = fixture->url;
    assert_int_equal(
        r2d_http_perform(fixture->client, &r2d_http_wait_poll, &fixture->exchange, &err),
        R2D_FAILED);
    snprintf(expected, sizeof expected, "127.0.0.1:%d: ", gone.port);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_non_null(strstr(err.message, expected));
    assert_null(strstr(err.message, "secret"));
}

static void an_unknown_name_fails_and_can_be_cancelled(void **state)
{
    Fixture *fixture = *state;
    R2dError err;
    fixture->exchange.url = "http://no-such-host.invalid/";
    for (int steps = 0; steps < 4; steps++) { /* cancel while the resolver runs */
        assert_int_equal(fixture->client->ops->start(fixture->client, &fixture->exchange, &err),
                         R2D_OK);
        for (int i = 0; i < steps; i++)
            assert_int_equal(fixture->client->ops->step(fixture->client, &err), R2D_OK);
        fixture->client->ops->cancel(fixture->client, &fixture->exchange);
    }
    assert_int_equal(
        r2d_http_perform(fixture->client, &r2d_http_wait_poll, &fixture->exchange, &err),
        R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_true(strlen(err.hint) > 0);
}

static void wait_once(R2dHttpClient *client)
{
    int ms = client->ops->wait_ms(client);
    r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), ms < 0 || ms > 1000 ? 1000 : ms);
    assert_int_equal(client->ops->step(client, NULL), R2D_OK);
}

static void stream(Fixture *fixture, const char *path, size_t size, size_t limit, bool dawdle)
{
    R2dHttpExchange *exchange = &fixture->exchange;
    R2dBytes part;
    size_t at = 0, most = 0;
    r2d_bytes_init(&part, &fixture->unit.alloc);
    exchange->stream = true;
    exchange->response_limit = limit;
    set_url(fixture, path);
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
        assert_pattern(r2d_bytes_view(&part), at, part.len);
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
    Fixture *fixture = *state;
    stream(fixture, "/size/10000000", 10000000, 64 * 1024, false);
    stream(fixture, "/chunked/3000000", 3000000, 64 * 1024, false);
    stream(fixture, "/size/200000", 200000, 1000, false);
    stream(fixture, "/size/1000000", 1000000, 256 * 1024, false);
}

/* Memory is out just while the stream goes on, and there again afterwards. */
static void a_stream_never_goes_on_behind_bytes_that_were_lost(void **state)
{
    Fixture *fixture = *state;
    R2dHttpExchange *exchange = &fixture->exchange;
    R2dHttpClient *client = fixture->client;
    exchange->stream = true;
    exchange->response_limit = 64 * 1024;
    set_url(fixture, "/size/2000000");
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
    Fixture *fixture = *state;
    fixture->exchange.silence_timeout_ms = 1000;
    fixture->exchange.stream = true;
    fixture->exchange.response_limit = 32 * 1024;
    set_url(fixture, "/size/8000000");
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
    Fixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    static R2dHttpExchange exchanges[MANY];
    static char urls[MANY][128];
    int seen[MANY] = {0}, left = MANY * 5;
    for (int i = 0; i < MANY; i++) {
        exchange_init(&exchanges[i], &fixture->unit.alloc);
        snprintf(urls[i], sizeof urls[i], "%s/size/%d", server.base_url, i * 1000);
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
            assert_pattern(r2d_bytes_view(&done->response), 0, (size_t)i * 1000);
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
    Fixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    static const char *const paths[] = {"/size/500000", "/silent", "/never", "/chunked/100000"};
    fixture->exchange.stream = true;
    fixture->exchange.response_limit = 20000;
    for (int round = 0; round < 60; round++) {
        set_url(fixture, paths[round % 4]);
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
    assert_int_equal(get(fixture, "/size/10", NULL), R2D_OK);
}

static void a_finished_exchange_can_be_freed_unseen(void **state)
{
    Fixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    R2dHttpExchange others[3];
    for (int i = 0; i < 3; i++) {
        exchange_init(&others[i], &fixture->unit.alloc);
        set_url(fixture, "/size/1");
        others[i].url = fixture->url;
        assert_int_equal(client->ops->start(client, &others[i], NULL), R2D_OK);
    }
    while (others[0].state == R2D_HTTP_RUNNING || others[1].state == R2D_HTTP_RUNNING ||
           others[2].state == R2D_HTTP_RUNNING)
        wait_once(client);
    r2d_http_exchange_free(client, &others[1]);
    assert_int_equal(get(fixture, "/size/2", NULL), R2D_OK); /* perform leaves nothing listed */
    R2dHttpExchange *a = client->ops->next_done(client), *b = client->ops->next_done(client);
    assert_true((a == &others[0] && b == &others[2]) || (a == &others[2] && b == &others[0]));
    assert_null(client->ops->next_done(client));
    r2d_http_exchange_free(client, &others[0]);
    r2d_http_exchange_free(client, &others[2]);
}

static void closing_the_client_ends_what_runs(void **state)
{
    Fixture *fixture = *state;
    R2dHttpCurlOptions options = {.max_connections = 4};
    R2dHttpClient *client = r2d_http_curl_open(&fixture->unit.alloc, &options, NULL);
    R2dHttpExchange exchange;
    exchange_init(&exchange, &fixture->unit.alloc);
    set_url(fixture, "/never");
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
    Fixture *fixture = *state;
    int waits = 0;
    R2dWait wait = {.wait = cancel_at_once, .context = &waits};
    set_url(fixture, "/never");
    assert_int_equal(r2d_http_perform(fixture->client, &wait, &fixture->exchange, NULL),
                     R2D_CANCELED);
    assert_int_equal(fixture->exchange.state, R2D_HTTP_IDLE);
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    R2dHttpCurlOptions options = {.max_connections = 4, .user_agent = "u", .ca_file = "/dev/null"};
    int descriptors = count_descriptors();
    bool done = false;
    for (long fail_at = 1; !done; fail_at++) {
        UnitAlloc unit;
        R2dHttpExchange exchange;
        R2dError err = {.kind = R2D_ERR_NONE};
        char url[128];
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        exchange_init(&exchange, &unit.alloc);
        snprintf(url, sizeof url, "%s/size/50000", server.base_url);
        exchange.url = url;
        r2d_http_header_add(&exchange, R2D_VIEW("x-a"), R2D_VIEW("b"));
        R2dHttpClient *client = r2d_http_curl_open(&unit.alloc, &options, &err);
        if (client != NULL) {
            done = r2d_http_perform(client, &r2d_http_wait_poll, &exchange, &err) == R2D_OK;
            r2d_http_exchange_free(client, &exchange);
            client->ops->close(client);
        }
        if (!done)
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
        assert_int_equal(unit.live, 0);
        assert_int_equal(count_descriptors(), descriptors);
        assert_true(fail_at < 100);
    }
}

static void steady_requests_allocate_nothing_of_ours(void **state)
{
    Fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(get(fixture, "/size/20000", NULL), R2D_OK);
    long calls = fixture->unit.calls;
    for (int i = 0; i < 20; i++)
        assert_int_equal(get(fixture, "/size/20000", NULL), R2D_OK);
    assert_int_equal(fixture->unit.calls, calls);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_is_kept_and_used_again),
        TEST(a_request_goes_out_exactly_as_given),
        TEST(every_method_can_follow_every_other),
        TEST(a_large_body_is_sent_whole),
        TEST(bodies_end_by_length_chunks_or_close),
        TEST(interim_replies_are_forgotten),
        TEST(a_status_is_no_failure_and_redirects_stay),
        TEST(a_cut_body_is_noticed),
        TEST(a_connection_that_died_idle_is_replaced),
        TEST(silence_ends_an_exchange),
        TEST(a_total_timeout_ends_an_exchange),
        TEST(a_body_over_the_limit_fails_the_exchange),
        TEST(bad_requests_do_not_start),
        TEST(a_refused_connection_says_where),
        TEST(an_unknown_name_fails_and_can_be_cancelled),
        TEST(a_stream_pauses_at_its_limit_and_goes_on),
        TEST(a_stream_never_goes_on_behind_bytes_that_were_lost),
        TEST(a_pause_is_no_silence),
        TEST(many_exchanges_run_at_once),
        TEST(an_exchange_can_be_cancelled_at_any_step),
        TEST(a_finished_exchange_can_be_freed_unseen),
        TEST(closing_the_client_ends_what_runs),
        TEST(the_waiter_can_cancel_a_perform),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
        TEST(steady_requests_allocate_nothing_of_ours),
    };
    http_server_start(&server);
    r2d_http_curl_global_init(NULL);
    int failed = cmocka_run_group_tests_name("http_curl", tests, NULL, NULL);
    http_server_stop(&server);
    return failed;
}
