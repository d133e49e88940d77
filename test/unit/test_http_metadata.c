/* test_http_metadata.c - no connection is opened to a link-local address, whatever the URL calls
 * it. */
#include "http_fixture.h"

/* Addresses that libcurl resolves by itself: what a host name leads to takes the same way. */
static void link_local_addresses_are_never_connected_to(void **state)
{
    HttpFixture *fixture = *state;
    static const char *const urls[] = {"http://169.254.169.254/latest/meta-data/",
                                       "http://169.254.170.2/v2/credentials/x",
                                       "http://2852039166/",
                                       "http://0xa9.0376.0xa9.254/",
                                       "http://[::ffff:169.254.169.254]/",
                                       "http://[64:ff9b::a9fe:a9fe]/",
                                       "http://[fd00:ec2::254]/",
                                       "http://[fe80::1]/",
                                       "https://169.254.169.254/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        R2dError err = {0};
        fixture->exchange.url = urls[i];
        assert_int_equal(
            r2d_http_perform(fixture->client, &r2d_http_wait_poll, &fixture->exchange, &err),
            R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_NETWORK);
        assert_int_equal(err.action, R2D_ACT_STOP);
        if (strstr(err.message, "it leads to a link-local address") == NULL)
            fail_msg("%s: \"%s\"", urls[i], err.message);
    }
}

static void others_are(void **state)
{
    HttpFixture *fixture = *state;
    R2dError err;
    assert_int_equal(http_fixture_get(fixture, "/echo", &err), R2D_OK);
    assert_int_equal(fixture->exchange.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(link_local_addresses_are_never_connected_to),
        HTTP_TEST(others_are),
    };
    HTTP_MAIN("http_metadata", tests);
}
