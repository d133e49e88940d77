/* test_item.c - values become attributes exactly, or are refused with a reason. */
#include "item_fixture.h"

#include <stdio.h>

/* Encodes {"c0":"x",<members>} and expects `attributes` behind the key; `bytes` is the size of
 * those attributes. */
static void expect(const char *members, const char *attributes, size_t bytes)
{
    R2dBytes line, request;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    r2d_bytes_init(&request, &r2d_alloc_libc);
    assert_true(
        r2d_bytes_appendf(&line, "{\"c0\":\"x\"%s%s}\n", *members != '\0' ? "," : "", members));
    assert_true(r2d_bytes_appendf(&request, "{\"PutRequest\":{\"Item\":{\"k\":{\"S\":\"x\"}%s%s}}}",
                                  *attributes != '\0' ? "," : "", attributes));
    Outcome *outcome = encode(r2d_bytes_view(&line));
    if (outcome->status != R2D_OK)
        fail_msg("%s: %s", members, outcome->reason.text);
    outcome->request.data[outcome->request.len] = '\0';
    if (!r2d_view_equal(r2d_bytes_view(&request),
                        r2d_view(outcome->request.data + 6, outcome->item.request_bytes)))
        fail_msg("%s: %s", members, outcome->request.data + 6);
    assert_int_equal(outcome->item.item_bytes, 2 + bytes);
    r2d_bytes_free(&line);
    r2d_bytes_free(&request);
}

static void expect_rejected(const char *members, const char *code)
{
    R2dBytes line;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    assert_true(r2d_bytes_appendf(&line, "{\"c0\":\"x\",%s}\n", members));
    Outcome *outcome = encode(r2d_bytes_view(&line));
    if (outcome->status != R2D_END || strcmp(outcome->reason.code, code) != 0)
        fail_msg("%s: %s", members,
                 outcome->status == R2D_END ? outcome->reason.code : "not rejected");
    if (strstr(outcome->reason.text, "column \"v\"") == NULL)
        fail_msg("%s", outcome->reason.text);
    r2d_bytes_free(&line);
}

static void text_is_copied_byte_for_byte(void **state)
{
    (void)state;
    expect("\"c1\":\"plain\"", "\"v\":{\"S\":\"plain\"}", 6);
    expect("\"c1\":\"\"", "\"v\":{\"S\":\"\"}", 1);
    expect("\"c1\":\"q\\\"b\\\\s\\/\\n\\u0000\"", "\"v\":{\"S\":\"q\\\"b\\\\s\\/\\n\\u0000\"}", 9);
    expect("\"c1\":\"\\u00e9\\u20AC\\uD83D\\uDE00\"",
           "\"v\":{\"S\":\"\\u00e9\\u20AC\\uD83D\\uDE00\"}", 10);
    expect("\"c1\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
           "\"v\":{\"S\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}", 10);
    expect("\"c1\":\"a\tb\x01\"", "\"v\":{\"S\":\"a\\u0009b\\u0001\"}", 5);
    expect("\"c1\":\"!  \"", "\"v\":{\"S\":\"!  \"}", 4);
    expect_rejected("\"c1\":5", "value_type");
    expect_rejected("\"c1\":true", "value_type");
    expect_rejected("\"c1\":[]", "value_type");
}

static void null_is_left_out_or_written(void **state)
{
    (void)state;
    for (int type = R2D_COL_INTEGER; type <= R2D_COL_EWKT; type++) {
        of_type((R2dColumnType)type);
        fixture.columns[1].null_rule = R2D_NULL_OMIT;
        expect("\"c1\":null", "", 0);
        expect("", "", 0);
        fixture.columns[1].null_rule = R2D_NULL_WRITE;
        expect("\"c1\":null", "\"v\":{\"NULL\":true}", 2);
    }
}

