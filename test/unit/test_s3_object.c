/* test_s3_object.c - an object arrives whole and unchanged, or its name is in the error. */
#include "fake_s3.h"

#include "fetch/s3_object.h"

#include <stdio.h>

#define ETAG       "ETag: \"e1\"\r\n"
#define OTHER_ETAG "ETag: \"e2\"\r\n"
#define WHOLE      "0123456789"

static FakeS3 fake;
static R2dError err;
static R2dBytes got;

static R2dSource *open_with(R2dS3ObjectOptions options)
{
    options.http = &fake.client;
    options.service = &fake.service;
    options.bucket = "bucket";
    options.key = "p/0000_part_00";
    memset(&err, 0, sizeof err);
    return r2d_s3_object_open(&fake.unit.alloc, &options, &err);
}

/* Reads to the end, stepping and moving the clock as a loader would. */
static R2dStatus drain(R2dSource *source)
{
    R2dStatus status;
    R2dView chunk;
    got.len = 0;
    for (int rounds = 0; rounds < 100000; rounds++) {
        status = r2d_source_read(source, &chunk, &err);
        if (status == R2D_OK) {
            assert_true(chunk.len > 0);
            assert_true(r2d_bytes_append_view(&got, chunk));
        } else if (status == R2D_AGAIN) {
            int ms = r2d_s3_object_wait_ms(source);
            fake.time.mono_us += (ms > 0 ? ms : 0) * R2D_US_PER_MS;
            fake.waited_us += (ms > 0 ? ms : 0) * R2D_US_PER_MS;
            assert_int_equal(fake.client.ops->step(&fake.client, NULL), R2D_OK);
        } else {
            return status;
        }
    }
    fail_msg("no end");
    return R2D_FAILED;
}

static R2dStatus read_all(FakeReply *replies, int count, R2dS3ObjectOptions options)
{
    fake_s3_init(&fake, replies, count);
    r2d_bytes_init(&got, &r2d_alloc_libc);
    R2dSource *source = open_with(options);
    assert_non_null(source);
    R2dStatus status = drain(source);
    R2dView chunk;
    R2dError again;
    assert_int_equal(r2d_source_read(source, &chunk, &again), status);
    if (status == R2D_FAILED)
        assert_string_equal(again.message, err.message);
    r2d_source_close(source);
    return status;
}

static void done(void)
{
    r2d_bytes_free(&got);
    fake_s3_check(&fake);
}

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))
#define assert_error(text)                                                                         \
    do {                                                                                           \
        if (strstr(err.message, text) == NULL)                                                     \
            fail_msg("%s", err.message);                                                           \
    } while (0)

static void an_object_is_streamed_with_bounded_memory(void **state)
{
    (void)state;
    static char body[1000000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7 + i / 251);
    FakeReply replies[] = {{.status = 200,
                            .headers = ETAG,
                            .body = body,
                            .body_len = sizeof body,
                            .length = true,
                            .cut_after = -1}};
    fake_s3_init(&fake, replies, 1);
    fake.step_bytes = 3001;
    r2d_bytes_init(&got, &r2d_alloc_libc);
    R2dSource *source =
        open_with((R2dS3ObjectOptions){.size_bytes = sizeof body, .chunk_bytes = 10000});
    assert_int_equal(drain(source), R2D_END);
    assert_int_equal(got.len, sizeof body);
    assert_memory_equal(got.data, body, sizeof body);
    assert_int_equal(r2d_s3_object_received(source), sizeof body);
    r2d_source_close(source);
    assert_non_null(
        strstr(fake_s3_log(&fake), "GET http://127.0.0.1:4566/bucket/p/0000_part_00\n"));
    assert_null(strstr(fake_s3_log(&fake), "range:"));
    done();
}

