/* test_base.c - statuses, buffers, views and dates hold what base promises. */
#include "unit.h"

#include "base/column.h"

static void bytes_grow_and_survive_failure(void **state)
{
    (void)state;
    UnitAlloc unit;
    unit_alloc_init(&unit);
    R2dBytes bytes;
    r2d_bytes_init(&bytes, &unit.alloc);
    for (int i = 0; i < 1000; i++)
        assert_true(r2d_bytes_appendf(&bytes, "%d,", i));
    assert_memory_equal(bytes.data, "0,1,2,", 6);
    size_t len = bytes.len;
    unit.fail_at = unit.calls + 1;
    assert_false(r2d_bytes_reserve(&bytes, bytes.capacity + 1));
    assert_int_equal(bytes.len, len);
    r2d_bytes_free(&bytes);
    assert_int_equal(unit.live, 0);
}

static void error_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[6];
    r2d_text_copy(text, sizeof text, "abc\xE2\x82\xAC", 6);
    assert_string_equal(text, "abc");
    r2d_text_copy(text, sizeof text, "ab\xE2\x82\xAC!", 6);
    assert_string_equal(text, "ab\xE2\x82\xAC");
    r2d_text_copy(text, sizeof text, "abcde", 5);
    assert_string_equal(text, "abcde");
    R2dError err;
    assert_int_equal(r2d_fail(&err, R2D_ERR_DATA, "row %d", 7), R2D_FAILED);
    assert_string_equal(err.message, "row 7");
    assert_int_equal(err.kind, R2D_ERR_DATA);
}

static void numbers_are_read_strictly(void **state)
{
    (void)state;
    int64_t value;
    assert_true(r2d_view_to_int64(R2D_VIEW("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_false(r2d_view_to_int64(R2D_VIEW("9223372036854775808"), &value));
    assert_false(r2d_view_to_int64(R2D_VIEW(""), &value));
    assert_false(r2d_view_to_int64(R2D_VIEW("1x"), &value));
}

static void dates_of_aws_are_read_and_written(void **state)
{
    (void)state;
    char date[17];
    int64_t wall_us;
    r2d_clock_amz_date(1440938160 * R2D_US_PER_S + 999999, date);
    assert_string_equal(date, "20150830T123600Z");
    assert_true(r2d_clock_parse_http_date(R2D_VIEW("Sun, 30 Aug 2015 12:36:00 GMT"), &wall_us));
    assert_true(wall_us == 1440938160 * R2D_US_PER_S);
    assert_true(r2d_clock_parse_iso(R2D_VIEW("2015-08-30T12:36:00.123Z"), &wall_us));
    assert_true(wall_us == 1440938160 * R2D_US_PER_S);
    assert_false(r2d_clock_parse_http_date(R2D_VIEW("yesterday"), &wall_us));
    assert_false(r2d_clock_parse_http_date(R2D_VIEW("Sun, 30 anF 2015 12:36:00 GMT"), &wall_us));
    assert_false(r2d_clock_parse_iso(R2D_VIEW("2015-08-30"), &wall_us));
}

static void column_types_have_names(void **state)
{
    (void)state;
    R2dColumnType type;
    for (int i = R2D_COL_INTEGER; i <= R2D_COL_EWKT; i++) {
        assert_true(r2d_column_type_from_name(r2d_view_of(r2d_column_type_name(i)), &type));
        assert_int_equal(type, i);
    }
    assert_false(r2d_column_type_from_name(R2D_VIEW("varchar"), &type));
    assert_string_equal(r2d_column_attribute_type(R2D_COL_BYTES), "B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_grow_and_survive_failure),
        cmocka_unit_test(error_text_is_cut_between_characters),
        cmocka_unit_test(numbers_are_read_strictly),
        cmocka_unit_test(dates_of_aws_are_read_and_written),
        cmocka_unit_test(column_types_have_names),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