static void numbers_are_written_as_they_stand(void **state)
{
    (void)state;
    of_type(R2D_COL_INTEGER);
    expect("\"c1\":-9223372036854775808", "\"v\":{\"N\":\"-9223372036854775808\"}", 13);
    expect("\"c1\":\"42\"", "\"v\":{\"N\":\"42\"}", 3);
    expect("\"c1\":\"\\u0034\\u0032\"", "\"v\":{\"N\":\"42\"}", 3);
    of_type(R2D_COL_DECIMAL);
    expect("\"c1\":\"-0.10\"", "\"v\":{\"N\":\"-0.10\"}", 4);
    expect("\"c1\":\"0.0000000000000000000000000000000000001\"",
           "\"v\":{\"N\":\"0.0000000000000000000000000000000000001\"}", 3);
    expect("\"c1\":\"99999999999999999999999999999999999999\"",
           "\"v\":{\"N\":\"99999999999999999999999999999999999999\"}", 21);
    expect("\"c1\":1.50e3", "\"v\":{\"N\":\"1.50e3\"}", 3);
    expect_rejected("\"c1\":\"999999999999999999999999999999999999999\"", "number_digits");
    expect_rejected("\"c1\":\"1e126\"", "number_range");
    expect_rejected("\"c1\":1e-131", "number_range");
    expect_rejected("\"c1\":\"NaN\"", "number_nan");
    expect_rejected("\"c1\":\"\"", "number_syntax");
    expect_rejected("\"c1\":\" 1\"", "number_syntax");
    expect_rejected("\"c1\":true", "value_type");
    expect_rejected("\"c1\":{}", "value_type");
}

static void floats_become_the_shortest_text_with_the_same_bits(void **state)
{
    (void)state;
    of_type(R2D_COL_DOUBLE);
    expect("\"c1\":\"0.10000000000000001\"", "\"v\":{\"N\":\"0.1\"}", 3);
    expect("\"c1\":\"3.1415926535897931\"", "\"v\":{\"N\":\"3.141592653589793\"}", 11);
    expect("\"c1\":\"-0\"", "\"v\":{\"N\":\"-0\"}", 2);
    expect("\"c1\":1.5", "\"v\":{\"N\":\"1.5\"}", 4);
    expect_rejected("\"c1\":\"1.7976931348623157e+308\"", "number_range");
    expect_rejected("\"c1\":\"4.9406564584124654e-324\"", "number_range");
    expect_rejected("\"c1\":\"1e400\"", "number_range");
    expect_rejected("\"c1\":\"-inf\"", "number_nan");
    expect_rejected("\"c1\":\"Infinity\"", "number_nan");
    expect_rejected("\"c1\":\"nan\"", "number_nan");
    of_type(R2D_COL_REAL);
    expect("\"c1\":\"0.10000000149011612\"", "\"v\":{\"N\":\"0.1\"}", 3);
    expect("\"c1\":\"3.4028234663852886e+38\"", "\"v\":{\"N\":\"3.4028235e+38\"}", 7);
    expect_rejected("\"c1\":\"1e39\"", "number_range");
}

/* The double next to 1e126 lies below it, and no text shorter than 17 digits says so. */
static void the_largest_double_in_range_is_written_with_17_digits(void **state)
{
    (void)state;
    of_type(R2D_COL_DOUBLE);
    expect("\"c1\":\"9.9999999999999977e+125\"", "\"v\":{\"N\":\"9.999999999999998e+125\"}", 10);
    expect("\"c1\":\"9.9999999999999992e+125\"", "\"v\":{\"N\":\"9.9999999999999992e+125\"}", 11);
    expect("\"c1\":\"-9.9999999999999992e+125\"", "\"v\":{\"N\":\"-9.9999999999999992e+125\"}", 12);
    expect("\"c1\":\"1e+126\"", "\"v\":{\"N\":\"9.9999999999999992e+125\"}", 11);
    expect_rejected("\"c1\":\"1.0000000000000001e+126\"", "number_range");
    expect_rejected("\"c1\":\"-1.0000000000000001e+126\"", "number_range");
    expect("\"c1\":\"1.0000000000000001e-130\"", "\"v\":{\"N\":\"1e-130\"}", 3);
    expect_rejected("\"c1\":\"9.9999999999999989e-131\"", "number_range");
    expect_rejected("\"c1\":\"1e-400\"", "number_range");
    expect_rejected("\"c1\":\"1.2345678901234567e-400\"", "number_range");
}

static void booleans_are_read_in_every_rendering(void **state)
{
    (void)state;
    of_type(R2D_COL_BOOLEAN);
    static const char *const yes[] = {"true", "t", "\"true\"", "\"t\""};
    static const char *const no[] = {"false", "f", "\"false\"", "\"f\""};
    for (int i = 0; i < 4; i++) {
        char member[32];
        snprintf(member, sizeof member, "\"c1\":%s", yes[i]);
        expect(member, "\"v\":{\"BOOL\":true}", 2);
        snprintf(member, sizeof member, "\"c1\":%s", no[i]);
        expect(member, "\"v\":{\"BOOL\":false}", 2);
    }
    expect_rejected("\"c1\":\"yes\"", "value_type");
    expect_rejected("\"c1\":1", "value_type");
    expect_rejected("\"c1\":\"\"", "value_type");
}

