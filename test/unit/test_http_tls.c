/* test_http_tls.c - the client over TLS: frequent exchanges on kept connections, many at once,
   certificates that must be refused. */
#include "http_fixture.h"
#include "tls_front.h"

#include <stdio.h>
#include <stdlib.h>

static TlsFront front;       /* its certificate is good */
static TlsFront other_front; /* its certificate is for another address */

static R2dHttpClient *open_client(UnitAlloc *unit, const char *ca_file)
{
    R2dHttpCurlOptions options = {.max_connections = 8, .ca_file = ca_file};
    unit_alloc_init(unit);
    R2dHttpClient *client = r2d_http_curl_open(&unit->alloc, &options, NULL);
    assert_non_null(client);
    return client;
}

static void close_client(R2dHttpClient *client, UnitAlloc *unit)
{
    client->ops->close(client);
    assert_int_equal(unit->live, 0);
}

static int header_int(const R2dHttpExchange *exchange, const char *name)
{
    int64_t value = -1;
    r2d_view_to_int64(r2d_http_response_header(exchange, name), &value);
    return (int)value;
}

static R2dStatus post(R2dHttpClient *client, R2dHttpExchange *exchange, const char *base,
                      const char *path, R2dError *err)
{
    static char url[256];
    snprintf(url, sizeof url, "%s%s", base, path);
    exchange->url = url;
    exchange->method = "POST";
    return r2d_http_perform(client, &r2d_http_wait_poll, exchange, err);
}

static void bodies_of_any_size_go_both_ways_on_one_connection(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dHttpExchange exchange;
    R2dHttpClient *client = open_client(&unit, front.ca_file);
    static const size_t sizes[] = {0, 1, 15000, 16383, 16384, 16385, 50000, 200000};
    char *body = malloc(200000);
    for (size_t i = 0; i < 200000; i++)
        body[i] = http_server_pattern(i);
    http_fixture_exchange(&exchange, &unit.alloc);
    for (int i = 0; i < 8; i++) {
        exchange.body = r2d_view(body, sizes[i]);
        assert_int_equal(post(client, &exchange, front.base_url, "/echo", NULL), R2D_OK);
        R2dView reply = r2d_bytes_view(&exchange.response);
        assert_true(reply.len > sizes[i]);
        http_fixture_assert_pattern(r2d_view(reply.data + reply.len - sizes[i], sizes[i]), 0,
                                    sizes[i]);
        assert_int_equal(header_int(&exchange, "x-count"), i + 1);
    }
    free(body);
    r2d_http_exchange_free(client, &exchange);
    close_client(client, &unit);
}

static void a_further_connection_resumes_the_session(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dHttpExchange exchange;
    R2dHttpClient *client = open_client(&unit, front.ca_file);
    http_fixture_exchange(&exchange, &unit.alloc);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(post(client, &exchange, front.base_url, "/drop", NULL), R2D_OK);
        assert_int_equal(header_int(&exchange, "x-resumed"), i > 0);
        assert_int_equal(header_int(&exchange, "x-count"), 1);
    }
    r2d_http_exchange_free(client, &exchange);
    close_client(client, &unit);
}

/* Each reply is the one to its own request, whatever connection it took. */
static void many_exchanges_run_at_once(void **state)
{
    (void)state;
    enum { LANES = 32, ROUNDS = 20 };
    static R2dHttpExchange exchanges[LANES];
    static char urls[LANES][128], bodies[LANES][32];
    UnitAlloc unit;
    R2dHttpClient *client = open_client(&unit, front.ca_file);
    int started = 0, done = 0;
    for (int i = 0; i < LANES; i++)
        http_fixture_exchange(&exchanges[i], &unit.alloc);
    while (done < LANES * ROUNDS) {
        for (int i = 0; i < LANES; i++) {
            R2dHttpExchange *exchange = &exchanges[i];
            if (exchange->state != R2D_HTTP_IDLE || started == LANES * ROUNDS)
                continue;
            snprintf(urls[i], sizeof urls[i], "%s/%s", front.base_url,
                     started % 7 == 3 ? "drop" : "echo");
            snprintf(bodies[i], sizeof bodies[i], "request %d.", started++);
            exchange->method = "POST";
            exchange->url = urls[i];
            exchange->body = r2d_view_of(bodies[i]);
            assert_int_equal(client->ops->start(client, exchange, NULL), R2D_OK);
        }
        r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), client->ops->wait_ms(client));
        assert_int_equal(client->ops->step(client, NULL), R2D_OK);
        R2dHttpExchange *exchange;
        while ((exchange = client->ops->next_done(client)) != NULL) {
            const char *text = r2d_bytes_text(&exchange->response);
            assert_false(exchange->failed);
            assert_non_null(strstr(text, strstr(exchange->url, "drop") != NULL
                                             ? "dropped"
                                             : bodies[exchange - exchanges]));
            exchange->state = R2D_HTTP_IDLE;
            done++;
        }
    }
    for (int i = 0; i < LANES; i++)
        r2d_http_exchange_free(client, &exchanges[i]);
    close_client(client, &unit);
}

