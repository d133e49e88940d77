/* test_projection.c - every type of Redshift gets the expression the loader expects. */
#include "unit.h"

#include "unload/projection.h"

static R2dRemoteColumn remote_of(uint32_t oid, int32_t typmod)
{
    return (R2dRemoteColumn){.name = R2D_VIEW("Some \"name\""), .type_oid = oid, .typmod = typmod};
}

static void expect(uint32_t oid, int32_t typmod, R2dColumnType type, const char *expression)
{
    R2dRemoteColumn remote = remote_of(oid, typmod);
    R2dColumn column = {.null_rule = R2D_NULL_WRITE, .key = R2D_KEY_SORT};
    R2dBytes out;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    assert_int_equal(r2d_projection_column(&remote, &column, NULL), R2D_OK);
    assert_int_equal(column.type, type);
    assert_int_equal(column.null_rule, R2D_NULL_WRITE);
    assert_int_equal(column.key, R2D_KEY_SORT);
    assert_view(column.name, "Some \"name\"");
    assert_true(r2d_projection_expression(&remote, &column, 3, &out));
    assert_view(r2d_bytes_view(&out), expression);
    r2d_bytes_free(&out);
}

static void numbers_keep_their_digits(void **state)
{
    (void)state;
    expect(21, -1, R2D_COL_INTEGER, "c3 AS c3");
    expect(23, -1, R2D_COL_INTEGER, "c3 AS c3");
    expect(20, -1, R2D_COL_INTEGER, "c3 AS c3");
    expect(26, -1, R2D_COL_INTEGER, "c3::bigint AS c3");
    expect(1700, 4 + (38 << 16) + 37, R2D_COL_DECIMAL, "c3::varchar AS c3");
    expect(701, -1, R2D_COL_DOUBLE, "c3::varchar AS c3");
    expect(700, -1, R2D_COL_REAL, "c3::float8::varchar AS c3");
}

static void booleans_become_words(void **state)
{
    (void)state;
    expect(16, -1, R2D_COL_BOOLEAN, "CASE WHEN c3 THEN 'true' WHEN NOT c3 THEN 'false' END AS c3");
}

static void texts_are_as_is_only_where_that_is_certain(void **state)
{
    (void)state;
    expect(1043, 24, R2D_COL_TEXT, "c3 AS c3");
    expect(1042, 24, R2D_COL_CHAR, "c3 AS c3");
    expect(25, -1, R2D_COL_TEXT, "c3::varchar(65535) AS c3");
    expect(18, -1, R2D_COL_TEXT, "c3::varchar(65535) AS c3");
    expect(19, -1, R2D_COL_TEXT, "c3::varchar(65535) AS c3");
    expect(705, -1, R2D_COL_TEXT, "c3::varchar(65535) AS c3");
    expect(4000, -1, R2D_COL_SUPER, "c3 AS c3");
    expect(1083, -1, R2D_COL_TEXT, "c3::varchar AS c3");
    expect(1266, -1, R2D_COL_TEXT, "c3::varchar AS c3");
    expect(1186, -1, R2D_COL_INTERVAL, "c3::varchar AS c3");
    expect(1188, -1, R2D_COL_INTERVAL, "c3::varchar AS c3");
    expect(1190, -1, R2D_COL_INTERVAL, "c3::varchar AS c3");
}

static void dates_outside_the_years_1_to_9999_become_the_marker(void **state)
{
    (void)state;
    expect(1082, -1, R2D_COL_DATE,
           "CASE WHEN c3 BETWEEN '0001-01-01'::date AND '9999-12-31'::date "
           "THEN TO_CHAR(c3,'YYYY-MM-DD') WHEN c3 IS NOT NULL THEN '!' END AS c3");
    expect(1114, -1, R2D_COL_TIMESTAMP,
           "CASE WHEN c3 BETWEEN '0001-01-01 00:00:00'::timestamp AND "
           "'9999-12-31 23:59:59.999999'::timestamp "
           "THEN TO_CHAR(c3,'YYYY-MM-DD') || 'T' || TO_CHAR(c3,'HH24:MI:SS.US') "
           "WHEN c3 IS NOT NULL THEN '!' END AS c3");
    expect(1184, -1, R2D_COL_TIMESTAMP_TZ,
           "CASE WHEN (c3 AT TIME ZONE 'UTC') BETWEEN '0001-01-01 00:00:00'::timestamp AND "
           "'9999-12-31 23:59:59.999999'::timestamp "
           "THEN TO_CHAR((c3 AT TIME ZONE 'UTC'),'YYYY-MM-DD') || 'T' || "
           "TO_CHAR((c3 AT TIME ZONE 'UTC'),'HH24:MI:SS.US') "
           "WHEN (c3 AT TIME ZONE 'UTC') IS NOT NULL THEN '!' END AS c3");
}

static int pieces_of(int32_t typmod)
{
    R2dRemoteColumn remote = remote_of(6551, typmod);
    R2dColumn column = {0};
    assert_int_equal(r2d_projection_column(&remote, &column, NULL), R2D_OK);
    assert_int_equal(column.type, R2D_COL_BYTES);
    return column.piece_count;
}