static void char_loses_its_padding(void **state)
{
    (void)state;
    of_type(R2D_COL_CHAR);
    expect("\"c1\":\"ab   \"", "\"v\":{\"S\":\"ab\"}", 3);
    expect("\"c1\":\"  ab\\n\\\\  \"", "\"v\":{\"S\":\"  ab\\n\\\\\"}", 7);
    expect("\"c1\":\"   \"", "\"v\":{\"S\":\"\"}", 1);
}

static void dates_have_one_shape(void **state)
{
    (void)state;
    of_type(R2D_COL_DATE);
    expect("\"c1\":\"2015-08-31\"", "\"v\":{\"S\":\"2015-08-31\"}", 11);
    expect("\"c1\":\"0001-01-01\"", "\"v\":{\"S\":\"0001-01-01\"}", 11);
    static const char *const bad_dates[] = {"!",          "0000-01-01", "2015-13-01", "2015-00-01",
                                            "2015-01-32", "2015-01-00", "15-01-01",   "10000-01-01",
                                            "2015-1-01",  "2015-02-30", "2015/01/01", ""};
    for (size_t i = 0; i < sizeof bad_dates / sizeof bad_dates[0]; i++) {
        char member[64];
        snprintf(member, sizeof member, "\"c1\":\"%s\"", bad_dates[i]);
        expect_rejected(member, "date_range");
    }
    expect_rejected("\"c1\":20150831", "date_range");
    of_type(R2D_COL_TIMESTAMP);
    expect("\"c1\":\"2015-08-31T23:59:59.123456\"", "\"v\":{\"S\":\"2015-08-31T23:59:59.123456\"}",
           27);
    of_type(R2D_COL_TIMESTAMP_TZ);
    expect("\"c1\":\"2015-08-31T23:59:59.123456\"", "\"v\":{\"S\":\"2015-08-31T23:59:59.123456Z\"}",
           28);
    static const char *const bad_times[] = {"!",
                                            "2015-08-31",
                                            "2015-08-31 23:59:59.123456",
                                            "2015-08-31T24:00:00.000000",
                                            "2015-08-31T23:60:00.000000",
                                            "2015-08-31T23:59:60.000000",
                                            "2015-08-31T23:59:59.12345",
                                            "2015-08-31T23:59:59.123456Z"};
    for (size_t i = 0; i < sizeof bad_times / sizeof bad_times[0]; i++) {
        char member[64];
        snprintf(member, sizeof member, "\"c1\":\"%s\"", bad_times[i]);
        expect_rejected(member, "date_range");
    }
}

static void intervals_become_iso_8601(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"1 year 2 mons -3 days +04:05:06.789", "P1Y2M-3DT4H5M6.789S"},
        {"1 years 2 mons", "P1Y2M"},
        {"-1 years -2 mons", "P-1Y-2M"},
        {"00:00:00", "PT0S"},
        {"0 days", "PT0S"},
        {"3 days", "P3D"},
        {"-04:05:06.5", "PT-4H-5M-6.5S"},
        {"-00:00:00.000001", "PT-0.000001S"},
        {"1 day 02:03:04.5678", "P1DT2H3M4.5678S"},
        {"1 day 00:00:00", "P1D"},
        {"178000000 years", "P178000000Y"},
        {"100:00:00.100", "PT100H0.1S"},
        {"1 days 2 hours 3 mins 4.5678 secs", "P1DT2H3M4.5678S"},
        {"1 mon", "P1M"},
    };
    of_type(R2D_COL_INTERVAL);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char member[100], attribute[100];
        snprintf(member, sizeof member, "\"c1\":\"%s\"", good[i][0]);
        snprintf(attribute, sizeof attribute, "\"v\":{\"S\":\"%s\"}", good[i][1]);
        expect(member, attribute, 1 + strlen(good[i][1]));
    }
    static const char *const bad[] = {"",
                                      "1",
                                      "year",
                                      "1 week",
                                      "1 day ",
                                      "1  day",
                                      "1 day 1 day",
                                      "1 day 1 year",
                                      "00:00",
                                      "00:60:00",
                                      "00:00:00.",
                                      "00:00:00x",
                                      "1.5 days",
                                      "1.5:00:00",
                                      "@ 1 day",
                                      "1 day 00:00:00 ago",
                                      "P1D",
                                      "--1 day",
                                      "!",
                                      "00:00:00 1 day",
                                      "1 hour 00:00:01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char member[64];
        snprintf(member, sizeof member, "\"c1\":\"%s\"", bad[i]);
        expect_rejected(member, "interval_syntax");
    }
}

