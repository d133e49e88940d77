/* test_json.c - the control-plane JSON reader takes what RFC 8259 calls JSON, and nothing else. */
#include "unit.h"

#include "base/json.h"

#include <math.h>

static R2dJson *parse(const char *text)
{
    R2dJson *json;
    R2dError err;
    if (r2d_json_parse(&r2d_alloc_libc, r2d_view_of(text), &json, &err) != R2D_OK)
        fail_msg("%s: %s", text, err.message);
    return json;
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    R2dJson *json = parse(" {\"s\":\"a\\u00e9\\n\",\"i\":-42,\"d\":2.5,\"t\":true,\"n\":null,"
                          "\"a\":[1,null,\"x\"],\"o\":{\"p\":1}}\n");
    R2dJsonNode root = r2d_json_root(json);
    R2dView text;
    int64_t integer;
    double number;
    bool yes = false;
    assert_true(r2d_json_is_object(root));
    assert_true(r2d_json_text(r2d_json_member(root, "s"), &text));
    assert_view(text, "a\xC3\xA9\n");
    assert_true(r2d_json_int64(r2d_json_member(root, "i"), &integer));
    assert_int_equal(integer, -42);
    assert_true(r2d_json_double(r2d_json_member(root, "d"), &number));
    assert_true(number == 2.5);
    assert_true(r2d_json_double(r2d_json_member(root, "i"), &number));
    assert_true(number == -42);
    assert_true(r2d_json_bool(r2d_json_member(root, "t"), &yes));
    assert_true(yes);
    R2dJsonNode array = r2d_json_member(root, "a");
    assert_int_equal(r2d_json_length(array), 3);
    assert_true(r2d_json_is_null(r2d_json_element(array, 1)));
    assert_true(r2d_json_text(r2d_json_element(array, 2), &text));
    assert_true(r2d_json_is_object(r2d_json_member(root, "o")));
    r2d_json_free(json);
}

static void absent_and_null_differ(void **state)
{
    (void)state;
    R2dJson *json = parse("{\"n\":null}");
    R2dJsonNode root = r2d_json_root(json);
    assert_true(r2d_json_is_null(r2d_json_member(root, "n")));
    assert_non_null(r2d_json_member(root, "n"));
    assert_null(r2d_json_member(root, "m"));
    assert_false(r2d_json_is_null(r2d_json_member(root, "m")));
    r2d_json_free(json);
    json = parse("null");
    assert_true(r2d_json_is_null(r2d_json_root(json)));
    r2d_json_free(json);
}

static bool count_visit(void *context, R2dView name, R2dJsonNode value)
{
    (void)name, (void)value;
    return ++*(int *)context < 2;
}

static void accessors_are_harmless_on_the_wrong_type(void **state)
{
    (void)state;
    R2dJson *json = parse("[\"text\",7,null,{}]");
    R2dJsonNode array = r2d_json_root(json);
    R2dJsonNode nodes[] = {NULL,
                           array,
                           r2d_json_element(array, 0),
                           r2d_json_element(array, 1),
                           r2d_json_element(array, 2),
                           r2d_json_element(array, 3)};
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        R2dView text;
        int64_t integer;
        double number;
        bool yes;
        int visits = 0;
        assert_int_equal(r2d_json_text(nodes[i], &text), i == 2);
        assert_int_equal(r2d_json_int64(nodes[i], &integer), i == 3);
        assert_int_equal(r2d_json_double(nodes[i], &number), i == 3);
        assert_false(r2d_json_bool(nodes[i], &yes));
        assert_int_equal(r2d_json_is_null(nodes[i]), i == 4);
        assert_int_equal(r2d_json_length(nodes[i]), i == 1 ? 4 : 0);
        assert_null(r2d_json_member(nodes[i], "x"));
        assert_null(r2d_json_element(nodes[i], 4));
        assert_null(r2d_json_element(nodes[i], -1));
        r2d_json_each(nodes[i], count_visit, &visits);
        assert_int_equal(visits, 0);
    }
    r2d_json_free(json);
    r2d_json_free(NULL);
    assert_null(r2d_json_root(NULL));
}

typedef struct Names {
    char text[32];
} Names;

static bool note_name(void *context, R2dView name, R2dJsonNode value)
{
    Names *names = context;
    assert_non_null(value);
    strncat(names->text, name.data, name.len);
    return true;
}

static void members_are_visited_in_order_until_told_to_stop(void **state)
{
    (void)state;
    R2dJson *json = parse("{\"z\":1,\"a\":null,\"m\":[]}");
    Names names = {""};
    r2d_json_each(r2d_json_root(json), note_name, &names);
    assert_string_equal(names.text, "zam");
    int visits = 0;
    r2d_json_each(r2d_json_root(json), count_visit, &visits);
    assert_int_equal(visits, 2);
    r2d_json_free(json);
}

