/* test_scan_json.c - lines become rows, the same however the input is cut. */
#include "unit.h"

#include "decode/scan_json.h"
#include "source_memory.h"
#include "split_source.h"

#include <stdio.h>

static const R2dView names[] = {{"c0", 2}, {"c1", 2}, {"c2", 2}, {"c3_1", 4}, {"quo\"te", 6}};
enum { NAMES = 5, LINE_LIMIT = 6000, DEPTH_LIMIT = 40 };
static const R2dScanJsonOptions options = {names, NAMES, LINE_LIMIT, DEPTH_LIMIT};

static const char *const kinds[] = {"absent", "null",  "string", "number",
                                    "true",   "false", "nested"};

static void log_row(R2dBytes *log, const R2dRow *row, bool bad, const R2dReason *reason)
{
    assert_true(r2d_bytes_appendf(log, "%d:", (int)row->number));
    if (bad) {
        assert_true(r2d_bytes_appendf(log, "%s (%s)\n", reason->code, reason->text));
        return;
    }
    for (int i = 0; i < row->value_count; i++) {
        const R2dValue *value = &row->values[i];
        if (value->kind == R2D_VALUE_ABSENT)
            continue;
        assert_true(r2d_bytes_appendf(log, " %d=%s%s%s", i, kinds[value->kind],
                                      value->escaped ? "+escaped" : "",
                                      value->control ? "+control" : ""));
        if (value->kind == R2D_VALUE_STRING || value->kind == R2D_VALUE_NUMBER ||
            value->kind == R2D_VALUE_NESTED) {
            assert_true(r2d_bytes_append_char(log, '<'));
            assert_true(r2d_bytes_append_view(log, value->raw));
            assert_true(r2d_bytes_append_char(log, '>'));
        }
    }
    assert_true(r2d_bytes_append_char(log, '\n'));
}

static R2dScanJson *open_scan(const R2dAlloc *alloc, R2dView text, size_t chunk, bool again)
{
    R2dError err;
    R2dSource *source = r2d_source_memory_open(alloc, text, chunk, again);
    return source != NULL ? r2d_scan_json_open(alloc, source, &options, &err) : NULL;
}

/* All rows of a scan, one line each, into log. */
static R2dStatus log_rows(R2dScanJson *scan, R2dBytes *log)
{
    R2dRow row;
    R2dReason reason;
    R2dError err;
    bool bad;
    R2dStatus status;
    if (scan == NULL)
        return R2D_FAILED;
    while ((status = r2d_scan_json_next(scan, &row, &bad, &reason, &err)) == R2D_OK ||
           status == R2D_AGAIN) {
        if (status == R2D_OK)
            log_row(log, &row, bad, &reason);
    }
    r2d_scan_json_close(scan);
    return status;
}

static R2dStatus scan(const R2dAlloc *alloc, R2dView text, size_t chunk, bool again, R2dBytes *log)
{
    return log_rows(open_scan(alloc, text, chunk, again), log);
}

static void expect_every_cut(R2dView text, const char *expected)
{
    for (size_t cut = 0; cut <= text.len; cut++) {
        R2dBytes log;
        R2dSource *source = split_source_open(text, cut);
        r2d_bytes_init(&log, &r2d_alloc_libc);
        assert_int_equal(
            log_rows(r2d_scan_json_open(&r2d_alloc_libc, source, &options, NULL), &log), R2D_END);
        assert_string_equal(log.len > 0 ? r2d_bytes_text(&log) : "", expected);
        r2d_bytes_free(&log);
    }
}

/* Scans the text cut in two at every byte, and at every chunk size with and without R2D_AGAIN, and
 * expects the same log. */
static void expect_view(R2dView text, const char *expected)
{
    expect_every_cut(text, expected);
    for (size_t chunk = 0; chunk <= text.len && chunk < 300; chunk++) {
        for (int again = 0; again < 2; again++) {
            R2dBytes log;
            r2d_bytes_init(&log, &r2d_alloc_libc);
            assert_int_equal(scan(&r2d_alloc_libc, text, chunk, again != 0, &log), R2D_END);
            assert_string_equal(log.len > 0 ? r2d_bytes_text(&log) : "", expected);
            r2d_bytes_free(&log);
        }
    }
}

