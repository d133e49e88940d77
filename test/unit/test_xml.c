/* test_xml.c - the flat XML reader: what S3 sends is read, what could hurt is refused. */
#include "unit.h"

#include "base/xml.h"

typedef struct Record {
    R2dBytes lines; /* "path=text\n" */
    int stop_after; /* 0: never */
    int visits;
} Record;

static bool record(void *context, R2dView path, R2dView text)
{
    Record *to = context;
    assert_true(r2d_bytes_append_view(&to->lines, path) && r2d_bytes_append_char(&to->lines, '=') &&
                r2d_bytes_append_view(&to->lines, text) && r2d_bytes_append_char(&to->lines, '\n'));
    return ++to->visits != to->stop_after;
}

static void record_init(Record *to)
{
    *to = (Record){.visits = 0};
    r2d_bytes_init(&to->lines, &r2d_alloc_libc);
}

static R2dStatus read_into(Record *to, R2dView text, R2dError *err)
{
    to->lines.len = 0;
    to->visits = 0;
    return r2d_xml_read(&r2d_alloc_libc, text, record, to, err);
}

static const char list[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
    " <Name>b</Name><Prefix/>\n"
    " <Contents><Key>a &amp; b &lt;&#13;&quot;\xC3\xA9</Key><ETag>&quot;x&quot;</ETag></Contents>\n"
    " <Contents>\n  <Key><![CDATA[<raw>]]>tail<!-- c --></Key>\n </Contents>\n"
    " <IsTruncated>false</IsTruncated>\n</ListBucketResult>\n";

static const char list_lines[] = "ListBucketResult/Name=b\n"
                                 "ListBucketResult/Prefix=\n"
                                 "ListBucketResult/Contents/Key=a & b <\r\"\xC3\xA9\n"
                                 "ListBucketResult/Contents/ETag=\"x\"\n"
                                 "ListBucketResult/Contents=\n"
                                 "ListBucketResult/Contents/Key=<raw>tail\n"
                                 "ListBucketResult/Contents=\n"
                                 "ListBucketResult/IsTruncated=false\n"
                                 "ListBucketResult=\n";

static void leaves_have_text_and_parents_close_after_them(void **state)
{
    (void)state;
    Record to;
    record_init(&to);
    assert_int_equal(read_into(&to, R2D_VIEW(list), NULL), R2D_OK);
    assert_view(r2d_bytes_view(&to.lines), list_lines);
    r2d_bytes_free(&to.lines);
}

static void every_split_reads_the_same(void **state)
{
    (void)state;
    Record to;
    record_init(&to);
    for (size_t cut = 0; cut < sizeof list; cut++) {
        R2dXml *xml;
        to.lines.len = 0;
        assert_int_equal(r2d_xml_open(&r2d_alloc_libc, record, &to, &xml, NULL), R2D_OK);
        assert_int_equal(r2d_xml_feed(xml, r2d_view(list, cut), false, NULL), R2D_OK);
        assert_int_equal(r2d_xml_feed(xml, r2d_view(list + cut, sizeof list - 1 - cut), true, NULL),
                         R2D_OK);
        assert_view(r2d_bytes_view(&to.lines), list_lines);
        r2d_xml_free(xml);
    }
    r2d_bytes_free(&to.lines);
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    Record to;
    R2dError err;
    record_init(&to);
    for (size_t len = 0; len < sizeof list - 3; len++) {
        assert_int_equal(read_into(&to, r2d_view(list, len), &err), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_DATA);
    }
    r2d_bytes_free(&to.lines);
}

static void the_visitor_can_stop(void **state)
{
    (void)state;
    Record to;
    record_init(&to);
    to.stop_after = 2;
    assert_int_equal(read_into(&to, R2D_VIEW("<a><b>1</b><c/><d/></a>"), NULL), R2D_OK);
    assert_view(r2d_bytes_view(&to.lines), "a/b=1\na/c=\n");
    R2dXml *xml;
    to.visits = 0;
    assert_int_equal(r2d_xml_open(&r2d_alloc_libc, record, &to, &xml, NULL), R2D_OK);
    assert_int_equal(r2d_xml_feed(xml, R2D_VIEW("<a><b/><c/>"), false, NULL), R2D_OK);
    assert_int_equal(r2d_xml_feed(xml, R2D_VIEW("not <<< xml"), true, NULL), R2D_OK);
    assert_int_equal(to.visits, 2);
    r2d_xml_free(xml);
    r2d_bytes_free(&to.lines);
}

static void entities_and_broken_text_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a>&unknown;</a>",
        "<a>\x01</a>",
        "<a>\xFF</a>",
        "{\"__type\":\"x\"}",
        "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE html><html><body><p>no</body></html>",
        "<?xml version=\"1.0\" encoding=\"klingon\"?><a/>",
    };
    Record to;
    R2dError err;
    record_init(&to);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_into(&to, r2d_view_of(cases[i]), &err) != R2D_FAILED)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(err.kind, R2D_ERR_DATA);
    }
    r2d_bytes_free(&to.lines);
}

