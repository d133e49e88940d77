/* test_http_curl.c - the libcurl client, one exchange at a time, against a server that behaves and
   misbehaves. */
#include "http_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int header_int(const R2dHttpExchange *exchange, const char *name)
{
    int64_t value = -1;
    r2d_view_to_int64(r2d_http_response_header(exchange, name), &value);
    return (int)value;
}

static void a_connection_is_kept_and_used_again(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    int connection = 0;
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(http_fixture_get(fixture, "/size/100", &err), R2D_OK);
        assert_int_equal(fixture->exchange.status, 200);
        assert_int_equal(header_int(&fixture->exchange, "X-Count"), i);
        if (i > 1)
            assert_int_equal(header_int(&fixture->exchange, "x-conn"), connection);
        connection = header_int(&fixture->exchange, "x-conn");
        http_fixture_assert_pattern(r2d_bytes_view(&fixture->exchange.response), 0, 100);
    }
}

static void a_request_goes_out_exactly_as_given(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpExchange *exchange = &fixture->exchange;
    char expected[512];
    exchange->method = "POST";
    exchange->body = R2D_VIEW("{\"a\":1}");
    r2d_http_header_add(exchange, R2D_VIEW("x-amz-target"), R2D_VIEW("T.Op"));
    r2d_http_header_add(exchange, R2D_VIEW("content-type"), R2D_VIEW("application/x-amz-json-1.0"));
    r2d_http_header_add(exchange, R2D_VIEW("x-empty"), r2d_view(NULL, 0));
    assert_int_equal(http_fixture_get(fixture, "/echo/a/../b/./%2e%2E//c?x=%20&y", NULL), R2D_OK);
    snprintf(expected, sizeof expected,
             "POST /echo/a/../b/./%%2e%%2E//c?x=%%20&y HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
             "User-Agent: rs2ddb-test\r\nx-amz-target: T.Op\r\n"
             "content-type: application/x-amz-json-1.0\r\nx-empty:\r\nContent-Length: 7\r\n\r\n"
             "{\"a\":1}",
             http_fixture_server.port);
    assert_view(r2d_bytes_view(&exchange->response), expected);
}

static void every_method_can_follow_every_other(void **state)
{
    HttpFixture *fixture = *state;
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
            assert_int_equal(http_fixture_get(fixture, "/echo", NULL), R2D_OK);
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
    HttpFixture *fixture = *state;
    char *body = malloc(200000);
    for (size_t i = 0; i < 200000; i++)
        body[i] = http_server_pattern(i);
    fixture->exchange.method = "POST";
    fixture->exchange.body = r2d_view(body, 200000);
    assert_int_equal(http_fixture_get(fixture, "/echo", NULL), R2D_OK);
    R2dView reply = r2d_bytes_view(&fixture->exchange.response);
    assert_true(reply.len > 200000);
    http_fixture_assert_pattern(r2d_view(reply.data + reply.len - 200000, 200000), 0, 200000);
    free(body);
}

static void bodies_end_by_length_chunks_or_close(void **state)
{
    HttpFixture *fixture = *state;
    static const char *const paths[] = {"/size/300000", "/chunked/300000", "/eof/300000"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(http_fixture_get(fixture, paths[i], NULL), R2D_OK);
        http_fixture_assert_pattern(r2d_bytes_view(&fixture->exchange.response), 0, 300000);
        assert_int_equal(fixture->exchange.received_bytes, 300000);
        assert_true(header_int(&fixture->exchange, "x-count") > 0); /* not the trailer's */
    }
    assert_int_equal(http_fixture_get(fixture, "/size/0", NULL), R2D_OK);
    assert_int_equal(fixture->exchange.response.len, 0);
}

static void interim_replies_are_forgotten(void **state)
{
    HttpFixture *fixture = *state;
    assert_int_equal(http_fixture_get(fixture, "/interim", NULL), R2D_OK);
    assert_int_equal(fixture->exchange.status, 200);
    assert_view(r2d_bytes_view(&fixture->exchange.response), "done");
    assert_null(r2d_http_response_header(&fixture->exchange, "x-interim").data);
}

static void a_status_is_no_failure_and_redirects_stay(void **state)
{
    HttpFixture *fixture = *state;
    static const int statuses[] = {301, 307, 400, 403, 404, 429, 500, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char path[32], body[32];
        snprintf(path, sizeof path, "/status/%d", statuses[i]);
        snprintf(body, sizeof body, "status %d", statuses[i]);
        assert_int_equal(http_fixture_get(fixture, path, NULL), R2D_OK);
        assert_int_equal(fixture->exchange.status, statuses[i]);
        assert_view(r2d_bytes_view(&fixture->exchange.response), body);
    }
}

