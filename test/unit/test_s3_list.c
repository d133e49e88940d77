/* test_s3_list.c - listings are read page by page, and only what lies below a prefix is deleted. */
#include "fake_s3.h"

#include "fetch/s3_list.h"

#include <stdio.h>

#define OPEN                                                                                       \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bucket</Name>"
#define CLOSE   "</ListBucketResult>"
#define ENCODED "<EncodingType>url</EncodingType>"
#define LAST    "<IsTruncated>false</IsTruncated>"
#define MORE(next)                                                                                 \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" next "</NextContinuationToken>"
#define FILE_(key, size)                                                                           \
    "<Contents><Key>" key "</Key><ETag>&quot;e&quot;</ETag><Size>" size "</Size></Contents>"
#define REPLY(text)                                                                                \
    {                                                                                              \
        .status = 200, FAKE_BODY(text)                                                             \
    }
#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static FakeS3 fake;
static R2dError err;
static R2dBytes seen;

static bool note(void *context, R2dView key, int64_t size_bytes)
{
    (void)context;
    assert_true(r2d_bytes_append_view(&seen, key));
    assert_true(r2d_bytes_appendf(&seen, "=%lld,", (long long)size_bytes));
    return true;
}

static bool stop_at_first(void *context, R2dView key, int64_t size_bytes)
{
    note(context, key, size_bytes);
    return false;
}

static void begin(FakeReply *replies, int count)
{
    fake_s3_init(&fake, replies, count);
    r2d_bytes_init(&seen, &r2d_alloc_libc);
    memset(&err, 0, sizeof err);
}

static void done(void)
{
    r2d_bytes_free(&seen);
    fake_s3_check(&fake);
}

static R2dStatus list(R2dS3ListVisitor visitor)
{
    return r2d_s3_list(&fake.service, &fake.client, &fake.wait, "bucket", "a b/", visitor, NULL,
                       &err);
}

static R2dStatus delete_below(const char *prefix, int64_t *deleted)
{
    memset(&err, 0, sizeof err);
    return r2d_s3_delete_prefix(&fake.service, &fake.client, &fake.wait, "bucket", prefix, deleted,
                                &err);
}

#define assert_error(text)                                                                         \
    do {                                                                                           \
        if (strstr(err.message, text) == NULL)                                                     \
            fail_msg("%s", err.message);                                                           \
    } while (0)

static void pages_follow_each_other(void **state)
{
    (void)state;
    FakeReply replies[] = {
        REPLY(OPEN ENCODED FILE_("a+b/1", "5") FILE_("a+b/%2B%C3%A9", "0") MORE("t+/=1") CLOSE),
        REPLY(OPEN FILE_("a b/2+3%41", "7") LAST CLOSE),
    };
    begin(replies, 2);
    assert_int_equal(list(note), R2D_OK);
    assert_view(r2d_bytes_view(&seen), "a b/1=5,a b/+\xC3\xA9=0,a b/2+3%41=7,");
    assert_non_null(strstr(fake_s3_log(&fake), "continuation-token=t%2B%2F%3D1"));
    assert_non_null(strstr(fake_s3_log(&fake), "prefix=a%20b%2F"));
    assert_non_null(strstr(fake_s3_log(&fake), "encoding-type=url"));
    done();
}

static void the_encoding_may_be_told_after_the_keys(void **state)
{
    (void)state;
    FakeReply replies[] = {REPLY(OPEN FILE_("a%20b/&amp;%26", "1") LAST ENCODED CLOSE)};
    begin(replies, 1);
    assert_int_equal(list(note), R2D_OK);
    assert_view(r2d_bytes_view(&seen), "a b/&&=1,");
    done();
}

static void nothing_below_is_no_error(void **state)
{
    (void)state;
    FakeReply replies[] = {REPLY(OPEN LAST CLOSE)};
    begin(replies, 1);
    assert_int_equal(list(note), R2D_OK);
    assert_int_equal(seen.len, 0);
    done();
}