static void depth_and_text_are_bounded(void **state)
{
    (void)state;
    Record to;
    R2dError err;
    R2dBytes text;
    record_init(&to);
    r2d_bytes_init(&text, &r2d_alloc_libc);
    for (int i = 0; i < 100000; i++)
        assert_true(r2d_bytes_append_text(&text, "<a>"));
    assert_int_equal(read_into(&to, r2d_bytes_view(&text), &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_LIMIT);
    text.len = 0;
    assert_true(r2d_bytes_append_text(&text, "<a>"));
    for (int i = 0; i < R2D_XML_TEXT_MAX / 16 + 1; i++)
        assert_true(r2d_bytes_append_text(&text, "0123456789abcdef"));
    assert_true(r2d_bytes_append_text(&text, "</a>"));
    assert_int_equal(read_into(&to, r2d_bytes_view(&text), &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_LIMIT);
    r2d_bytes_free(&text);
    r2d_bytes_free(&to.lines);
}

static bool count_visit(void *context, R2dView path, R2dView text)
{
    (void)path, (void)text;
    ++*(int *)context;
    return true;
}

static void random_bytes_never_hurt(void **state)
{
    (void)state;
    static const char *const words[] = {"<a>",   "</a>",      "<b/>", "&amp;",        "&#1;",
                                        "&x;",   "<![CDATA[", "]]>",  "<!--",         "-->",
                                        "<?x?>", "text",      "\"",   "<!DOCTYPE a>", "\xFF",
                                        "<",     ">",         " ",    "\xC3\xA9"};
    uint32_t seed = 7;
    int visits = 0;
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    for (int round = 0; round < 50000; round++) {
        text.len = 0;
        for (int i = (seed >> 16) % 24; i >= 0; i--) {
            seed = seed * 1664525 + 1013904223;
            assert_true(r2d_bytes_append_text(
                &text, words[(seed >> 16) % (sizeof words / sizeof words[0])]));
        }
        r2d_xml_read(&r2d_alloc_libc, r2d_bytes_view(&text), count_visit, &visits, NULL);
    }
    assert_true(visits > 0);
    r2d_bytes_free(&text);
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dError err;
    int visits = 0;
    for (long fail_at = 1;; fail_at++) {
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        R2dStatus status = r2d_xml_read(&unit.alloc, R2D_VIEW(list), count_visit, &visits, &err);
        assert_int_equal(unit.live, 0);
        if (status == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_have_text_and_parents_close_after_them),
        cmocka_unit_test(every_split_reads_the_same),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(the_visitor_can_stop),
        cmocka_unit_test(entities_and_broken_text_are_refused),
        cmocka_unit_test(depth_and_text_are_bounded),
        cmocka_unit_test(random_bytes_never_hurt),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