static void expect(const char *text, const char *expected)
{
    expect_view(r2d_view_of(text), expected);
}

static void values_of_every_kind_are_lent_as_they_stand(void **state)
{
    (void)state;
    expect("{\"c0\":1,\"c1\":\"text\",\"c2\":null,\"c3_1\":true,\"quo\\\"te\":false}\n",
           "1: 0=number<1> 1=string<text> 2=null 3=true 4=false\n");
    expect(
        "{\"c0\":-0.5e+10,\"c1\":\"\",\"c2\":[1,{\"a\":[]},{}],\"c3_1\":{\"x\":\"}\"}}\n",
        "1: 0=number<-0.5e+10> 1=string<> 2=nested<[1,{\"a\":[]},{}]> 3=nested<{\"x\":\"}\"}>\n");
    expect("{}\n", "1:\n");
}

static void keys_may_come_in_any_order_and_unknown_ones_are_passed_over(void **state)
{
    (void)state;
    expect("{\"c2\":2,\"other\":{\"c0\":7},\"c0\":0,\"\\u0063\\u0031\":1}\n",
           "1: 0=number<0> 1=number<1> 2=number<2>\n");
    expect("{\"c\":1,\"c00\":2,\"\":3,\"c3_1\":4,\"c3\":5}\n", "1: 3=number<4>\n");
}

static void blanks_bare_booleans_and_carriage_returns_are_tolerated(void **state)
{
    (void)state;
    expect(" { \"c0\" :\t1 , \"c1\": t ,\"c2\":f } \r\n{\"c0\":[ 1 , { \"a\" : null } ]}\r\n",
           "1: 0=number<1> 1=true 2=false\n2: 0=nested<[ 1 , { \"a\" : null } ]>\n");
}

static void a_last_line_without_newline_is_a_row(void **state)
{
    (void)state;
    expect("{\"c0\":1}\n{\"c0\":2}", "1: 0=number<1>\n2: 0=number<2>\n");
    expect("", "");
    expect("{\"c0\":1}\n\n{\"c0\":3}\n",
           "1: 0=number<1>\n2:row_empty (the line is empty, at byte 1 of the line)\n3: "
           "0=number<3>\n");
}

static void strings_keep_their_escapes_and_say_what_they_contain(void **state)
{
    (void)state;
    expect("{\"c0\":\"a\\\"b\\\\\",\"c1\":\"\\u00e9\\uD83D\\uDE00\\n\",\"c2\":\"a\tb\"}\n",
           "1: 0=string+escaped<a\\\"b\\\\> 1=string+escaped<\\u00e9\\uD83D\\uDE00\\n> "
           "2=string+control<a\tb>\n");
    expect("{\"c0\":\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 and a long tail of plain text\","
           "\"c1\":\"0123456789abcdef0123456789abcdef\\u0000\"}\n",
           "1: 0=string<\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 and a long tail of plain text> "
           "1=string+escaped<0123456789abcdef0123456789abcdef\\u0000>\n");
}