static void a_cut_connection_is_resumed_where_it_broke(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 200,
         .headers = ETAG,
         .body = WHOLE,
         .body_len = 10,
         .length = true,
         .cut_after = 4},
        {.status = 0},
        {.status = 503, FAKE_BODY("<Error><Code>SlowDown</Code></Error>")},
        {.status = 206, .headers = ETAG "Content-Range: bytes 4-9/10\r\n", FAKE_BODY("456789")},
    };
    assert_int_equal(read_all(replies, COUNT(replies), (R2dS3ObjectOptions){.size_bytes = 10}),
                     R2D_END);
    assert_view(r2d_bytes_view(&got), WHOLE);
    assert_int_equal(fake.started, 4);
    assert_non_null(strstr(fake_s3_log(&fake), "range: bytes=4-\n"));
    assert_non_null(strstr(fake_s3_log(&fake), "if-match: \"e1\"\n"));
    done();
}

static void a_reply_that_just_ends_early_is_resumed(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 200,
         .headers = ETAG,
         .body = WHOLE,
         .body_len = 10,
         .length = true,
         .cut_after = 9,
         .ends_early = true},
        {.status = 206, .headers = ETAG "Content-Range: bytes 9-9/10\r\n", FAKE_BODY("9")},
    };
    assert_int_equal(read_all(replies, 2, (R2dS3ObjectOptions){.size_bytes = -1}), R2D_END);
    assert_view(r2d_bytes_view(&got), WHOLE);
    done();
}

static void a_range_that_is_not_honoured_does_no_harm(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 200,
         .headers = ETAG,
         .body = WHOLE,
         .body_len = 10,
         .length = true,
         .cut_after = 4},
        {.status = 200,
         .headers = ETAG,
         .body = WHOLE,
         .body_len = 10,
         .length = true,
         .cut_after = 3},
        {.status = 200, .headers = ETAG, FAKE_BODY(WHOLE)},
    };
    assert_int_equal(read_all(replies, 3, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_END);
    assert_view(r2d_bytes_view(&got), WHOLE);
    done();
}

static void another_object_under_the_same_name_is_noticed(void **state)
{
    (void)state;
    FakeReply cut = {.status = 200,
                     .headers = ETAG,
                     .body = WHOLE,
                     .body_len = 10,
                     .length = true,
                     .cut_after = 4};
    FakeReply seconds[] = {
        {.status = 412, FAKE_BODY("<Error><Code>PreconditionFailed</Code></Error>")},
        {.status = 206,
         .headers = OTHER_ETAG "Content-Range: bytes 4-9/10\r\n",
         FAKE_BODY("456789")},
        {.status = 206, .headers = ETAG "Content-Range: bytes 4-10/11\r\n", FAKE_BODY("4567890")},
        {.status = 200, .headers = OTHER_ETAG, FAKE_BODY(WHOLE)},
        {.status = 200, FAKE_BODY(WHOLE)},
    };
    for (int i = 0; i < COUNT(seconds); i++) {
        FakeReply replies[] = {cut, seconds[i]};
        assert_int_equal(read_all(replies, 2, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
        assert_error("s3://bucket/p/0000_part_00 changed while it was read");
        done();
    }
}

static void ranges_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char *const ranges[] = {ETAG "Content-Range: bytes 5-9/10\r\n",
                                         ETAG "Content-Range: bytes 3-9/10\r\n",
                                         ETAG,
                                         ETAG "Content-Range: bytes 4-10/10\r\n",
                                         ETAG "Content-Range: bytes 4-8/10\r\n",
                                         ETAG "Content-Range: bytes 4-3/10\r\n",
                                         ETAG "Content-Range: bytes x\r\n",
                                         ETAG "Content-Range: bytes 4-9/99999999999999999999\r\n"};
    for (int i = 0; i < COUNT(ranges); i++) {
        FakeReply replies[] = {{.status = 200,
                                .headers = ETAG,
                                .body = WHOLE,
                                .body_len = 10,
                                .length = true,
                                .cut_after = 4},
                               {.status = 206, .headers = ranges[i], FAKE_BODY("456789")}};
        assert_int_equal(read_all(replies, 2, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_DATA);
        assert_error("s3://bucket/p/0000_part_00 ");
        done();
    }
}

static void a_part_of_an_unknown_whole_is_refused(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 206, .headers = ETAG "Content-Range: bytes 0-4/*\r\n", FAKE_BODY("01234")}};
    assert_int_equal(read_all(replies, 1, (R2dS3ObjectOptions){.size_bytes = -1}), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    assert_error("s3://bucket/p/0000_part_00 ");
    done();
}

static void another_length_than_promised_is_refused(void **state)
{
    (void)state;
    FakeReply replies[] = {{.status = 200, .headers = ETAG, FAKE_BODY(WHOLE)}};
    assert_int_equal(read_all(replies, 1, (R2dS3ObjectOptions){.size_bytes = 11}), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    assert_error("is 10 bytes long, the manifest says 11");
    assert_int_equal(got.len, 0);
    done();
    FakeReply longer[] = {
        {.status = 200, .headers = ETAG, .body = WHOLE, .body_len = 10, .cut_after = -1}};
    assert_int_equal(read_all(longer, 1, (R2dS3ObjectOptions){.size_bytes = 9}), R2D_FAILED);
    assert_error("is longer than it said");
    done();
}

static void lengths_that_nobody_told_are_taken_as_they_come(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 200, .headers = ETAG, .body = WHOLE, .body_len = 10, .cut_after = -1}};
    assert_int_equal(read_all(replies, 1, (R2dS3ObjectOptions){.size_bytes = -1}), R2D_END);
    assert_view(r2d_bytes_view(&got), WHOLE);
    done();
    FakeReply empty[] = {{.status = 200, .headers = ETAG, FAKE_BODY("")}};
    assert_int_equal(read_all(empty, 1, (R2dS3ObjectOptions){.size_bytes = 0}), R2D_END);
    assert_int_equal(got.len, 0);
    done();
}