static void running_exchanges_can_be_cancelled_and_closed(void **state)
{
    (void)state;
    for (int steps = 0; steps < 40; steps++) { /* while connecting, sending, waiting */
        UnitAlloc unit;
        R2dHttpExchange one, two;
        R2dHttpClient *client = open_client(&unit, front.ca_file);
        char url[128];
        snprintf(url, sizeof url, "%s/never", front.base_url);
        http_fixture_exchange(&one, &unit.alloc);
        http_fixture_exchange(&two, &unit.alloc);
        one.url = two.url = url;
        assert_int_equal(client->ops->start(client, &one, NULL), R2D_OK);
        assert_int_equal(client->ops->start(client, &two, NULL), R2D_OK);
        for (int i = 0; i < steps; i++) {
            r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), 1);
            assert_int_equal(client->ops->step(client, NULL), R2D_OK);
        }
        client->ops->cancel(client, &one);
        assert_int_equal(one.state, R2D_HTTP_IDLE);
        assert_int_equal(post(client, &one, front.base_url, "/size/5", NULL), R2D_OK);
        r2d_http_exchange_free(client, &one);
        client->ops->close(client); /* the other one still runs */
        assert_int_equal(two.state, R2D_HTTP_IDLE);
        r2d_http_exchange_free(NULL, &two);
        assert_int_equal(unit.live, 0);
    }
}

enum { FAULTY_LANES = 16, FAULTY_REQUESTS = 400 };

typedef struct Faulty {
    R2dHttpExchange exchange;
    char url[128], body[32];
} Faulty;

static void start_faulty(R2dHttpClient *client, Faulty *faulty, int number, unsigned random)
{
    static const char *const paths[] = {"/echo", "/echo",  "/echo",  "/echo",  "/drop",
                                        "/mute", "/first", "/cut/9", "/eof/9", "/size/9"};
    R2dHttpExchange *exchange = &faulty->exchange;
    const char *base = random & 1024 ? front.base_url : http_fixture_server.base_url;
    snprintf(faulty->url, sizeof faulty->url, "%s%s", base, paths[random % 10]);
    snprintf(faulty->body, sizeof faulty->body, "request %d.", number);
    exchange->method = "POST";
    exchange->url = faulty->url;
    exchange->body = r2d_view_of(faulty->body);
    assert_int_equal(client->ops->start(client, exchange, NULL), R2D_OK);
}

static void check_faulty(Faulty *faulty)
{
    const char *path = strrchr(faulty->url, '/'), *text = "";
    if (faulty->exchange.response.len > 0)
        text = r2d_bytes_text(&faulty->exchange.response);
    bool is_echo = strcmp(path, "/echo") == 0;
    if (!faulty->exchange.failed && is_echo)
        assert_non_null(strstr(text, faulty->body));
    if (!faulty->exchange.failed && !is_echo)
        assert_null(strstr(text, "request "));
}

/* Connections that close or say too little, and requests that are cancelled: whatever comes back
 * belongs to the request that gets it. */