static void bad_lines_are_bad_rows_and_the_next_line_goes_on(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *code;
        int at;
    } bad[] = {
        {"{\"c0\":1", "row_syntax", 8},
        {"{\"c0\":1}x", "row_syntax", 9},
        {"{\"c0\":1}{", "row_syntax", 9},
        {"{\"c0\":1,}", "row_syntax", 9},
        {"{\"c0\" 1}", "row_syntax", 7},
        {"{\"c0\":}", "row_syntax", 7},
        {"{\"c0\":", "row_syntax", 7},
        {"[1]", "row_syntax", 1},
        {"1", "row_syntax", 1},
        {"{\"c0\":01}", "row_syntax", 7},
        {"{\"c0\":1.}", "row_syntax", 7},
        {"{\"c0\":-}", "row_syntax", 7},
        {"{\"c0\":1e}", "row_syntax", 7},
        {"{\"c0\":.5}", "row_syntax", 7},
        {"{\"c0\":+5}", "row_syntax", 7},
        {"{\"c0\":NaN}", "row_syntax", 7},
        {"{\"c0\":truex}", "row_syntax", 7},
        {"{\"c0\":tr}", "row_syntax", 7},
        {"{\"c0\":[1,]}", "row_syntax", 10},
        {"{\"c0\":[1}", "row_syntax", 9},
        {"{\"c0\":{\"a\":1]}", "row_syntax", 13},
        {"{\"c0\":{1:1}}", "row_syntax", 8},
        {"{\"c0\":{\"a\"}}", "row_syntax", 11},
        {"{\"c0\":[t]}", "row_syntax", 8},
        {"{\"c0\":\"open}", "row_syntax", 7},
        {"{\"c0\":\"open\\\"}", "row_syntax", 7},
        {"{\"c0\":\"\\x\"}", "row_escape", 8},
        {"{\"c0\":\"\\u12\"}", "row_escape", 8},
        {"{\"c0\":\"\\u12g4\"}", "row_escape", 8},
        {"{\"c0\":\"a\\uD800\"}", "row_escape", 9},
        {"{\"c0\":\"a\\uD800\\u0041\"}", "row_escape", 9},
        {"{\"c0\":\"a\\uDC00\"}", "row_escape", 9},
        {"{\"c0\":[\"\\uDC00\"]}", "row_escape", 9},
        {"{\"c0\":\"a\xC3\"}", "row_utf8", 9},
        {"{\"c0\":\"a\xC0\x80\"}", "row_utf8", 9},
        {"{\"c0\":\"a\xE0\x80\x80\"}", "row_utf8", 9},
        {"{\"c0\":\"a\xED\xA0\x80\"}", "row_utf8", 9},
        {"{\"c0\":\"a\xF4\x90\x80\x80\"}", "row_utf8", 9},
        {"{\"c0\":\"a\x80\"}", "row_utf8", 9},
        {"{\"c0\":\"a\xFF\"}", "row_utf8", 9},
        {"{\"c0\":\"0123456789abcdef\xE2\x82\"}", "row_utf8", 24},
        {"{\"zz\xFF\":1}", "row_utf8", 5},
        {"{\"c0\":1,\"c0\":2}", "row_duplicate", 9},
        {"{\"c0\":null,\"\\u00630\":2}", "row_duplicate", 12},
        {"\xEF\xBB\xBF{}", "row_syntax", 1},
        {" ", "row_empty", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        R2dBytes text, log;
        char expected[100];
        r2d_bytes_init(&text, &r2d_alloc_libc);
        r2d_bytes_init(&log, &r2d_alloc_libc);
        assert_true(r2d_bytes_appendf(&text, "%s\n{\"c0\":1}\n", bad[i].line));
        for (size_t chunk = 0; chunk < text.len; chunk++) {
            log.len = 0;
            assert_int_equal(
                scan(&r2d_alloc_libc, r2d_bytes_view(&text), chunk, chunk % 2 == 1, &log), R2D_END);
            snprintf(expected, sizeof expected, "1:%s (", bad[i].code);
            if (strncmp(r2d_bytes_text(&log), expected, strlen(expected)) != 0)
                fail_msg("%s: %s", bad[i].line, r2d_bytes_text(&log));
            snprintf(expected, sizeof expected, ", at byte %d of the line)\n2: 0=number<1>\n",
                     bad[i].at);
            if (strstr(r2d_bytes_text(&log), expected) == NULL)
                fail_msg("%s: %s", bad[i].line, r2d_bytes_text(&log));
        }
        r2d_bytes_free(&text);
        r2d_bytes_free(&log);
    }
}