static void bytes_come_in_as_many_pieces_as_the_length_asks_for(void **state)
{
    (void)state;
    assert_int_equal(pieces_of(-1), 13);
    assert_int_equal(pieces_of(0), 13);
    assert_int_equal(pieces_of(4 + 1), 1);
    assert_int_equal(pieces_of(4 + 32000), 1);
    assert_int_equal(pieces_of(4 + 32001), 2);
    assert_int_equal(pieces_of(4 + 64000), 2);
    assert_int_equal(pieces_of(4 + 1024000), 13);
    assert_int_equal(pieces_of(INT32_MAX), 13);
    expect(6551, 4 + 64, R2D_COL_BYTES, "TO_HEX(SUBSTRING(c3, 1, 32000)) AS c3");
    expect(6551, 4 + 64001, R2D_COL_BYTES,
           "TO_HEX(SUBSTRING(c3, 1, 32000)) AS c3, "
           "NULLIF(TO_HEX(SUBSTRING(c3, 32001, 32000)),'') AS c3_1, "
           "NULLIF(TO_HEX(SUBSTRING(c3, 64001, 32000)),'') AS c3_2");
}

static void shapes_are_guarded_against_the_string_limit(void **state)
{
    (void)state;
    expect(3000, -1, R2D_COL_EWKT,
           "CASE WHEN ST_NPoints(c3) <= 1000 AND ST_MemSize(c3) <= 16000 "
           "THEN ST_AsEWKT(c3, 17) WHEN c3 IS NOT NULL THEN '!' END AS c3");
    expect(3001, -1, R2D_COL_EWKT,
           "CASE WHEN ST_NPoints(c3) <= 576 THEN ST_AsEWKT(c3, 17) "
           "WHEN c3 IS NOT NULL THEN '!' END AS c3");
}

static void sketches_are_refused_with_the_way_out(void **state)
{
    (void)state;
    R2dRemoteColumn remote = remote_of(2935, -1);
    R2dColumn column = {0};
    R2dError err;
    assert_int_equal(r2d_projection_column(&remote, &column, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_string_equal(err.message, "column \"Some \"name\"\" is of type hllsketch, which cannot "
                                     "be exported");
    assert_non_null(strstr(err.hint, "HLL_CARDINALITY"));
}

static void unknown_types_become_text(void **state)
{
    (void)state;
    R2dRemoteColumn remote = remote_of(4242, 17);
    R2dColumn column = {0};
    R2dBytes out;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    assert_int_equal(r2d_projection_column(&remote, &column, NULL), R2D_OK);
    assert_int_equal(column.type, R2D_COL_TEXT);
    assert_int_equal(column.piece_count, 1);
    assert_true(r2d_projection_expression(&remote, &column, 0, &out));
    assert_view(r2d_bytes_view(&out), "c0::varchar(65535) AS c0");
    r2d_bytes_free(&out);
}

static void expect_name(uint32_t oid, int32_t typmod, const char *name)
{
    char out[64];
    R2dRemoteColumn remote = remote_of(oid, typmod);
    r2d_projection_type_name(&remote, out, sizeof out);
    assert_string_equal(out, name);
}

static void types_have_names_for_people(void **state)
{
    (void)state;
    expect_name(1043, 24, "character varying(20)");
    expect_name(1043, -1, "character varying");
    expect_name(1042, 14, "character(10)");
    expect_name(1700, 4 + (10 << 16) + 2, "numeric(10,2)");
    expect_name(1700, -1, "numeric");
    expect_name(6551, 104, "varbyte(100)");
    expect_name(20, -1, "bigint");
    expect_name(4000, -1, "super");
    expect_name(1114, 6, "timestamp without time zone");
    expect_name(99999, -1, "type with OID 99999");
}

static void a_failed_append_leaves_nothing_behind(void **state)
{
    (void)state;
    R2dRemoteColumn remote = remote_of(6551, -1);
    R2dColumn column = {.type = R2D_COL_BYTES, .piece_count = 13};
    for (long fail_at = 1; fail_at < 4; fail_at++) {
        UnitAlloc unit;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        R2dBytes out;
        r2d_bytes_init(&out, &unit.alloc);
        assert_false(r2d_projection_expression(&remote, &column, 0, &out));
        assert_int_equal(out.len, 0);
        r2d_bytes_free(&out);
        assert_int_equal(unit.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(booleans_become_words),
        cmocka_unit_test(texts_are_as_is_only_where_that_is_certain),
        cmocka_unit_test(dates_outside_the_years_1_to_9999_become_the_marker),
        cmocka_unit_test(bytes_come_in_as_many_pieces_as_the_length_asks_for),
        cmocka_unit_test(shapes_are_guarded_against_the_string_limit),
        cmocka_unit_test(sketches_are_refused_with_the_way_out),
        cmocka_unit_test(unknown_types_become_text),
        cmocka_unit_test(types_have_names_for_people),
        cmocka_unit_test(a_failed_append_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("projection", tests, NULL, NULL);
}