static void the_visitor_can_stop(void **state)
{
    (void)state;
    FakeReply replies[] = {REPLY(OPEN FILE_("x", "1") FILE_("y", "1") MORE("t") CLOSE)};
    begin(replies, 1);
    assert_int_equal(list(stop_at_first), R2D_END);
    assert_view(r2d_bytes_view(&seen), "x=1,");
    done();
}

static void broken_listings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "<ListBucketResult>",
                                      "<Other/>",
                                      "<ListBucketResult><Contents/></ListBucketResult>",
                                      OPEN FILE_("x", "-1") LAST CLOSE,
                                      OPEN FILE_("x", "1e3") CLOSE,
                                      OPEN "<Contents><Key>x</Key></Contents>" CLOSE,
                                      OPEN "<IsTruncated>true</IsTruncated>" CLOSE,
                                      "<html><body>hello</body></html>"};
    for (int i = 0; i < COUNT(bad); i++) {
        FakeReply replies[] = {{.status = 200,
                                .body = bad[i],
                                .body_len = strlen(bad[i]),
                                .length = true,
                                .cut_after = -1}};
        begin(replies, 1);
        assert_int_equal(list(note), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_DATA);
        assert_error("cannot list s3://bucket/a b/: ");
        assert_int_equal(seen.len, 0);
        done();
    }
    FakeReply circle[] = {REPLY(OPEN MORE("t") CLOSE), REPLY(OPEN MORE("t") CLOSE)};
    begin(circle, 2);
    assert_int_equal(list(note), R2D_FAILED);
    assert_error("goes round in circles");
    done();
}

static void a_refused_listing_says_what_is_missing(void **state)
{
    (void)state;
    FakeReply replies[] = {{.status = 403, FAKE_BODY("<Error><Code>AccessDenied</Code></Error>")}};
    begin(replies, 1);
    assert_int_equal(list(note), R2D_FAILED);
    assert_error("s3://bucket/a b/ may not be listed");
    assert_non_null(strstr(err.hint, "s3:ListBucket"));
    done();
}

#define DELETED "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></DeleteResult>"

static void what_lies_below_is_deleted(void **state)
{
    (void)state;
    FakeReply replies[] = {
        REPLY(OPEN FILE_("p/1/a&amp;&lt;&quot;'", "5") FILE_("p/1/b&#13;", "0") LAST CLOSE),
        {.status = 503, FAKE_BODY("<Error><Code>SlowDown</Code></Error>")},
        REPLY(DELETED),
    };
    int64_t deleted = 0;
    begin(replies, 3);
    assert_int_equal(delete_below("p/1/", &deleted), R2D_OK);
    assert_int_equal(deleted, 2);
    const char *log = fake_s3_log(&fake);
    assert_non_null(strstr(log, "POST http://127.0.0.1:4566/bucket/?delete=\n"));
    assert_non_null(strstr(log, "<Quiet>true</Quiet><Object><Key>p/1/a&#38;&#60;&#34;&#39;</Key>"
                                "</Object><Object><Key>p/1/b&#13;</Key></Object></Delete>"));
    assert_non_null(strstr(log, "x-amz-checksum-sha256: "));
    assert_null(strstr(log, "content-md5"));
    done();
}

static void a_thousand_go_in_one_request(void **state)
{
    (void)state;
    R2dBytes page;
    r2d_bytes_init(&page, &r2d_alloc_libc);
    assert_true(r2d_bytes_append_text(&page, OPEN));
    for (int i = 0; i < 1001; i++)
        assert_true(r2d_bytes_appendf(&page, FILE_("p/%04d", "1"), i));
    assert_true(r2d_bytes_append_text(&page, LAST CLOSE));
    FakeReply replies[] = {
        {.status = 200, .body = page.data, .body_len = page.len, .length = true, .cut_after = -1},
        REPLY(DELETED),
        REPLY(DELETED)};
    int64_t deleted = 0;
    begin(replies, 3);
    assert_int_equal(delete_below("p/", &deleted), R2D_OK);
    assert_int_equal(deleted, 1001);
    assert_int_equal(fake.started, 3);
    r2d_bytes_free(&page);
    done();
}