static void zero_bytes_are_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"c0\":\"a\0b\"}\n{\"c0\":\0}\n\0\n";
    expect_view(r2d_view(text, sizeof text - 1),
                "1:row_zero_byte (a zero byte stands in the text, at byte 9 of the line)\n"
                "2:row_syntax (there is no valid value, at byte 7 of the line)\n"
                "3:row_syntax (the line is no JSON object, at byte 1 of the line)\n");
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    for (int depth = DEPTH_LIMIT - 1; depth <= DEPTH_LIMIT + 1; depth++) {
        R2dBytes text, log;
        r2d_bytes_init(&text, &r2d_alloc_libc);
        r2d_bytes_init(&log, &r2d_alloc_libc);
        assert_true(r2d_bytes_append_text(&text, "{\"c0\":"));
        for (int i = 0; i < depth; i++)
            assert_true(r2d_bytes_append_text(&text, i % 2 == 0 ? "[" : "{\"a\":"));
        assert_true(r2d_bytes_append_text(&text, "1"));
        for (int i = depth - 1; i >= 0; i--)
            assert_true(r2d_bytes_append_text(&text, i % 2 == 0 ? "]" : "}"));
        assert_true(r2d_bytes_append_text(&text, "}"));
        assert_int_equal(scan(&r2d_alloc_libc, r2d_bytes_view(&text), 0, false, &log), R2D_END);
        const char *expected = depth > DEPTH_LIMIT ? "1:row_nesting" : "1: 0=nested";
        assert_memory_equal(r2d_bytes_text(&log), expected, strlen(expected));
        r2d_bytes_free(&text);
        r2d_bytes_free(&log);
    }
}

/* A line of `len` bytes: {"c0":"xxx"} */
static void append_line(R2dBytes *text, size_t len)
{
    assert_true(r2d_bytes_append_text(text, "{\"c0\":\""));
    for (size_t i = strlen("{\"c0\":\"\"}"); i < len; i++)
        assert_true(r2d_bytes_append_char(text, 'x'));
    assert_true(r2d_bytes_append_text(text, "\"}\n"));
}

static void long_lines_are_not_held(void **state)
{
    (void)state;
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    append_line(&text, LINE_LIMIT);
    append_line(&text, LINE_LIMIT + 1);
    append_line(&text, 1000000);
    append_line(&text, 20);
    for (size_t chunk = 0; chunk < 20000; chunk = chunk * 2 + 33) {
        UnitAlloc unit;
        unit_alloc_init(&unit);
        R2dScanJson *scan = open_scan(&unit.alloc, r2d_bytes_view(&text), chunk, false);
        R2dRow row;
        R2dReason reason;
        R2dError err;
        for (int i = 1; i <= 4; i++) {
            bool bad;
            assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_OK);
            assert_int_equal(row.number, i);
            assert_true(bad == (i == 2 || i == 3));
            assert_int_equal(row.line.len, i == 1 ? LINE_LIMIT : i == 4 ? 20 : 4096);
            if (bad)
                assert_string_equal(reason.code, "row_length");
        }
        bool bad;
        assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_END);
        r2d_scan_json_close(scan);
        assert_int_equal(unit.live, 0);
        assert_true(unit.largest <= 4 * LINE_LIMIT); /* however long the line is */
    }
    r2d_bytes_free(&text);
}

static void rows_are_skipped_without_being_renumbered(void **state)
{
    (void)state;
    static const char text[] = "{\"c0\":1}\n\nrubbish\n{\"c0\":4}\n{\"c0\":5}";
    for (size_t chunk = 0; chunk < sizeof text; chunk++) {
        for (int64_t count = 0; count <= 7; count++) {
            R2dScanJson *scan = open_scan(&r2d_alloc_libc, r2d_view_of(text), chunk, chunk % 2);
            R2dRow row;
            R2dReason reason;
            R2dError err;
            bool bad;
            int64_t left = count;
            R2dStatus status;
            while ((status = r2d_scan_json_skip(scan, left, &left, &err)) == R2D_AGAIN)
                ;
            assert_int_equal(status, count > 5 ? R2D_END : R2D_OK);
            assert_int_equal(left, count > 5 ? count - 5 : 0);
            while ((status = r2d_scan_json_next(scan, &row, &bad, &reason, &err)) == R2D_AGAIN)
                ;
            assert_int_equal(status, count >= 5 ? R2D_END : R2D_OK);
            if (status == R2D_OK)
                assert_int_equal(row.number, count + 1);
            r2d_scan_json_close(scan);
        }
    }
}