static void a_cut_body_is_noticed(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    assert_int_equal(http_fixture_get(fixture, "/cut/70000?secret=x", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_int_equal(err.action, R2D_ACT_RETRY);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    assert_null(strstr(err.message, "secret"));
    assert_int_equal(fixture->exchange.received_bytes, 70000);
    assert_int_equal(http_fixture_get(fixture, "/size/10", &err), R2D_OK);
}

static void a_connection_that_died_idle_is_replaced(void **state)
{
    HttpFixture *fixture = *state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(http_fixture_get(fixture, "/drop", NULL), R2D_OK);
        assert_view(r2d_bytes_view(&fixture->exchange.response), "dropped");
        usleep(2000);
    }
}

/* What is in the socket before a request is sent cannot be the reply to it. */
static void what_comes_unasked_answers_nothing(void **state)
{
    HttpFixture *fixture = *state;
    if (!http_fixture_frequent) /* libcurl 7.88 is that trustful */
        skip();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(http_fixture_get(fixture, "/twice", NULL), R2D_OK);
        assert_view(r2d_bytes_view(&fixture->exchange.response), "asked");
        r2d_http_wait_poll.wait(NULL, fixture->client->ops->wait_fd(fixture->client), 200);
        assert_int_equal(http_fixture_get(fixture, "/status/404", NULL), R2D_OK);
        assert_view(r2d_bytes_view(&fixture->exchange.response), "status 404");
    }
}

static void a_request_that_meets_a_closing_connection_goes_out_again(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(http_fixture_get(fixture, "/first", NULL), R2D_OK);
        assert_view(r2d_bytes_view(&fixture->exchange.response), "first");
        assert_int_equal(header_int(&fixture->exchange, "x-count"), 1);
    }
    assert_int_equal(http_fixture_get(fixture, "/mute", &err), R2D_FAILED); /* again, but once */
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_int_equal(err.action, R2D_ACT_RETRY);
}

static void a_reply_may_come_before_the_body_is_sent(void **state)
{
    HttpFixture *fixture = *state;
    const size_t size = 16 * 1024 * 1024;
    char *body = calloc(1, size);
    fixture->exchange.method = "POST";
    fixture->exchange.body = r2d_view(body, size);
    assert_int_equal(http_fixture_get(fixture, "/early", NULL), R2D_OK);
    assert_int_equal(fixture->exchange.status, 413);
    assert_view(r2d_bytes_view(&fixture->exchange.response), "early");
    fixture->exchange.body = R2D_VIEW("");
    assert_int_equal(http_fixture_get(fixture, "/size/5", NULL), R2D_OK);
    assert_int_equal(header_int(&fixture->exchange, "x-count"), 1);
    free(body);
}

static void a_finished_exchange_can_be_freed_before_it_is_returned(void **state)
{
    HttpFixture *fixture = *state;
    R2dHttpClient *client = fixture->client;
    R2dHttpExchange *exchange = calloc(1, sizeof *exchange);
    http_fixture_exchange(exchange, &fixture->unit.alloc);
    http_fixture_url(fixture, "/size/5");
    exchange->url = fixture->url;
    assert_int_equal(client->ops->start(client, exchange, NULL), R2D_OK);
    while (exchange->state == R2D_HTTP_RUNNING) {
        r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), client->ops->wait_ms(client));
        assert_int_equal(client->ops->step(client, NULL), R2D_OK);
    }
    r2d_http_exchange_free(client, exchange);
    free(exchange);
    assert_null(client->ops->next_done(client));
}

static void an_exchange_may_be_frequent_now_and_not_then(void **state)
{
    HttpFixture *fixture = *state;
    for (int i = 0; i < 6; i++) {
        fixture->exchange.is_frequent = !fixture->exchange.is_frequent;
        assert_int_equal(http_fixture_get(fixture, "/size/5", NULL), R2D_OK);
        fixture->exchange.is_frequent = !fixture->exchange.is_frequent;
        fixture->client->ops->cancel(fixture->client, &fixture->exchange);
        fixture->exchange.is_frequent = i % 2;
    }
}

