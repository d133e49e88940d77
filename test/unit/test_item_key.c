/* test_item_key.c - keys, sizes and limits of items are DynamoDB's. */
#include "item_fixture.h"

#include <stdio.h>

static void expect_key_rejected(const char *line, const char *code, const char *column)
{
    Outcome *outcome = encode(r2d_view_of(line));
    assert_int_equal(outcome->status, R2D_END);
    assert_string_equal(outcome->reason.code, code);
    if (strstr(outcome->reason.text, column) == NULL)
        fail_msg("%s", outcome->reason.text);
}

static void keys_must_have_a_value(void **state)
{
    (void)state;
    fixture.columns[1].key = R2D_KEY_SORT;
    expect_key_rejected("{\"c0\":null,\"c1\":\"s\"}", "key_null", "\"k\"");
    expect_key_rejected("{\"c0\":\"x\"}", "key_null", "\"v\"");
    expect_key_rejected("{\"c0\":\"\",\"c1\":\"s\"}", "key_empty", "\"k\"");
    expect_key_rejected("{\"c0\":\"x\",\"c1\":\"\"}", "key_empty", "\"v\"");
    fixture.columns[1].null_rule = R2D_NULL_WRITE;
    expect_key_rejected("{\"c0\":\"x\",\"c1\":null}", "key_null", "\"v\"");
    of_type(R2D_COL_BYTES);
    expect_key_rejected("{\"c0\":\"x\",\"c1\":\"\"}", "key_empty", "\"v\"");
    of_type(R2D_COL_CHAR);
    expect_key_rejected("{\"c0\":\"x\",\"c1\":\"  \"}", "key_empty", "\"v\"");
}

static void keys_have_a_largest_size(void **state)
{
    (void)state;
    fixture.columns[1].key = R2D_KEY_SORT;
    for (int bytes = 0; bytes < 2; bytes++) {
        if (bytes)
            fixture.columns[0].type = fixture.columns[1].type = R2D_COL_BYTES;
        for (int over = 0; over < 4; over++) {
            R2dBytes line;
            r2d_bytes_init(&line, &r2d_alloc_libc);
            assert_true(r2d_bytes_append_text(&line, "{\"c0\":\""));
            append_x(&line, (size_t)(2048 + (over & 1)), bytes ? "fe" : "\\u0041");
            assert_true(r2d_bytes_append_text(&line, "\",\"c1\":\""));
            append_x(&line, (size_t)(1024 + (over >> 1)), bytes ? "fe" : "x");
            assert_true(r2d_bytes_append_text(&line, "\"}"));
            Outcome *outcome = encode(r2d_bytes_view(&line));
            assert_int_equal(outcome->status, over == 0 ? R2D_OK : R2D_END);
            if (over != 0)
                assert_string_equal(outcome->reason.code, "key_size");
            r2d_bytes_free(&line);
        }
    }
}