static void it_gives_up_after_attempts_without_progress(void **state)
{
    (void)state;
    FakeReply replies[20] = {{.status = 0}};
    assert_int_equal(read_all(replies, 20, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_int_equal(fake.started, 20);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_error("cannot read s3://bucket/p/0000_part_00: ");
    assert_true(strlen(err.hint) > 0);
    assert_true(fake.waited_us > 60 * R2D_US_PER_S);
    assert_true(fake.waited_us < 250 * R2D_US_PER_S);
    done();
}

static void what_no_attempt_can_mend_fails_at_once(void **state)
{
    (void)state;
    FakeReply replies[] = {{.status = FAKE_UNTRUSTED}};
    assert_int_equal(read_all(replies, 1, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_NETWORK);
    assert_error("cannot read s3://bucket/p/0000_part_00: ");
    assert_error("the certificate is not valid");
    done();
}

/* One byte a connection and an error in between: two failures in a row, never three. */
static void progress_starts_the_count_anew(void **state)
{
    (void)state;
    FakeReply replies[20];
    char headers[10][64];
    for (int at = 0; at < 10; at++) {
        snprintf(headers[at], sizeof headers[at], ETAG "Content-Range: bytes %d-9/10\r\n", at);
        replies[2 * at] = (FakeReply){.status = 206,
                                      .headers = headers[at],
                                      .body = &WHOLE[at],
                                      .body_len = (size_t)(10 - at),
                                      .length = true,
                                      .cut_after = 1};
        replies[2 * at + 1] = (FakeReply){.status = 500, FAKE_BODY("")};
    }
    replies[0].status = 200;
    replies[0].headers = ETAG;
    assert_int_equal(read_all(replies, 20, (R2dS3ObjectOptions){.size_bytes = 10, .attempts = 3}),
                     R2D_END);
    assert_view(r2d_bytes_view(&got), WHOLE);
    assert_int_equal(fake.started, 19);
    done();
}

static void a_refusal_says_what_is_missing(void **state)
{
    (void)state;
    FakeReply denied[] = {{.status = 403, FAKE_BODY("<Error><Code>AccessDenied</Code></Error>")}};
    assert_int_equal(read_all(denied, 1, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_error("s3://bucket/p/0000_part_00 may not be read with these AWS keys");
    assert_non_null(strstr(err.hint, "s3:GetObject"));
    assert_string_equal(err.code, "AccessDenied");
    done();
    FakeReply missing[] = {{.status = 404, FAKE_BODY("<Error><Code>NoSuchKey</Code></Error>")}};
    assert_int_equal(read_all(missing, 1, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_error("s3://bucket/p/0000_part_00 does not exist");
    done();
    FakeReply no_bucket[] = {
        {.status = 404, FAKE_BODY("<Error><Code>NoSuchBucket</Code></Error>")}};
    assert_int_equal(read_all(no_bucket, 1, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_error("there is no such bucket");
    done();
    FakeReply odd[] = {{.status = 204, FAKE_BODY("")}};
    assert_int_equal(read_all(odd, 1, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_error("was answered with HTTP status 204");
    done();
}

static void another_region_is_named(void **state)
{
    (void)state;
    FakeReply replies[] = {{.status = 301,
                            .headers = "x-amz-bucket-region: eu-west-1\r\n",
                            FAKE_BODY("<Error><Code>PermanentRedirect</Code></Error>")}};
    assert_int_equal(read_all(replies, 1, (R2dS3ObjectOptions){.size_bytes = 10}), R2D_FAILED);
    assert_error("the bucket is in region eu-west-1");
    assert_string_equal(err.hint, "Set the server option stage_region to 'eu-west-1'.");
    done();
}

static void an_overlong_error_does_not_stop_the_source(void **state)
{
    (void)state;
    static char body[5000];
    memset(body, 'x', sizeof body);
    FakeReply replies[] = {
        {.status = 404, .body = body, .body_len = sizeof body, .length = true, .cut_after = -1}};
    assert_int_equal(
        read_all(replies, 1, (R2dS3ObjectOptions){.size_bytes = 10, .chunk_bytes = 100}),
        R2D_FAILED);
    done();
}

static void an_open_source_can_be_closed_at_any_time(void **state)
{
    (void)state;
    FakeReply replies[] = {{.status = 200, .headers = ETAG, FAKE_BODY(WHOLE)}};
    for (int steps = 0; steps < 4; steps++) {
        R2dView chunk;
        fake_s3_init(&fake, replies, 1);
        r2d_bytes_init(&got, &r2d_alloc_libc);
        R2dSource *source = open_with((R2dS3ObjectOptions){.size_bytes = 10});
        assert_non_null(source);
        for (int i = 0; i < steps; i++) {
            fake.client.ops->step(&fake.client, NULL);
            r2d_source_read(source, &chunk, &err);
        }
        r2d_source_close(source);
        done();
    }
    fake_s3_init(&fake, replies, 1);
    r2d_bytes_init(&got, &r2d_alloc_libc);
    fake.fail_start = true;
    assert_null(open_with((R2dS3ObjectOptions){.size_bytes = 10}));
    assert_error("s3://bucket/p/0000_part_00");
    done();
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 200,
         .headers = ETAG,
         .body = WHOLE,
         .body_len = 10,
         .length = true,
         .cut_after = 4},
        {.status = 206, .headers = ETAG "Content-Range: bytes 4-9/10\r\n", FAKE_BODY("456789")},
    };
    R2dStatus status = R2D_FAILED;
    for (long fail_at = 1; status != R2D_END; fail_at++) {
        fake_s3_init(&fake, replies, 2);
        r2d_bytes_init(&got, &r2d_alloc_libc);
        fake.unit.fail_at = fail_at;
        R2dSource *source = open_with((R2dS3ObjectOptions){.size_bytes = 10});
        status = source != NULL ? drain(source) : R2D_FAILED;
        assert_true(status == R2D_END || err.kind == R2D_ERR_MEMORY);
        r2d_source_close(source);
        done();
        assert_true(fail_at < 300);
    }
}

static void a_small_object_comes_whole(void **state)
{
    (void)state;
    FakeReply replies[] = {
        {.status = 500, FAKE_BODY("<Error><Code>InternalError</Code></Error>")},
        {.status = 200, .headers = ETAG, FAKE_BODY("{\"entries\":[]}")},
        {.status = 404, FAKE_BODY("<Error><Code>NoSuchKey</Code></Error>")},
        {.status = 403, FAKE_BODY("<Error><Code>AccessDenied</Code></Error>")},
        {.status = 200, .headers = ETAG, FAKE_BODY("12345678901")},
    };
    fake_s3_init(&fake, replies, COUNT(replies));
    r2d_bytes_init(&got, &r2d_alloc_libc);
    assert_int_equal(r2d_s3_get_small(&fake.service, &fake.client, &fake.wait, "bucket",
                                      "p/manifest", 1000, &got, &err),
                     R2D_OK);
    assert_view(r2d_bytes_view(&got), "{\"entries\":[]}");
    assert_int_equal(r2d_s3_get_small(&fake.service, &fake.client, &fake.wait, "bucket",
                                      "p/manifest", 1000, &got, &err),
                     R2D_END);
    assert_int_equal(r2d_s3_get_small(&fake.service, &fake.client, &fake.wait, "bucket",
                                      "p/manifest", 1000, &got, &err),
                     R2D_FAILED);
    assert_error("s3://bucket/p/manifest may not be read");
    assert_int_equal(r2d_s3_get_small(&fake.service, &fake.client, &fake.wait, "bucket",
                                      "p/manifest", 10, &got, &err),
                     R2D_FAILED);
    assert_error("s3://bucket/p/manifest is larger than 10 bytes");
    done();
}

static void places_on_s3_are_parsed(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "s3://",
                                      "s3:///x",
                                      "s3://ab",
                                      "http://bucket/x",
                                      "S3://bucket/x",
                                      "s3://bu cket/",
                                      "s3://b\"ucket/x",
                                      "s3:"};
    R2dView bucket, key;
    for (int i = 0; i < COUNT(bad); i++) {
        assert_int_equal(r2d_s3_parse_uri(r2d_view_of(bad[i]), &bucket, &key, &err), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    }
    assert_int_equal(r2d_s3_parse_uri(R2D_VIEW("s3://my.bucket-1/a//b?c#d/"), &bucket, &key, NULL),
                     R2D_OK);
    assert_view(bucket, "my.bucket-1");
    assert_view(key, "a//b?c#d/");
    assert_int_equal(r2d_s3_parse_uri(R2D_VIEW("s3://bucket"), &bucket, &key, NULL), R2D_OK);
    assert_view(bucket, "bucket");
    assert_int_equal(key.len, 0);
    assert_int_equal(r2d_s3_parse_uri(R2D_VIEW("s3://bucket/"), &bucket, &key, NULL), R2D_OK);
    assert_int_equal(key.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_streamed_with_bounded_memory),
        cmocka_unit_test(a_cut_connection_is_resumed_where_it_broke),
        cmocka_unit_test(a_reply_that_just_ends_early_is_resumed),
        cmocka_unit_test(a_range_that_is_not_honoured_does_no_harm),
        cmocka_unit_test(another_object_under_the_same_name_is_noticed),
        cmocka_unit_test(ranges_that_do_not_fit_are_refused),
        cmocka_unit_test(a_part_of_an_unknown_whole_is_refused),
        cmocka_unit_test(another_length_than_promised_is_refused),
        cmocka_unit_test(lengths_that_nobody_told_are_taken_as_they_come),
        cmocka_unit_test(it_gives_up_after_attempts_without_progress),
        cmocka_unit_test(what_no_attempt_can_mend_fails_at_once),
        cmocka_unit_test(progress_starts_the_count_anew),
        cmocka_unit_test(a_refusal_says_what_is_missing),
        cmocka_unit_test(another_region_is_named),
        cmocka_unit_test(an_overlong_error_does_not_stop_the_source),
        cmocka_unit_test(an_open_source_can_be_closed_at_any_time),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(a_small_object_comes_whole),
        cmocka_unit_test(places_on_s3_are_parsed),
    };
    return cmocka_run_group_tests_name("s3_object", tests, NULL, NULL);
}
