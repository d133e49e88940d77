/* http_fixture.h - a libcurl client with one exchange, and the server it talks to. */
#ifndef R2D_TEST_HTTP_FIXTURE_H
#define R2D_TEST_HTTP_FIXTURE_H

#include "unit.h"

#include "http/http_curl.h"
#include "http_server.h"

typedef struct HttpFixture {
    UnitAlloc unit;
    R2dHttpClient *client;
    R2dHttpExchange exchange;
    char url[256];
} HttpFixture;

/* Started and stopped by the main function of the test. */
extern HttpServer http_fixture_server;

/* Whether the exchanges of the fixture are frequent ones. */
extern bool http_fixture_frequent;

/* Setup and teardown of a test; the latter fails when something is left allocated. */
int http_fixture_open(void **state);
int http_fixture_close(void **state);

#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, http_fixture_open, http_fixture_close)

/* The body of main: the tests, with exchanges of both kinds. */
#define HTTP_MAIN(name, tests)                                                                     \
    http_server_start(&http_fixture_server);                                                       \
    r2d_http_curl_global_init(NULL);                                                               \
    int failed = cmocka_run_group_tests_name(name, tests, NULL, NULL);                             \
    http_fixture_frequent = true;                                                                  \
    failed += cmocka_run_group_tests_name(name ", frequent exchanges", tests, NULL, NULL);         \
    http_server_stop(&http_fixture_server);                                                        \
    return failed

/* Aims the exchange at a path of the server. */
void http_fixture_url(HttpFixture *fixture, const char *path);
/* Performs the exchange, as a GET unless its method was changed. */
R2dStatus http_fixture_get(HttpFixture *fixture, const char *path, R2dError *err);
/* A further exchange, with the settings of the fixture's own. */
void http_fixture_exchange(R2dHttpExchange *exchange, const R2dAlloc *alloc);

/* The body is the server's pattern from byte `from` on, `len` bytes long. */
void http_fixture_assert_pattern(R2dView body, size_t from, size_t len);

#endif