static void integers_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } cases[] = {
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775807", true, -INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"123456789012345678901234567890", false, 0},
        {"18446744073709551615", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"\"5\"", false, 0},
        {"0", true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dJson *json = parse(cases[i].text);
        int64_t value = 0;
        assert_int_equal(r2d_json_int64(r2d_json_root(json), &value), cases[i].fits);
        assert_true(value == cases[i].value);
        r2d_json_free(json);
    }
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",          " ",        "{",         "}",         "[1,",    "[1,]",
        "{\"a\":}",  "{a:1}",    "{'a':1}",   "\"open",    "\"\t\"", "tru",
        "nul",       "01",       "1 2",       "{} {}",     "{}x",    "// c\n1",
        "NaN",       "Infinity", "-Infinity", "+1",        ".5",     "1.",
        "1e",        "-",        "\"\\x41\"", "\"\\u12\"", "[1 2]",  "{\"a\"}",
        "{\"a\" 1}", "TRUE",     "\"\xFF\"",  "nan",       "Null",   "00",
        "-01",       "[01]",     "[NaN]",     "[1.,2]",    "[1e]",   "{\"a\nb\":1}",
        "1\v",       "--1",      "1-2",       "[,1]",      "{,}",    "{\"a\":1,}",
        "\"\xC3\"",  "/**/1",    "[1 , ]",    "[,]",       "[1,,2]", "{\"a\":1 , }",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dJson *json;
        R2dError err;
        R2dStatus status = r2d_json_parse(&r2d_alloc_libc, r2d_view_of(cases[i]), &json, &err);
        if (status != R2D_FAILED)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(err.kind, R2D_ERR_DATA);
        assert_null(json);
    }
    R2dJson *json;
    assert_int_equal(r2d_json_parse(&r2d_alloc_libc, r2d_view("1\0x", 3), &json, NULL), R2D_FAILED);
    assert_int_equal(r2d_json_parse(&r2d_alloc_libc, r2d_view("{}\0", 3), &json, NULL), R2D_FAILED);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[200001];
    R2dJson *json;
    R2dError err;
    memset(text, '[', 200000);
    text[200000] = '\0';
    assert_int_equal(r2d_json_parse(&r2d_alloc_libc, r2d_view_of(text), &json, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    memset(text, '[', 60);
    memset(text + 60, ']', 60);
    assert_int_equal(r2d_json_parse(&r2d_alloc_libc, r2d_view(text, 120), &json, &err), R2D_OK);
    r2d_json_free(json);
}

static void random_bytes_never_hurt(void **state)
{
    (void)state;
    static const char alphabet[] = "{}[]\",:\\ntruefalse0123456789.eE+-u \xC3\xA9\xFF";
    uint32_t seed = 1;
    char text[64];
    int accepted = 0;
    for (int round = 0; round < 200000; round++) {
        size_t len = 0, want = (seed >> 8) % sizeof text;
        for (; len < want; len++) {
            seed = seed * 1664525 + 1013904223;
            text[len] = (seed >> 28) == 0 ? (char)(seed >> 16)
                                          : alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        seed = seed * 1664525 + 1013904223;
        R2dJson *json;
        accepted += r2d_json_parse(&r2d_alloc_libc, r2d_view(text, len), &json, NULL) == R2D_OK;
        r2d_json_free(json);
    }
    assert_true(accepted > 0);
}

static void strings_are_written_as_json_reads_them(void **state)
{
    (void)state;
    char raw[256];
    R2dBytes out;
    R2dJson *json;
    R2dView text;
    for (int i = 0; i < 128; i++)
        raw[i] = (char)i;
    memcpy(raw + 128, "\xE2\x82\xAC", 3);
    r2d_bytes_init(&out, &r2d_alloc_libc);
    assert_true(r2d_json_append_string(&out, r2d_view(raw, 131)));
    assert_int_equal(r2d_json_parse(&r2d_alloc_libc, r2d_bytes_view(&out), &json, NULL), R2D_OK);
    assert_true(r2d_json_text(r2d_json_root(json), &text));
    assert_true(r2d_view_equal(text, r2d_view(raw, 131)));
    r2d_json_free(json);
    out.len = 0;
    assert_true(r2d_json_append_string(&out, R2D_VIEW("a\"\\\n\x01/")));
    assert_view(r2d_bytes_view(&out), "\"a\\\"\\\\\\n\\u0001/\"");
    out.len = 0;
    assert_true(r2d_json_append_string(&out, r2d_view(NULL, 0)));
    assert_view(r2d_bytes_view(&out), "\"\"");
    r2d_bytes_free(&out);
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    UnitAlloc unit;
    unit_alloc_init(&unit);
    unit.fail_at = 1;
    R2dJson *json;
    R2dError err;
    assert_int_equal(r2d_json_parse(&unit.alloc, R2D_VIEW("{}"), &json, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_MEMORY);
    assert_null(json);
    unit_alloc_init(&unit);
    R2dBytes out;
    r2d_bytes_init(&out, &unit.alloc);
    assert_true(r2d_bytes_append_text(&out, "keep"));
    unit.fail_at = unit.calls + 1;
    char raw[100] = {0};
    assert_false(r2d_json_append_string(&out, r2d_view(raw, sizeof raw)));
    assert_view(r2d_bytes_view(&out), "keep");
    r2d_bytes_free(&out);
    assert_int_equal(unit.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(absent_and_null_differ),
        cmocka_unit_test(accessors_are_harmless_on_the_wrong_type),
        cmocka_unit_test(members_are_visited_in_order_until_told_to_stop),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(random_bytes_never_hurt),
        cmocka_unit_test(strings_are_written_as_json_reads_them),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
