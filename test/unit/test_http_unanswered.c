/*
 * test_http_unanswered.c - an exchange tells whether its request may still be acted upon, and a
 * connection that is given up is reset: nothing of the request is sent any more.
 */
#include "http_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server in this process, one connection at a time. */
typedef struct Peer {
    int listener;
    int socket;
    char base_url[64];
} Peer;

static void peer_open(Peer *peer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(peer->listener, 8), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&at, &len), 0);
    snprintf(peer->base_url, sizeof peer->base_url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    peer->socket = -1;
}

static void peer_close(Peer *peer)
{
    close(peer->socket);
    close(peer->listener);
}

static bool is_readable(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    return poll(&pollfd, 1, 0) == 1;
}

static void step(HttpFixture *fixture)
{
    R2dHttpClient *client = fixture->client;
    assert_int_equal(client->ops->step(client, NULL), R2D_OK);
    r2d_http_wait_poll.wait(NULL, client->ops->wait_fd(client), 5);
}

static void start(HttpFixture *fixture, Peer *peer)
{
    R2dError err;
    fixture->exchange.method = "POST";
    fixture->exchange.url = peer->base_url;
    fixture->exchange.body = R2D_VIEW("what is asked");
    assert_int_equal(fixture->client->ops->start(fixture->client, &fixture->exchange, &err),
                     R2D_OK);
}

/* Takes a connection unless there is one, and the request. */
static void take_request(HttpFixture *fixture, Peer *peer)
{
    char text[4096];
    size_t len = 0;
    while (peer->socket < 0) {
        step(fixture);
        if (is_readable(peer->listener))
            peer->socket = accept(peer->listener, NULL, NULL);
    }
    do {
        step(fixture);
        while (is_readable(peer->socket)) {
            ssize_t count = recv(peer->socket, text + len, sizeof text - 1 - len, 0);
            assert_true(count > 0);
            len += (size_t)count;
        }
        text[len] = '\0';
    } while (strstr(text, "what is asked") == NULL);
}

static void answer(Peer *peer)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_int_equal(send(peer->socket, reply, sizeof reply - 1, 0), sizeof reply - 1);
}

static void cut(Peer *peer)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(peer->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(peer->socket);
    peer->socket = -1;
}

static void finish(HttpFixture *fixture)
{
    while (fixture->exchange.state == R2D_HTTP_RUNNING)
        step(fixture);
    assert_ptr_equal(fixture->client->ops->next_done(fixture->client), &fixture->exchange);
}

static void assert_reset(Peer *peer)
{
    char byte;
    struct pollfd pollfd = {.fd = peer->socket, .events = POLLIN};
    assert_int_equal(poll(&pollfd, 1, 60000), 1);
    assert_int_equal(recv(peer->socket, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
}

static void what_is_given_up_is_reset(void **state)
{
    HttpFixture *fixture = *state;
    Peer peer;
    peer_open(&peer);
    fixture->exchange.total_timeout_ms = 300;
    start(fixture, &peer);
    take_request(fixture, &peer);
    finish(fixture);
    assert_true(fixture->exchange.failed);
    assert_true(fixture->exchange.unanswered);
    if (http_fixture_frequent)
        assert_reset(&peer);
    peer_close(&peer);
}

static void what_is_cancelled_is_reset(void **state)
{
    HttpFixture *fixture = *state;
    Peer peer;
    peer_open(&peer);
    start(fixture, &peer);
    take_request(fixture, &peer);
    fixture->client->ops->cancel(fixture->client, &fixture->exchange);
    if (http_fixture_frequent)
        assert_reset(&peer);
    peer_close(&peer);
}

static void a_reply_is_an_answer_a_cut_is_none(void **state)
{
    HttpFixture *fixture = *state;
    Peer peer;
    peer_open(&peer);
    start(fixture, &peer);
    take_request(fixture, &peer);
    answer(&peer);
    finish(fixture);
    assert_false(fixture->exchange.failed);
    assert_false(fixture->exchange.unanswered);
    cut(&peer);
    start(fixture, &peer);
    take_request(fixture, &peer);
    cut(&peer);
    finish(fixture);
    assert_true(fixture->exchange.failed);
    assert_true(fixture->exchange.unanswered);
    peer_close(&peer);
}

/* Nobody is told of the first time but by this mark: the request goes out again by itself. */
static void a_kept_connection_that_is_cut_leaves_its_mark(void **state)
{
    HttpFixture *fixture = *state;
    Peer peer;
    if (!http_fixture_frequent)
        return;
    peer_open(&peer);
    start(fixture, &peer);
    take_request(fixture, &peer);
    answer(&peer);
    finish(fixture);
    start(fixture, &peer);
    take_request(fixture, &peer);
    cut(&peer);
    take_request(fixture, &peer);
    answer(&peer);
    finish(fixture);
    assert_false(fixture->exchange.failed);
    assert_true(fixture->exchange.unanswered);
    start(fixture, &peer);
    take_request(fixture, &peer);
    answer(&peer);
    finish(fixture);
    assert_false(fixture->exchange.unanswered);
    peer_close(&peer);
}

static void what_was_never_sent_comes_never(void **state)
{
    HttpFixture *fixture = *state;
    Peer peer;
    if (!http_fixture_frequent)
        return;
    peer_open(&peer);
    peer_close(&peer);
    start(fixture, &peer);
    finish(fixture);
    assert_true(fixture->exchange.failed);
    assert_false(fixture->exchange.unanswered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(what_is_given_up_is_reset),
        HTTP_TEST(what_is_cancelled_is_reset),
        HTTP_TEST(a_reply_is_an_answer_a_cut_is_none),
        HTTP_TEST(a_kept_connection_that_is_cut_leaves_its_mark),
        HTTP_TEST(what_was_never_sent_comes_never),
    };
    HTTP_MAIN("http_unanswered", tests);
}