static void faults_mix_up_no_replies(void **state)
{
    (void)state;
    static Faulty all[FAULTY_LANES];
    UnitAlloc unit;
    R2dHttpExchange *exchange;
    R2dHttpClient *client = open_client(&unit, front.ca_file);
    unsigned random = 1;
    int started = 0, over = 0;
    for (int i = 0; i < FAULTY_LANES; i++)
        http_fixture_exchange(&all[i].exchange, &unit.alloc);
    while (over < FAULTY_REQUESTS) {
        for (int i = 0; i < FAULTY_LANES; i++) {
            random = random * 1103515245 + 12345;
            if (all[i].exchange.state == R2D_HTTP_RUNNING && random >> 16 & 31)
                continue;
            if (all[i].exchange.state == R2D_HTTP_RUNNING) {
                client->ops->cancel(client, &all[i].exchange);
                over++;
            }
            if (started < FAULTY_REQUESTS)
                start_faulty(client, &all[i], started++, random >> 16);
        }
        if (over == FAULTY_REQUESTS)
            break; /* the last one was cancelled: an idle client has nothing to wait for */
        r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), client->ops->wait_ms(client));
        assert_int_equal(client->ops->step(client, NULL), R2D_OK);
        for (; (exchange = client->ops->next_done(client)) != NULL; over++)
            check_faulty((Faulty *)exchange);
    }
    for (int i = 0; i < FAULTY_LANES; i++)
        r2d_http_exchange_free(client, &all[i].exchange);
    close_client(client, &unit);
}

/* A scheme may be written in capitals; it is no part of the host. */
static void the_host_is_named_whatever_the_scheme_looks_like(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dHttpExchange exchange;
    char base[64], expected[64];
    R2dHttpClient *client = open_client(&unit, front.ca_file);
    snprintf(base, sizeof base, "HTTPS%s", strchr(front.base_url, ':'));
    snprintf(expected, sizeof expected, "\r\nHost: %s\r\n", strstr(front.base_url, "//") + 2);
    http_fixture_exchange(&exchange, &unit.alloc);
    assert_int_equal(post(client, &exchange, base, "/echo", NULL), R2D_OK);
    assert_non_null(strstr(r2d_bytes_text(&exchange.response), expected));
    r2d_http_exchange_free(client, &exchange);
    close_client(client, &unit);
}

/* The front changes its key five times a second, which is no reply. */
static void tls_alone_does_not_break_the_silence(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dHttpExchange exchange;
    R2dError err;
    R2dHttpClient *client = open_client(&unit, front.ca_file);
    http_fixture_exchange(&exchange, &unit.alloc);
    assert_int_equal(post(client, &exchange, front.base_url, "/size/5", NULL), R2D_OK);
    exchange.silence_timeout_ms = 1000;
    exchange.total_timeout_ms = 9000;
    assert_int_equal(post(client, &exchange, front.base_url, "/never", &err), R2D_FAILED);
    assert_non_null(strstr(err.message, "no byte came or went for 1 s"));
    r2d_http_exchange_free(client, &exchange);
    close_client(client, &unit);
}

static void refuse(const char *base_url, const char *ca_file)
{
    UnitAlloc unit;
    R2dHttpExchange exchange;
    R2dError err;
    R2dHttpClient *client = open_client(&unit, ca_file);
    http_fixture_exchange(&exchange, &unit.alloc);
    assert_int_equal(post(client, &exchange, base_url, "/echo", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_int_equal(err.action, R2D_ACT_STOP);
    assert_true(strlen(err.hint) > 0);
    r2d_http_exchange_free(client, &exchange);
    close_client(client, &unit);
}

static void certificates_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    refuse(front.base_url, NULL);                      /* nobody vouches for it */
    refuse(front.base_url, other_front.ca_file);       /* somebody else's */
    refuse(other_front.base_url, other_front.ca_file); /* for another host */
    refuse(front.base_url, "/nonexistent/ca.crt");
}

static int run(const char *name, bool frequent)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_any_size_go_both_ways_on_one_connection),
        cmocka_unit_test(a_further_connection_resumes_the_session),
        cmocka_unit_test(many_exchanges_run_at_once),
        cmocka_unit_test(running_exchanges_can_be_cancelled_and_closed),
        cmocka_unit_test(faults_mix_up_no_replies),
        cmocka_unit_test(the_host_is_named_whatever_the_scheme_looks_like),
        cmocka_unit_test(tls_alone_does_not_break_the_silence),
        cmocka_unit_test(certificates_that_do_not_fit_are_refused),
    };
    http_fixture_frequent = frequent;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    http_server_start(&http_fixture_server);
    tls_front_start(&front, http_fixture_server.port, "127.0.0.1");
    tls_front_start(&other_front, http_fixture_server.port, "127.0.0.2");
    r2d_http_curl_global_init(NULL);
    int failed = run("http_tls", false) + run("http_tls, frequent exchanges", true);
    tls_front_stop(&front);
    tls_front_stop(&other_front);
    http_server_stop(&http_fixture_server);
    return failed;
}
