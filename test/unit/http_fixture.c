/* http_fixture.c - see http_fixture.h. */
#include "http_fixture.h"

#include <stdio.h>
#include <stdlib.h>

HttpServer http_fixture_server;
bool http_fixture_frequent;

void http_fixture_url(HttpFixture *fixture, const char *path)
{
    snprintf(fixture->url, sizeof fixture->url, "%s%s", http_fixture_server.base_url, path);
    fixture->exchange.url = fixture->url;
}

void http_fixture_exchange(R2dHttpExchange *exchange, const R2dAlloc *alloc)
{
    r2d_http_exchange_init(exchange, alloc);
    exchange->method = "GET";
    exchange->is_frequent = http_fixture_frequent;
    exchange->connect_timeout_ms = 5000;
    exchange->silence_timeout_ms = 20000;
    exchange->response_limit = 64 * 1024 * 1024;
}

int http_fixture_open(void **state)
{
    HttpFixture *fixture = calloc(1, sizeof *fixture);
    R2dHttpCurlOptions options = {.max_connections = 64, .user_agent = "rs2ddb-test"};
    unit_alloc_init(&fixture->unit);
    fixture->client = r2d_http_curl_open(&fixture->unit.alloc, &options, NULL);
    http_fixture_exchange(&fixture->exchange, &fixture->unit.alloc);
    *state = fixture;
    return fixture->client == NULL;
}

int http_fixture_close(void **state)
{
    HttpFixture *fixture = *state;
    r2d_http_exchange_free(fixture->client, &fixture->exchange);
    fixture->client->ops->close(fixture->client);
    long live = fixture->unit.live;
    free(fixture);
    return live != 0;
}

R2dStatus http_fixture_get(HttpFixture *fixture, const char *path, R2dError *err)
{
    http_fixture_url(fixture, path);
    return r2d_http_perform(fixture->client, &r2d_http_wait_poll, &fixture->exchange, err);
}

void http_fixture_assert_pattern(R2dView body, size_t from, size_t len)
{
    assert_int_equal(body.len, len);
    for (size_t i = 0; i < len; i++) {
        if (body.data[i] != http_server_pattern(from + i))
            fail_msg("byte %zu differs", from + i);
    }
}