static void silence_ends_an_exchange(void **state)
{
    HttpFixture *fixture = *state;
    static const char *const paths[] = {"/silent", "/never"};
    R2dError err;
    fixture->exchange.silence_timeout_ms = 1000;
    for (int i = 0; i < 2; i++) {
        int64_t start_us = r2d_mono_us(&r2d_clock_system);
        assert_int_equal(http_fixture_get(fixture, paths[i], &err), R2D_FAILED);
        int64_t took_us = r2d_mono_us(&r2d_clock_system) - start_us;
        assert_int_equal(err.kind, R2D_ERR_NETWORK);
        assert_non_null(strstr(err.message, "no byte came or went for 1 s"));
        assert_true(took_us > 900000 && took_us < 9000000);
    }
}

static void a_total_timeout_ends_an_exchange(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    fixture->exchange.total_timeout_ms = 150;
    assert_int_equal(http_fixture_get(fixture, "/never", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    fixture->exchange.total_timeout_ms = 0;
    assert_int_equal(http_fixture_get(fixture, "/size/5", &err), R2D_OK);
}

static void a_body_over_the_limit_fails_the_exchange(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    fixture->exchange.response_limit = 5000;
    assert_int_equal(http_fixture_get(fixture, "/size/5000", &err), R2D_OK);
    assert_int_equal(http_fixture_get(fixture, "/size/5001", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_LIMIT);
    assert_int_equal(http_fixture_get(fixture, "/flood", &err), R2D_FAILED);
    assert_true(err.kind == R2D_ERR_LIMIT || err.kind == R2D_ERR_NETWORK);
}

static void bad_requests_do_not_start(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    r2d_http_header_add(&fixture->exchange, R2D_VIEW("x-a"), R2D_VIEW("b\r\nx-smuggled: c"));
    assert_int_equal(http_fixture_get(fixture, "/echo", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_int_equal(fixture->exchange.state, R2D_HTTP_IDLE);
    r2d_http_headers_clear(&fixture->exchange);
    assert_int_equal(http_fixture_get(fixture, "/echo HTTP/1.1\r\nx-smuggled: c\r\nx:", &err),
                     R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_int_equal(fixture->exchange.state, R2D_HTTP_IDLE);
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
    assert_int_equal(http_fixture_get(fixture, "/echo", &err), R2D_OK);
}

static void a_refused_connection_says_where(void **state)
{
    HttpFixture *fixture = *state;
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
    HttpFixture *fixture = *state;
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
        http_fixture_exchange(&exchange, &unit.alloc);
        snprintf(url, sizeof url, "%s/size/50000", http_fixture_server.base_url);
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
    HttpFixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(http_fixture_get(fixture, "/size/20000", NULL), R2D_OK);
    long calls = fixture->unit.calls;
    for (int i = 0; i < 20; i++)
        assert_int_equal(http_fixture_get(fixture, "/size/20000", NULL), R2D_OK);
    assert_int_equal(fixture->unit.calls, calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(a_connection_is_kept_and_used_again),
        HTTP_TEST(a_request_goes_out_exactly_as_given),
        HTTP_TEST(every_method_can_follow_every_other),
        HTTP_TEST(a_large_body_is_sent_whole),
        HTTP_TEST(bodies_end_by_length_chunks_or_close),
        HTTP_TEST(interim_replies_are_forgotten),
        HTTP_TEST(a_status_is_no_failure_and_redirects_stay),
        HTTP_TEST(a_cut_body_is_noticed),
        HTTP_TEST(a_connection_that_died_idle_is_replaced),
        HTTP_TEST(what_comes_unasked_answers_nothing),
        HTTP_TEST(a_request_that_meets_a_closing_connection_goes_out_again),
        HTTP_TEST(a_reply_may_come_before_the_body_is_sent),
        HTTP_TEST(a_finished_exchange_can_be_freed_before_it_is_returned),
        HTTP_TEST(an_exchange_may_be_frequent_now_and_not_then),
        HTTP_TEST(silence_ends_an_exchange),
        HTTP_TEST(a_total_timeout_ends_an_exchange),
        HTTP_TEST(a_body_over_the_limit_fails_the_exchange),
        HTTP_TEST(bad_requests_do_not_start),
        HTTP_TEST(a_refused_connection_says_where),
        /* counts descriptors, and cancelled resolvers of the next one close theirs late */
        cmocka_unit_test(memory_failures_leave_nothing_behind),
        HTTP_TEST(an_unknown_name_fails_and_can_be_cancelled),
        HTTP_TEST(steady_requests_allocate_nothing_of_ours),
    };
    HTTP_MAIN("http_curl", tests);
}