static void equal_keys_have_equal_bytes_and_hashes(void **state)
{
    (void)state;
    static const struct {
        R2dColumnType type;
        const char *a;
        const char *b;
        bool equal;
    } pairs[] = {
        {R2D_COL_TEXT, "\"ab\"", "\"\\u0061b\"", true},
        {R2D_COL_TEXT, "\"\xC3\xA9\"", "\"\\u00e9\"", true},
        {R2D_COL_TEXT, "\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"", true},
        {R2D_COL_TEXT, "\"a\tb\"", "\"a\\tb\"", true},
        {R2D_COL_TEXT, "\"a\"", "\"A\"", false},
        {R2D_COL_TEXT, "\"1\"", "\"1.0\"", false},
        {R2D_COL_CHAR, "\"a \"", "\"a\"", true},
        {R2D_COL_INTEGER, "1", "\"1\"", true},
        {R2D_COL_DECIMAL, "\"1.50\"", "\"1.5\"", true},
        {R2D_COL_DECIMAL, "\"100\"", "\"1e2\"", true},
        {R2D_COL_DECIMAL, "\"-0\"", "\"0.00\"", true},
        {R2D_COL_DECIMAL, "\"1\"", "\"-1\"", false},
        {R2D_COL_DOUBLE, "\"0.10000000000000001\"", "\"0.1\"", true},
        {R2D_COL_BYTES, "\"ABCD\"", "\"abcd\"", true},
        {R2D_COL_BYTES, "\"ab\"", "\"abcd\"", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char line[200], first_keys[200];
        R2dItem first;
        fixture.columns[1].key = R2D_KEY_SORT;
        of_type(pairs[i].type);
        snprintf(line, sizeof line, "{\"c0\":\"x\",\"c1\":%s}", pairs[i].a);
        Outcome *outcome = encode(r2d_view_of(line));
        assert_int_equal(outcome->status, R2D_OK);
        first = outcome->item;
        memcpy(first_keys, outcome->keys.data, outcome->keys.len);
        snprintf(line, sizeof line, "{\"c0\":\"x\",\"c1\":%s}", pairs[i].b);
        outcome = encode(r2d_view_of(line));
        assert_int_equal(outcome->status, R2D_OK);
        bool equal = first.key_bytes == outcome->item.key_bytes &&
                     memcmp(first_keys, outcome->keys.data, first.key_bytes + 1) == 0;
        if (equal != pairs[i].equal)
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
        assert_true((first.key_hash == outcome->item.key_hash) == equal);
        assert_true(first.partition_hash == outcome->item.partition_hash);
        assert_true(first.partition_hash != first.key_hash);
    }
}

static void keys_do_not_run_into_each_other(void **state)
{
    (void)state;
    fixture.columns[1].key = R2D_KEY_SORT;
    Outcome *outcome = encode(R2D_VIEW("{\"c0\":\"ab\",\"c1\":\"c\"}"));
    uint64_t hash = outcome->item.key_hash;
    outcome = encode(R2D_VIEW("{\"c0\":\"a\",\"c1\":\"bc\"}"));
    assert_true(hash != outcome->item.key_hash);
}

static void compare_canonical(const R2dMapping *mapping, const R2dRow *row, void *context)
{
    const R2dView *values = context;
    R2dBytes keys;
    encode_row(mapping, row, &fixture.outcome);
    r2d_bytes_init(&keys, &r2d_alloc_libc);
    assert_true(r2d_item_canonical_key(mapping, values[0], values[1], &keys));
    assert_int_equal(keys.len, fixture.outcome.item.key_bytes);
    assert_memory_equal(keys.data, fixture.outcome.keys.data + 1, keys.len);
    size_t len = keys.len;
    if (mapping->sort_key.type == 'N' || mapping->sort_key.type == 'B')
        assert_false(r2d_item_canonical_key(mapping, values[0], R2D_VIEW("no number!"), &keys));
    assert_int_equal(keys.len, len);
    r2d_bytes_free(&keys);
}

static void keys_that_come_back_are_recognised(void **state)
{
    (void)state;
    fixture.columns[1].key = R2D_KEY_SORT;
    of_type(R2D_COL_DECIMAL);
    R2dView number[] = {R2D_VIEW("a\"\xC3\xA9"), R2D_VIEW("1500")};
    with_row(R2D_VIEW("{\"c0\":\"a\\\"\\u00e9\",\"c1\":\"1.50e3\"}"), compare_canonical, number);
    of_type(R2D_COL_BYTES);
    R2dView bytes[] = {R2D_VIEW("x"), R2D_VIEW("3q2+7w==")};
    with_row(R2D_VIEW("{\"c0\":\"x\",\"c1\":\"deadbeef\"}"), compare_canonical, bytes);
    of_type(R2D_COL_TEXT);
    R2dView text[] = {R2D_VIEW("x"), R2D_VIEW("\t\\")};
    with_row(R2D_VIEW("{\"c0\":\"x\",\"c1\":\"\\t\\\\\"}"), compare_canonical, text);
    fixture.column_count = 1;
    with_row(R2D_VIEW("{\"c0\":\"x\"}"), compare_canonical, text);
}

static void a_delete_names_only_its_key(void **state)
{
    (void)state;
    fixture.mode = R2D_WRITE_DELETE;
    fixture.columns[2] = (R2dColumn){
        .name = R2D_VIEW("s"), .type = R2D_COL_INTEGER, .key = R2D_KEY_SORT, .piece_count = 1};
    fixture.column_count = 3;
    Outcome *outcome = encode(R2D_VIEW("{\"c0\":\"x\",\"c1\":false,\"c2\":7}"));
    assert_int_equal(outcome->status, R2D_OK);
    assert_view(r2d_view(outcome->request.data + 6, outcome->item.request_bytes),
                "{\"DeleteRequest\":{\"Key\":{\"k\":{\"S\":\"x\"},\"s\":{\"N\":\"7\"}}}}");
    assert_int_equal(outcome->item.write_units, 1);
}

/* An item with one text of len bytes, and `numbers` numbers of 3 bytes ("110"). */
static Outcome *encode_large(size_t len, const char *x, int numbers)
{
    R2dBytes line;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    fixture.columns[2] =
        (R2dColumn){.name = R2D_VIEW("w"), .type = R2D_COL_SUPER, .piece_count = 1};
    fixture.column_count = 3;
    assert_true(r2d_bytes_append_text(&line, "{\"c0\":\"x\",\"c1\":\""));
    append_x(&line, len, x);
    assert_true(r2d_bytes_append_text(&line, "\""));
    for (int i = 0; i < numbers; i++)
        assert_true(r2d_bytes_append_text(&line, i == 0 ? ",\"c2\":[110" : ",110"));
    assert_true(r2d_bytes_append_text(&line, numbers > 0 ? "]}" : "}"));
    Outcome *outcome = encode(r2d_bytes_view(&line));
    r2d_bytes_free(&line);
    return outcome;
}

static void an_item_has_at_most_409600_bytes(void **state)
{
    (void)state;
    const size_t name_and_key = 3;
    static const char *const spellings[] = {"x", "\\u0041", "\t"};
    for (size_t i = 0; i < 3; i++) {
        Outcome *outcome = encode_large(409600 - name_and_key, spellings[i], 0);
        assert_int_equal(outcome->status, R2D_OK);
        assert_int_equal(outcome->item.item_bytes, 409600);
        assert_int_equal(outcome->item.write_units, 400);
        outcome = encode_large(409601 - name_and_key, spellings[i], 0);
        assert_int_equal(outcome->status, R2D_END);
        assert_string_equal(outcome->reason.code, "item_size");
        assert_non_null(strstr(outcome->reason.text, "409601"));
    }
}

static void numbers_get_the_benefit_of_the_doubt(void **state)
{
    (void)state;
    /* w: name 1, list 3, each number 1 + 3. Every number may count one byte less. */
    const size_t rest = 3 + 4 + 10 * 4;
    Outcome *outcome = encode_large(409600 + 10 - rest, "x", 10);
    assert_int_equal(outcome->status, R2D_OK);
    assert_int_equal(outcome->item.item_bytes, 409610);
    outcome = encode_large(409600 + 11 - rest, "x", 10);
    assert_int_equal(outcome->status, R2D_END);
    assert_non_null(strstr(outcome->reason.text, "409611"));
    outcome = encode_large(3000000, "x", 100000);
    assert_int_equal(outcome->status, R2D_END);
    assert_non_null(strstr(outcome->reason.text, "3400007"));
}

static void write_units_are_kilobytes_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(encode_large(1024 - 3, "x", 0)->item.write_units, 1);
    assert_int_equal(encode_large(1025 - 3, "x", 0)->item.write_units, 2);
    assert_int_equal(encode_large(0, "x", 0)->item.write_units, 1);
}

static void show_key(const R2dMapping *mapping, const R2dRow *row, void *context)
{
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    assert_true(r2d_item_key_text(mapping, row, &text));
    assert_string_equal(r2d_bytes_text(&text), context);
    r2d_bytes_free(&text);
}

static void the_key_is_shown_as_json(void **state)
{
    (void)state;
    fixture.columns[1].key = R2D_KEY_SORT;
    of_type(R2D_COL_INTEGER);
    with_row(R2D_VIEW("{\"c0\":\"a\\\"\tb\",\"c1\":12}"), show_key,
             "{\"k\":\"a\\\"\\u0009b\",\"v\":12}");
    with_row(R2D_VIEW("{\"c1\":null}"), show_key, "{\"k\":null,\"v\":null}");
    with_row(R2D_VIEW("{\"c0\":true,\"c1\":[1]}"), show_key, "{\"k\":true,\"v\":null}");
}

static void a_long_key_is_shown_cut_between_characters(void **state)
{
    (void)state;
    R2dBytes line, expected;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    r2d_bytes_init(&expected, &r2d_alloc_libc);
    fixture.column_count = 1;
    assert_true(r2d_bytes_append_text(&line, "{\"c0\":\"xx"));
    append_x(&line, 1000, "\\u00e9\xE2\x82\xAC");
    assert_true(r2d_bytes_append_text(&line, "\"}"));
    assert_true(r2d_bytes_append_text(&expected, "{\"k\":\"xx"));
    append_x(&expected, 454, "\\u00e9\xE2\x82\xAC");
    assert_true(r2d_bytes_append_text(&expected, "\\u00e9...\"}"));
    assert_int_equal(2 + 454 * 9 + 6, 4094);
    with_row(r2d_bytes_view(&line), show_key, (void *)r2d_bytes_text(&expected));
    r2d_bytes_free(&line);
    r2d_bytes_free(&expected);
}

static void fail_each_allocation(const R2dMapping *mapping, const R2dRow *row, void *context)
{
    R2dStatus status = R2D_FAILED;
    (void)context;
    for (long fail_at = 1; status == R2D_FAILED; fail_at++) {
        UnitAlloc unit;
        R2dBytes request, keys;
        R2dItem item;
        R2dReason reason;
        R2dError err;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        r2d_bytes_init(&request, &unit.alloc);
        r2d_bytes_init(&keys, &unit.alloc);
        status = r2d_item_encode(mapping, row, &request, &keys, &item, &reason, &err);
        if (status == R2D_FAILED) {
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
            assert_int_equal(request.len + keys.len, 0);
        }
        r2d_bytes_free(&request);
        r2d_bytes_free(&keys);
        assert_int_equal(unit.live, 0);
    }
    assert_int_equal(status, R2D_OK);
}

static void failed_allocations_leave_the_buffers_as_they_were(void **state)
{
    (void)state;
    R2dBytes line;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    of_type(R2D_COL_SUPER);
    assert_true(r2d_bytes_append_text(&line, "{\"c0\":\"\t\t\t\",\"c1\":{"));
    for (int i = 0; i < 500; i++)
        assert_true(r2d_bytes_appendf(&line, "\"name%d\":[\"\t\t\t\t\t\t\t\",1],", i));
    assert_true(r2d_bytes_append_text(&line, "\"last\":null}}"));
    with_row(r2d_bytes_view(&line), fail_each_allocation, NULL);
    r2d_bytes_free(&line);
}

static void rows_cost_no_allocation_once_the_buffers_have_grown(void **state)
{
    (void)state;
    of_type(R2D_COL_SUPER);
    static const char text[] = "{\"c0\":\"x\",\"c1\":{\"a\":[1,2,{\"b\":\"c\"}],\"d\":null}}";
    encode(r2d_view_of(text));
    const char *request = fixture.outcome.request.data, *keys = fixture.outcome.keys.data;
    size_t capacity = fixture.outcome.request.capacity;
    encode(r2d_view_of(text));
    assert_ptr_equal(request, fixture.outcome.request.data);
    assert_ptr_equal(keys, fixture.outcome.keys.data);
    assert_int_equal(capacity, fixture.outcome.request.capacity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(keys_must_have_a_value),
        FIXTURE_TEST(keys_have_a_largest_size),
        FIXTURE_TEST(equal_keys_have_equal_bytes_and_hashes),
        FIXTURE_TEST(keys_do_not_run_into_each_other),
        FIXTURE_TEST(keys_that_come_back_are_recognised),
        FIXTURE_TEST(a_delete_names_only_its_key),
        FIXTURE_TEST(an_item_has_at_most_409600_bytes),
        FIXTURE_TEST(numbers_get_the_benefit_of_the_doubt),
        FIXTURE_TEST(write_units_are_kilobytes_rounded_up),
        FIXTURE_TEST(the_key_is_shown_as_json),
        FIXTURE_TEST(a_long_key_is_shown_cut_between_characters),
        FIXTURE_TEST(failed_allocations_leave_the_buffers_as_they_were),
        FIXTURE_TEST(rows_cost_no_allocation_once_the_buffers_have_grown),
    };
    return cmocka_run_group_tests_name("item_key", tests, NULL, NULL);
}