static void objects_that_stay_are_named_after_all_were_tried(void **state)
{
    (void)state;
    FakeReply replies[] = {
        REPLY(OPEN FILE_("p/1", "5") FILE_("p/2", "5") FILE_("p/3", "5") LAST CLOSE),
        REPLY("<DeleteResult><Error><Key>p/2</Key><Code>AccessDenied</Code><Message>Access Denied"
              "</Message></Error><Error><Key>p/3</Key><Code>InternalError</Code><Message>x"
              "</Message></Error></DeleteResult>"),
    };
    int64_t deleted = 0;
    begin(replies, 2);
    assert_int_equal(delete_below("p/", &deleted), R2D_FAILED);
    assert_int_equal(deleted, 1);
    assert_error("s3://bucket/p/2 cannot be deleted: AccessDenied");
    assert_string_equal(err.code, "AccessDenied");
    assert_string_equal(err.detail, "Access Denied");
    assert_non_null(strstr(err.hint, "2 of 3 objects"));
    done();
}

static void only_folders_are_deleted(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "p", "p/1", "//", "/p/"};
    int64_t deleted = 7;
    begin(NULL, 0);
    for (int i = 0; i < COUNT(bad); i++) {
        assert_int_equal(delete_below(bad[i], &deleted), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
        assert_int_equal(deleted, 0);
    }
    assert_int_equal(fake.started, 0);
    done();
}

static void an_object_elsewhere_is_never_deleted(void **state)
{
    (void)state;
    FakeReply replies[] = {REPLY(OPEN FILE_("p/1", "5") FILE_("q/1", "5") LAST CLOSE)};
    int64_t deleted = 7;
    begin(replies, 1);
    assert_int_equal(delete_below("p/", &deleted), R2D_FAILED);
    assert_int_equal(deleted, 0);
    assert_int_equal(fake.started, 1);
    assert_error("does not lie there");
    done();
}

static void a_reply_that_is_none_is_refused(void **state)
{
    (void)state;
    FakeReply replies[] = {REPLY(OPEN FILE_("p/1", "5") LAST CLOSE), REPLY("<Error/>")};
    int64_t deleted = 7;
    begin(replies, 2);
    assert_int_equal(delete_below("p/", &deleted), R2D_FAILED);
    assert_error("cannot delete s3://bucket/p/");
    done();
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    FakeReply replies[] = {
        REPLY(OPEN ENCODED FILE_("p/1", "5") MORE("t") CLOSE),
        REPLY(OPEN ENCODED FILE_("p/2", "5") LAST CLOSE),
        REPLY(DELETED),
    };
    R2dStatus status = R2D_FAILED;
    for (long fail_at = 1; status != R2D_OK; fail_at++) {
        int64_t deleted;
        begin(replies, 3);
        fake.unit.fail_at = fail_at;
        status = delete_below("p/", &deleted);
        assert_true(status == R2D_OK || err.kind == R2D_ERR_MEMORY);
        done();
        assert_true(fail_at < 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(the_encoding_may_be_told_after_the_keys),
        cmocka_unit_test(nothing_below_is_no_error),
        cmocka_unit_test(the_visitor_can_stop),
        cmocka_unit_test(broken_listings_are_refused),
        cmocka_unit_test(a_refused_listing_says_what_is_missing),
        cmocka_unit_test(what_lies_below_is_deleted),
        cmocka_unit_test(a_thousand_go_in_one_request),
        cmocka_unit_test(objects_that_stay_are_named_after_all_were_tried),
        cmocka_unit_test(only_folders_are_deleted),
        cmocka_unit_test(an_object_elsewhere_is_never_deleted),
        cmocka_unit_test(a_reply_that_is_none_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("s3_list", tests, NULL, NULL);
}