static void hex_in_pieces_becomes_base64(void **state)
{
    (void)state;
    of_type(R2D_COL_BYTES);
    expect("\"c1\":\"\"", "\"v\":{\"B\":\"\"}", 1);
    expect("\"c1\":\"00\"", "\"v\":{\"B\":\"AA==\"}", 2);
    expect("\"c1\":\"0001\"", "\"v\":{\"B\":\"AAE=\"}", 3);
    expect("\"c1\":\"fffefd\"", "\"v\":{\"B\":\"//79\"}", 4);
    fixture.columns[1].piece_count = 3;
    expect("\"c1\":\"DEAD\",\"c1_1\":\"beef\",\"c1_2\":\"00\"", "\"v\":{\"B\":\"3q2+7wA=\"}", 6);
    expect("\"c1\":\"DEAD\",\"c1_1\":\"beef\",\"c1_2\":null", "\"v\":{\"B\":\"3q2+7w==\"}", 5);
    expect("\"c1\":\"DEAD\",\"c1_1\":\"\",\"c1_2\":\"\"", "\"v\":{\"B\":\"3q0=\"}", 3);
    expect("\"c1\":null,\"c1_1\":null,\"c1_2\":null", "", 0);
    expect_rejected("\"c1\":\"DEAD\",\"c1_1\":null,\"c1_2\":\"00\"", "bytes_syntax");
    expect_rejected("\"c1\":null,\"c1_1\":\"00\",\"c1_2\":null", "bytes_syntax");
    expect_rejected("\"c1\":\"DEA\"", "bytes_syntax");
    expect_rejected("\"c1\":\"xx\"", "bytes_syntax");
    expect_rejected("\"c1\":12", "bytes_syntax");
}

static void super_keeps_its_shape(void **state)
{
    (void)state;
    of_type(R2D_COL_SUPER);
    expect("\"c1\":{}", "\"v\":{\"M\":{}}", 4);
    expect("\"c1\":[]", "\"v\":{\"L\":[]}", 4);
    expect("\"c1\":[1,\"a\",true,false,null,[],{}]",
           "\"v\":{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"},{\"BOOL\":true},{\"BOOL\":false},"
           "{\"NULL\":true},{\"L\":[]},{\"M\":{}}]}",
           1 + 3 + 3 + 2 + 2 + 2 + 2 + 4 + 4);
    expect(
        "\"c1\": { \"a\" : 1.50 , \"b\\u00e9\" : { \"c\" : [ -0.0 ] } } ",
        "\"v\":{\"M\":{\"a\":{\"N\":\"1.50\"},\"b\\u00e9\":{\"M\":{\"c\":{\"L\":[{\"N\":\"-0.0\"}"
        "]}}}}}",
        1 + 3 + (2 + 3) + (3 + 1 + 3 + (2 + 3 + 1 + 1)));
    expect("\"c1\":[\"a\tb\",{\"x\ty\":\"\\\"]\"}]",
           "\"v\":{\"L\":[{\"S\":\"a\\u0009b\"},{\"M\":{\"x\\u0009y\":{\"S\":\"\\\"]\"}}}]}",
           1 + 3 + 4 + 1 + 3 + 4 + 2);
    expect("\"c1\":\"text\"", "\"v\":{\"S\":\"text\"}", 5);
    expect("\"c1\":12", "\"v\":{\"N\":\"12\"}", 3);
    expect("\"c1\":true", "\"v\":{\"BOOL\":true}", 2);
    expect("\"c1\":false", "\"v\":{\"BOOL\":false}", 2);
    expect("\"c1\":null", "", 0);
    expect_rejected("\"c1\":[1e126]", "number_range");
    expect_rejected("\"c1\":{\"a\":123456789012345678901234567890123456789}", "number_digits");
    expect_rejected("\"c1\":1e126", "number_range");
    expect_rejected("\"c1\":{\"\":1}", "attribute_name");
}

