/* test_mapping.c - the plan of a job is checked once and its constant bytes are prepared. */
#include "unit.h"

#include "encode/mapping.h"

static R2dColumn column(const char *name, R2dColumnType type, R2dKeyRole key)
{
    return (R2dColumn){.name = r2d_view_of(name), .type = type, .key = key, .piece_count = 1};
}

static void columns_become_attributes_and_file_columns(void **state)
{
    (void)state;
    R2dColumn columns[] = {
        column("Id \"x\"\n", R2D_COL_TEXT, R2D_KEY_PARTITION),
        column("data", R2D_COL_BYTES, R2D_KEY_NONE),
        column("n\xC3\xA9", R2D_COL_INTEGER, R2D_KEY_SORT),
        column("doc", R2D_COL_SUPER, R2D_KEY_NONE),
    };
    UnitAlloc unit;
    R2dMapping mapping;
    R2dError err;
    unit_alloc_init(&unit);
    columns[1].piece_count = 3;
    assert_int_equal(r2d_mapping_init(&mapping, &unit.alloc, columns, 4, R2D_WRITE_PUT, &err),
                     R2D_OK);
    assert_int_equal(mapping.file_column_count, 6);
    static const char *const names[] = {"c0", "c1", "c1_1", "c1_2", "c2", "c3"};
    for (int i = 0; i < 6; i++)
        assert_view(mapping.file_columns[i], names[i]);
    assert_int_equal(mapping.columns[2].first_value, 4);
    assert_int_equal(mapping.columns[2].name_bytes, 3);
    assert_view(r2d_bytes_view(&mapping.columns[0].prefix), "\"Id \\\"x\\\"\\u000a\":");
    assert_view(r2d_bytes_view(&mapping.columns[2].open), "\"n\xC3\xA9\":{\"N\":\"");
    assert_view(r2d_bytes_view(&mapping.columns[3].open), "\"doc\":");
    assert_int_equal(mapping.partition_key.column, 0);
    assert_int_equal(mapping.partition_key.type, 'S');
    assert_int_equal(mapping.sort_key.column, 2);
    assert_int_equal(mapping.sort_key.type, 'N');
    r2d_mapping_free(&mapping);
    assert_int_equal(unit.live, 0);
}

static void expect_refused(const R2dColumn *columns, int count, const char *words)
{
    UnitAlloc unit;
    R2dMapping mapping;
    R2dError err;
    unit_alloc_init(&unit);
    assert_int_equal(r2d_mapping_init(&mapping, &unit.alloc, columns, count, R2D_WRITE_PUT, &err),
                     R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    if (strstr(err.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    assert_int_equal(unit.live, 0);
}

static void what_cannot_be_a_key_is_refused(void **state)
{
    (void)state;
    R2dColumn columns[] = {column("a", R2D_COL_BOOLEAN, R2D_KEY_PARTITION),
                           column("b", R2D_COL_TEXT, R2D_KEY_NONE)};
    expect_refused(columns, 2, "column \"a\" of type boolean cannot be a key");
    columns[0].type = R2D_COL_SUPER;
    expect_refused(columns, 2, "column \"a\" of type super cannot be a key");
    columns[0] = column("a", R2D_COL_REAL, R2D_KEY_PARTITION);
    columns[1].key = R2D_KEY_PARTITION;
    expect_refused(columns, 2, "column \"b\" is a second partition key");
    columns[0].key = columns[1].key = R2D_KEY_SORT;
    expect_refused(columns, 2, "second sort key");
    columns[0].key = R2D_KEY_NONE;
    expect_refused(columns, 2, "no column is the partition key");
}

static void names_are_checked(void **state)
{
    (void)state;
    static char long_name[65537];
    memset(long_name, 'n', sizeof long_name - 1);
    R2dColumn columns[] = {column("a", R2D_COL_TEXT, R2D_KEY_PARTITION),
                           column("a", R2D_COL_TEXT, R2D_KEY_NONE)};
    expect_refused(columns, 2, "two attributes are named \"a\"");
    columns[1].name = R2D_VIEW("");
    expect_refused(columns, 2, "must not be empty");
    columns[1].name = r2d_view(long_name, 65536);
    expect_refused(columns, 2, "longer than 65535 bytes");
    columns[1].name = r2d_view("a\0b", 3);
    expect_refused(columns, 2, "zero byte");
    columns[0].name = r2d_view(long_name, 256);
    expect_refused(columns, 1, "longer than 255 bytes");
    R2dMapping mapping;
    R2dError err;
    columns[0].name = r2d_view(long_name, 255);
    columns[1].name = r2d_view(long_name, 65535);
    assert_int_equal(r2d_mapping_init(&mapping, &r2d_alloc_libc, columns, 2, R2D_WRITE_PUT, &err),
                     R2D_OK);
    r2d_mapping_free(&mapping);
}

static void modes_have_names_and_no_default(void **state)
{
    (void)state;
    R2dColumn columns[] = {column("a", R2D_COL_TEXT, R2D_KEY_PARTITION)};
    R2dMapping mapping;
    R2dError err;
    assert_int_equal(r2d_write_mode_from_name(R2D_VIEW("put")), R2D_WRITE_PUT);
    assert_int_equal(r2d_write_mode_from_name(R2D_VIEW("delete")), R2D_WRITE_DELETE);
    assert_int_equal(r2d_write_mode_from_name(R2D_VIEW("pu")), R2D_WRITE_UNKNOWN);
    assert_int_equal(r2d_write_mode_from_name(R2D_VIEW("merge")), R2D_WRITE_UNKNOWN);
    assert_int_equal(
        r2d_mapping_init(&mapping, &r2d_alloc_libc, columns, 1, R2D_WRITE_UNKNOWN, &err),
        R2D_FAILED);
    assert_string_equal(err.message, "the write mode is unknown");
}

static void only_bytes_come_in_pieces(void **state)
{
    (void)state;
    R2dColumn columns[] = {column("a", R2D_COL_TEXT, R2D_KEY_PARTITION)};
    columns[0].piece_count = 2;
    expect_refused(columns, 1, "cannot have 2 pieces");
    columns[0].type = R2D_COL_BYTES;
    columns[0].piece_count = R2D_BYTES_PIECES_MAX + 1;
    expect_refused(columns, 1, "cannot have 14 pieces");
    columns[0].piece_count = 0;
    expect_refused(columns, 1, "cannot have 0 pieces");
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    R2dColumn columns[] = {column("a", R2D_COL_TEXT, R2D_KEY_PARTITION),
                           column("b", R2D_COL_BYTES, R2D_KEY_SORT)};
    R2dStatus status = R2D_FAILED;
    columns[1].piece_count = 2;
    for (long fail_at = 1; status == R2D_FAILED; fail_at++) {
        UnitAlloc unit;
        R2dMapping mapping;
        R2dError err;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        status = r2d_mapping_init(&mapping, &unit.alloc, columns, 2, R2D_WRITE_PUT, &err);
        if (status == R2D_FAILED)
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
        else
            r2d_mapping_free(&mapping);
        assert_int_equal(unit.live, 0);
    }
    assert_int_equal(status, R2D_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_become_attributes_and_file_columns),
        cmocka_unit_test(what_cannot_be_a_key_is_refused),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(modes_have_names_and_no_default),
        cmocka_unit_test(only_bytes_come_in_pieces),
        cmocka_unit_test(failed_allocations_leak_nothing),
    };
    return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
