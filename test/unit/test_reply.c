/* test_reply.c - HTTP/1.1 responses, whole and cut at every place. */
#include "unit.h"

#include "http/reply.h"

#include <stdio.h>

typedef struct Reading {
    R2dReply reply;
    R2dHttpExchange exchange;
    R2dStatus status;
    size_t taken; /* of all that was handed in */
    const char *closed_text;
} Reading;

static void begin(Reading *reading, const R2dAlloc *alloc, const char *method)
{
    r2d_reply_init(&reading->reply, alloc);
    r2d_http_exchange_init(&reading->exchange, alloc);
    reading->exchange.url = "https://host.example/";
    reading->exchange.method = method;
    reading->exchange.response_limit = 1000;
    reading->status = R2D_AGAIN;
    reading->taken = 0;
    r2d_reply_start(&reading->reply, &reading->exchange);
}

/* In a block of its own, so that a read beyond it is noticed by AddressSanitizer. */
static void feed(Reading *reading, const char *data, size_t len)
{
    size_t taken = 0;
    if (reading->status != R2D_AGAIN || len == 0)
        return;
    char *copy = r2d_new(&r2d_alloc_libc, len);
    memcpy(copy, data, len);
    reading->status =
        r2d_reply_read(&reading->reply, &reading->exchange, r2d_view(copy, len), &taken);
    r2d_release(&r2d_alloc_libc, copy);
    reading->taken += taken;
}

static void end(Reading *reading)
{
    r2d_reply_free(&reading->reply);
    r2d_bytes_free(&reading->exchange.response);
    r2d_bytes_free(&reading->exchange.response_headers);
}