/* A source that delivers a little and then fails, and notes that it was closed. */
typedef struct BrokenSource {
    R2dSource source;
    int reads;
    bool closed;
} BrokenSource;

static R2dStatus broken_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    *chunk = R2D_VIEW("{\"c0\":1}\n{\"c0\"");
    return ((BrokenSource *)source)->reads++ == 0 ? R2D_OK : r2d_fail(err, R2D_ERR_NETWORK, "cut");
}

static void broken_close(R2dSource *source)
{
    ((BrokenSource *)source)->closed = true;
}

static void failures_of_the_source_are_passed_on(void **state)
{
    (void)state;
    static const R2dSourceOps ops = {.read = broken_read, .close = broken_close};
    BrokenSource broken = {.source = {&ops}};
    R2dRow row;
    R2dReason reason;
    R2dError err;
    bool bad;
    R2dScanJson *scan = r2d_scan_json_open(&r2d_alloc_libc, &broken.source, &options, &err);
    assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_OK);
    assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_FAILED);
    assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_FAILED);
    assert_string_equal(err.message, "cut");
    r2d_scan_json_close(scan);
    assert_true(broken.closed);
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    static const char text[] = "{\"c0\":1}\n{\"\\u0063\\u0031\":2}\n";
    R2dStatus status = R2D_FAILED;
    for (long fail_at = 1; status == R2D_FAILED; fail_at++) {
        UnitAlloc unit;
        R2dBytes log;
        unit_alloc_init(&unit);
        r2d_bytes_init(&log, &r2d_alloc_libc);
        unit.fail_at = fail_at;
        status = scan(&unit.alloc, r2d_view_of(text), 5, false, &log);
        assert_int_equal(unit.live, 0);
        r2d_bytes_free(&log);
    }
    assert_int_equal(status, R2D_END);
}

static void rows_within_a_chunk_cost_no_allocation(void **state)
{
    (void)state;
    static const char text[] = "{\"c0\":1}\n{\"c0\":\"two\\n\"}\n{\"c0\":[3]}\n";
    UnitAlloc unit;
    R2dRow row;
    R2dReason reason;
    R2dError err;
    bool bad;
    unit_alloc_init(&unit);
    R2dScanJson *scan = open_scan(&unit.alloc, r2d_view_of(text), 0, false);
    long calls = unit.calls;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_OK);
        assert_true(row.line.data >= text && row.line.data < text + sizeof text);
    }
    assert_int_equal(unit.calls, calls);
    r2d_scan_json_close(scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_lent_as_they_stand),
        cmocka_unit_test(keys_may_come_in_any_order_and_unknown_ones_are_passed_over),
        cmocka_unit_test(blanks_bare_booleans_and_carriage_returns_are_tolerated),
        cmocka_unit_test(a_last_line_without_newline_is_a_row),
        cmocka_unit_test(strings_keep_their_escapes_and_say_what_they_contain),
        cmocka_unit_test(bad_lines_are_bad_rows_and_the_next_line_goes_on),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(long_lines_are_not_held),
        cmocka_unit_test(rows_are_skipped_without_being_renumbered),
        cmocka_unit_test(failures_of_the_source_are_passed_on),
        cmocka_unit_test(failed_allocations_leak_nothing),
        cmocka_unit_test(rows_within_a_chunk_cost_no_allocation),
    };
    return cmocka_run_group_tests_name("scan_json", tests, NULL, NULL);
}