static void names_in_an_object_are_distinct_however_they_are_spelled(void **state)
{
    (void)state;
    of_type(R2D_COL_SUPER);
    expect_rejected("\"c1\":{\"a\":1,\"a\":2}", "duplicate_name");
    expect_rejected("\"c1\":[{\"a\":1,\"b\":{\"a\":1},\"\\u0061\":2}]", "duplicate_name");
    expect_rejected("\"c1\":{\"\\u00e9\":1,\"\xC3\xA9\":2}", "duplicate_name");
    expect_rejected("\"c1\":{\"a\":{\"b\":1,\"c\":{\"d\":1,\"e\":2,\"f\":3}},\"a\":2}",
                    "duplicate_name");
    expect("\"c1\":{\"a\":{\"a\":1},\"A\":2}",
           "\"v\":{\"M\":{\"a\":{\"M\":{\"a\":{\"N\":\"1\"}}},\"A\":{\"N\":\"2\"}}}",
           1 + 3 + 2 + 3 + 4 + 4);
    R2dBytes line;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    for (int duplicate = 0; duplicate < 2; duplicate++) {
        line.len = 0;
        assert_true(r2d_bytes_append_text(&line, "{\"c0\":\"x\",\"c1\":{"));
        for (int i = 0; i < 20000; i++)
            assert_true(r2d_bytes_appendf(&line, "%s\"name%d\":{\"x\":1}", i > 0 ? "," : "", i));
        assert_true(r2d_bytes_append_text(&line, duplicate ? ",\"\\u006eame12345\":0}}"
                                                           : ",\"\\u006eame20000\":0}}"));
        Outcome *outcome = encode(r2d_bytes_view(&line));
        assert_int_equal(outcome->status, duplicate ? R2D_END : R2D_OK);
        if (duplicate)
            assert_string_equal(outcome->reason.code, "duplicate_name");
    }
    r2d_bytes_free(&line);
}

static void nesting_ends_at_31_levels(void **state)
{
    (void)state;
    of_type(R2D_COL_SUPER);
    for (int depth = 30; depth <= 33; depth++) {
        R2dBytes line;
        r2d_bytes_init(&line, &r2d_alloc_libc);
        assert_true(r2d_bytes_append_text(&line, "{\"c0\":\"x\",\"c1\":"));
        for (int i = 0; i < depth; i++)
            assert_true(r2d_bytes_append_text(&line, i % 2 == 0 ? "[" : "{\"a\":"));
        assert_true(r2d_bytes_append_text(&line, "1"));
        for (int i = depth - 1; i >= 0; i--)
            assert_true(r2d_bytes_append_text(&line, i % 2 == 0 ? "]" : "}"));
        assert_true(r2d_bytes_append_text(&line, "}"));
        Outcome *outcome = encode(r2d_bytes_view(&line));
        assert_int_equal(outcome->status, depth <= 31 ? R2D_OK : R2D_END);
        if (depth > 31)
            assert_string_equal(outcome->reason.code, "nesting");
        r2d_bytes_free(&line);
    }
}

static void a_geometry_that_was_too_long_is_rejected(void **state)
{
    (void)state;
    of_type(R2D_COL_EWKT);
    expect("\"c1\":\"SRID=4326;POINT(1 2)\"", "\"v\":{\"S\":\"SRID=4326;POINT(1 2)\"}", 21);
    expect_rejected("\"c1\":\"!\"", "value_too_long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(text_is_copied_byte_for_byte),
        FIXTURE_TEST(null_is_left_out_or_written),
        FIXTURE_TEST(numbers_are_written_as_they_stand),
        FIXTURE_TEST(floats_become_the_shortest_text_with_the_same_bits),
        FIXTURE_TEST(the_largest_double_in_range_is_written_with_17_digits),
        FIXTURE_TEST(booleans_are_read_in_every_rendering),
        FIXTURE_TEST(char_loses_its_padding),
        FIXTURE_TEST(dates_have_one_shape),
        FIXTURE_TEST(intervals_become_iso_8601),
        FIXTURE_TEST(hex_in_pieces_becomes_base64),
        FIXTURE_TEST(super_keeps_its_shape),
        FIXTURE_TEST(names_in_an_object_are_distinct_however_they_are_spelled),
        FIXTURE_TEST(nesting_ends_at_31_levels),
        FIXTURE_TEST(a_geometry_that_was_too_long_is_rejected),
    };
    return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