typedef struct Case {
    const char *method;
    const char *text;
    R2dStatus status; /* R2D_FAILED, R2D_END, or R2D_AGAIN when the end of the connection ends it */
    int http_status;
    const char *body;
    size_t behind; /* bytes that are not the reply's */
    bool is_last;
} Case;

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static const Case cases[] = {
    {"POST", OK_HEAD "Content-Length: 4\r\n\r\nbody", R2D_END, 200, "body", 0, false},
    {"POST", OK_HEAD "content-length:4 \r\n\r\nbodyHTTP", R2D_END, 200, "body", 4, false},
    {"POST", OK_HEAD "Content-Length: 0\r\n\r\n", R2D_END, 200, "", 0, false},
    {"POST", "HTTP/1.1 200\nContent-Length: 2\n\nok", R2D_END, 200, "ok", 0, false},
    {"POST", OK_HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", R2D_END, 200, "ok", 0,
     false},
    {"POST", OK_HEAD "Connection: Close\r\nContent-Length: 2\r\n\r\nok", R2D_END, 200, "ok", 0,
     true},
    {"POST", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", R2D_END, 200, "ok", 0, true},
    {"POST", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", R2D_END, 500, "no", 0, false},
    {"HEAD", OK_HEAD "Content-Length: 4\r\n\r\n", R2D_END, 200, "", 0, false},
    {"POST", "HTTP/1.1 204 None\r\n\r\n", R2D_END, 204, "", 0, false},
    {"POST", "HTTP/1.1 304 None\r\nContent-Length: 9\r\n\r\n", R2D_END, 304, "", 0, false},
    {"POST", "HTTP/1.1 100 Go\r\nx: y\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\nok", R2D_END, 200,
     "ok", 0, false},
    {"POST", "HTTP/1.1 103 Hint\r\n\r\nHTTP/1.1 100 Go\r\n\r\n" OK_HEAD "Content-Length: 0\r\n\r\n",
     R2D_END, 200, "", 0, false},
    {"POST",
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n00A;x=1\r\n0123456789\r\n0\r\n\r\n",
     R2D_END, 200, "abc0123456789", 0, false},
    {"POST", OK_HEAD "Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\nz: 0\r\n\r\nnext",
     R2D_END, 200, "a", 4, false},
    {"POST", OK_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     R2D_END, 200, "ab", 0, true},
    {"POST", OK_HEAD "\r\nto the end", R2D_AGAIN, 200, "to the end", 0, true},
    {"POST", "HTTP/1.1 404 No\r\nx: y\r\n\r\n", R2D_AGAIN, 404, "", 0, true},
    {"POST", "HTTP/2 200\r\n\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", "<html>\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", "HTTP/1.1 abc\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", "HTTP/1.1 99 Low\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", "HTTP/1.1 101 Switch\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Content-Length: 2, 2\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Content-Length: -2\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Content-Length:\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Content-Length: 99999999999999999999\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Content-Length: 2\r\nContent-Length: 3\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Transfer-Encoding: gzip, chunked\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Transfer-Encoding: chunked\r\n\r\nx\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5x\r\n", R2D_FAILED, 0, NULL, 0, false},
    {"POST", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1111111111111111\r\n", R2D_FAILED, 0, NULL,
     0, false},
    {"POST", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", R2D_FAILED, 0, NULL, 0,
     false},
    {"POST", OK_HEAD "Content-Length: 1001\r\n\r\n", R2D_AGAIN, 200, NULL, 0, false},
};

static void check(Reading *reading, const Case *expected)
{
    size_t len = strlen(expected->text);
    assert_int_equal(reading->status, expected->status);
    if (expected->status == R2D_FAILED) {
        assert_int_equal(reading->exchange.error.kind, R2D_ERR_NETWORK);
        assert_non_null(strstr(reading->exchange.error.message, "host.example"));
        return;
    }
    assert_int_equal(reading->taken, len - expected->behind);
    assert_int_equal(reading->exchange.status, expected->http_status);
    assert_int_equal(reading->reply.is_last, expected->is_last);
    if (expected->body != NULL)
        assert_view(r2d_bytes_view(&reading->exchange.response), expected->body);
    if (expected->status == R2D_AGAIN)
        assert_int_equal(r2d_reply_closed(&reading->reply, &reading->closed_text),
                         expected->body != NULL ? R2D_END : R2D_FAILED);
}

#define FOR_EACH_CASE(c)                                                                           \
    for (const Case *c = cases; c < cases + sizeof cases / sizeof cases[0]; c++)

static void every_reply_is_read_in_two_parts_cut_anywhere(void **state)
{
    (void)state;
    FOR_EACH_CASE(c)
    {
        size_t len = strlen(c->text);
        for (size_t cut = 0; cut <= len; cut++) {
            Reading reading;
            begin(&reading, &r2d_alloc_libc, c->method);
            feed(&reading, c->text, cut);
            feed(&reading, c->text + cut, len - cut);
            check(&reading, c);
            end(&reading);
        }
    }
}

static void every_reply_is_read_byte_by_byte(void **state)
{
    (void)state;
    FOR_EACH_CASE(c)
    {
        Reading reading;
        begin(&reading, &r2d_alloc_libc, c->method);
        for (size_t i = 0; i < strlen(c->text); i++)
            feed(&reading, c->text + i, 1);
        check(&reading, c);
        end(&reading);
    }
}

/* A reply that was complete can have nothing cut off; a shorter one is never taken for complete. */
static void no_beginning_of_a_reply_passes_for_a_reply(void **state)
{
    (void)state;
    FOR_EACH_CASE(c)
    {
        size_t len = strlen(c->text) - c->behind;
        bool ends_itself = c->status == R2D_END;
        for (size_t cut = 0; ends_itself && cut < len; cut++) {
            Reading reading;
            begin(&reading, &r2d_alloc_libc, c->method);
            feed(&reading, c->text, cut);
            assert_int_equal(reading.status, R2D_AGAIN);
            assert_int_equal(reading.reply.begun, cut > 0);
            assert_int_equal(r2d_reply_closed(&reading.reply, &reading.closed_text), R2D_FAILED);
            assert_non_null(strstr(reading.closed_text, "the connection was closed"));
            end(&reading);
        }
    }
}

static void headers_are_found_afterwards(void **state)
{
    (void)state;
    static const char text[] = OK_HEAD "x-amz-crc32: 12\r\nX-Request: a b \r\n"
                                       "Content-Length: 0\r\n\r\n";
    Reading reading;
    begin(&reading, &r2d_alloc_libc, "POST");
    feed(&reading, text, sizeof text - 1);
    assert_int_equal(reading.status, R2D_END);
    assert_view(r2d_http_response_header(&reading.exchange, "X-Amz-Crc32"), "12");
    assert_view(r2d_http_response_header(&reading.exchange, "x-request"), "a b");
    end(&reading);
}

static void a_state_serves_one_reply_after_the_other(void **state)
{
    (void)state;
    static const char first[] =
        OK_HEAD "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r";
    static const char second[] = OK_HEAD "Content-Length: 2\r\n\r\nok";
    Reading reading;
    begin(&reading, &r2d_alloc_libc, "POST");
    feed(&reading, first, sizeof first - 1);
    assert_int_equal(reading.status, R2D_AGAIN);
    r2d_reply_start(&reading.reply, &reading.exchange);
    feed(&reading, second, sizeof second - 1);
    assert_int_equal(reading.status, R2D_END);
    assert_false(reading.reply.is_last);
    assert_view(r2d_bytes_view(&reading.exchange.response), "ok");
    end(&reading);
}

static void limits_hold(void **state)
{
    (void)state;
    Reading reading;
    char filler[1024];
    memset(filler, 'a', sizeof filler);
    begin(&reading, &r2d_alloc_libc, "POST");
    feed(&reading, OK_HEAD, strlen(OK_HEAD));
    for (int i = 0; i < 100; i++) /* a header without an end */
        feed(&reading, filler, sizeof filler);
    assert_int_equal(reading.status, R2D_FAILED);
    assert_int_equal(reading.exchange.error.kind, R2D_ERR_LIMIT);
    end(&reading);
    begin(&reading, &r2d_alloc_libc, "POST");
    feed(&reading, OK_HEAD "\r\n", strlen(OK_HEAD) + 2);
    feed(&reading, filler, 1000);
    assert_int_equal(reading.status, R2D_AGAIN);
    feed(&reading, filler, 1);
    assert_int_equal(reading.status, R2D_FAILED);
    assert_int_equal(reading.exchange.error.kind, R2D_ERR_LIMIT);
    end(&reading);
}

/* What carries no body must end, too: a reader that takes all that comes would never come back. */
static void replies_without_an_end_are_given_up(void **state)
{
    (void)state;
    static const struct {
        const char *start, *again;
    } endless[] = {
        {"", "HTTP/1.1 100 Go\r\nx: y\r\n\r\n"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n",
         "1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n"},
    };
    for (int i = 0; i < 3; i++) {
        Reading reading;
        begin(&reading, &r2d_alloc_libc, "POST");
        reading.exchange.response_limit = 1000 * 1000;
        feed(&reading, endless[i].start, strlen(endless[i].start));
        for (int again = 0; again < 100 * 1000 && reading.status == R2D_AGAIN; again++)
            feed(&reading, endless[i].again, strlen(endless[i].again));
        assert_int_equal(reading.status, R2D_FAILED);
        assert_int_equal(reading.exchange.error.kind, R2D_ERR_LIMIT);
        end(&reading);
    }
}

static void small_chunks_are_no_waste(void **state)
{
    (void)state;
    const char *head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n";
    Reading reading;
    begin(&reading, &r2d_alloc_libc, "POST");
    reading.exchange.response_limit = 1000 * 1000;
    feed(&reading, head, strlen(head));
    for (int i = 0; i < 100 * 1000; i++)
        feed(&reading, "1\r\na\r\n", 6);
    feed(&reading, "0\r\n\r\n", 5);
    assert_int_equal(reading.status, R2D_END);
    assert_int_equal(reading.exchange.received_bytes, 100 * 1000);
    end(&reading);
}

static void memory_failures_are_told(void **state)
{
    (void)state;
    static const char text[] = OK_HEAD "x: y\r\nContent-Length: 2\r\n\r\nok";
    R2dStatus status = R2D_FAILED;
    for (long fail_at = 1; status == R2D_FAILED; fail_at++) {
        UnitAlloc unit;
        Reading reading;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        begin(&reading, &unit.alloc, "POST");
        feed(&reading, text, 5);
        feed(&reading, text + 5, sizeof text - 6);
        status = reading.status;
        if (status == R2D_FAILED)
            assert_int_equal(reading.exchange.error.kind, R2D_ERR_MEMORY);
        end(&reading);
        assert_int_equal(unit.live, 0);
        assert_true(fail_at < 20);
    }
    assert_int_equal(status, R2D_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reply_is_read_in_two_parts_cut_anywhere),
        cmocka_unit_test(every_reply_is_read_byte_by_byte),
        cmocka_unit_test(no_beginning_of_a_reply_passes_for_a_reply),
        cmocka_unit_test(headers_are_found_afterwards),
        cmocka_unit_test(a_state_serves_one_reply_after_the_other),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(replies_without_an_end_are_given_up),
        cmocka_unit_test(small_chunks_are_no_waste),
        cmocka_unit_test(memory_failures_are_told),
    };
    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
