/* test_command.c - the UNLOAD text, to the letter. */
#include "unit.h"

#include <stdlib.h>

#include "unload/command.h"
#include "unload/query.h"

#define ROLE "arn:aws:iam::123456789012:role/unload"

static const R2dRemoteColumn remote[] = {
    {.type_oid = 20, .typmod = -1},
    {.type_oid = 16, .typmod = -1},
};
static const R2dColumn columns[] = {
    {.type = R2D_COL_INTEGER, .piece_count = 1},
    {.type = R2D_COL_BOOLEAN, .piece_count = 1},
};

static R2dUnload plain(void)
{
    return (R2dUnload){.query = R2D_VIEW("SELECT id, 'it''s \\\\' = x FROM t -- all"),
                       .remote = remote,
                       .columns = columns,
                       .column_count = 2,
                       .s3_prefix = R2D_VIEW("s3://bucket/stage/1f0c/"),
                       .iam_role = R2D_VIEW(ROLE),
                       .region = R2D_VIEW("us-west-2"),
                       .compression = R2D_COMPRESS_ZSTD};
}

static void the_statement_is_exactly_this(void **state)
{
    (void)state;
    UnitAlloc unit;
    unit_alloc_init(&unit);
    R2dUnload unload = plain();
    R2dBytes out;
    r2d_bytes_init(&out, &unit.alloc);
    assert_int_equal(r2d_unload_command(&unload, &out, NULL), R2D_OK);
    assert_view(r2d_bytes_view(&out),
                "UNLOAD ('SELECT c0 AS c0, "
                "CASE WHEN c1 THEN ''true'' WHEN NOT c1 THEN ''false'' END AS c1 "
                "FROM (SELECT id, ''it''''s \\\\\\\\'' = x FROM t -- all\n) AS q(c0, c1)')\n"
                "TO 's3://bucket/stage/1f0c/'\n"
                "IAM_ROLE 'arn:aws:iam::123456789012:role/unload'\n"
                "FORMAT JSON\n"
                "MANIFEST VERBOSE\n"
                "ZSTD\n"
                "REGION 'us-west-2'");
    r2d_bytes_free(&out);
    assert_int_equal(unit.live, 0);
}

static void options_follow_what_was_asked(void **state)
{
    (void)state;
    R2dUnload unload = plain();
    R2dBytes out;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    unload.query = R2D_VIEW("SELECT 1, true");
    unload.iam_role = R2D_VIEW("Default");
    unload.compression = R2D_COMPRESS_NONE;
    unload.max_file_mb = 64;
    assert_int_equal(r2d_unload_command(&unload, &out, NULL), R2D_OK);
    const char *tail = "\nIAM_ROLE default\nFORMAT JSON\nMANIFEST VERBOSE\nMAXFILESIZE 64 MB\n"
                       "REGION 'us-west-2'";
    assert_true(out.len > strlen(tail));
    assert_memory_equal(out.data + out.len - strlen(tail), tail, strlen(tail));
    out.len = 0;
    unload.compression = R2D_COMPRESS_GZIP;
    assert_int_equal(r2d_unload_command(&unload, &out, NULL), R2D_OK);
    assert_non_null(strstr(r2d_bytes_text(&out), "\nGZIP\n"));
    r2d_bytes_free(&out);
}

static void what_is_inside_comes_back_out(void **state)
{
    (void)state;
    R2dUnload unload = plain();
    R2dBytes out, inner;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    r2d_bytes_init(&inner, &r2d_alloc_libc);
    assert_int_equal(r2d_unload_command(&unload, &out, NULL), R2D_OK);
    size_t at = strlen("UNLOAD ('");
    while (out.data[at] != '\'' || out.data[at + 1] == '\'') {
        at += out.data[at] == '\'' || out.data[at] == '\\';
        assert_true(r2d_bytes_append_char(&inner, out.data[at++]));
    }
    assert_memory_equal(out.data + at, "')\nTO ", 6);
    R2dView query;
    int position;
    assert_int_equal(r2d_query_check(r2d_bytes_view(&inner), &query, &position, NULL), R2D_OK);
    assert_non_null(strstr(r2d_bytes_text(&inner),
                           "(SELECT id, 'it''s \\\\' = x FROM t -- all\n) AS q(c0, c1)"));
    r2d_bytes_free(&out);
    r2d_bytes_free(&inner);
}

static void refused(const R2dUnload *unload, R2dErrorKind kind, const char *part)
{
    R2dError err = {0};
    R2dBytes out;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    assert_int_equal(r2d_unload_command(unload, &out, &err), R2D_FAILED);
    assert_int_equal(err.kind, kind);
    if (strstr(err.message, part) == NULL)
        fail_msg("%s", err.message);
    assert_int_equal(out.len, 0);
    r2d_bytes_free(&out);
}

static void only_real_roles_are_sent(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "defaults",
                                      "arn:aws:iam::12345678901:role/x",
                                      "arn:aws:iam::123456789012:user/x",
                                      "arn:aws:iam::123456789012:role/",
                                      ROLE ", " ROLE,
                                      ROLE ",",
                                      ROLE "'; DROP TABLE t; --",
                                      "arn:azure:iam::123456789012:role/x",
                                      "arn:aws:iam::1234567890ab:role/x",
                                      ROLE "\n",
                                      ROLE ",arn:x",
                                      "role",
                                      "arn:aws"};
    static const char *const good[] = {
        "default",
        ROLE,
        ROLE "," ROLE,
        "arn:aws-cn:iam::123456789012:role/x",
        "arn:aws-us-gov:iam::123456789012:role/service-role/a_b+c=d,e.f@g-h",
        ROLE ",arn:aws:iam::210987654321:role/other"};
    R2dBytes out;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    R2dUnload unload = plain();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unload.iam_role = r2d_view_of(bad[i]);
        refused(&unload, R2D_ERR_ARGUMENT, "is not a role");
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        unload.iam_role = r2d_view_of(good[i]);
        assert_int_equal(r2d_unload_command(&unload, &out, NULL), R2D_OK);
    }
    r2d_bytes_free(&out);
}

static void only_folders_on_s3_are_written_to(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "s3://",         "s3://bucket/", "bucket/x/",      "s3://b/x",
        "s3:///x/", "s3://bu ck/x/", "s3://ab/x/",   "S3://bucket/x/", "s3://bucket/a\n/"};
    R2dUnload unload = plain();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unload.s3_prefix = r2d_view_of(bad[i]);
        refused(&unload, R2D_ERR_ARGUMENT, "is not a place for files on S3");
    }
    unload.s3_prefix = r2d_view("s3://bucket/a\0b/", 16);
    refused(&unload, R2D_ERR_ARGUMENT, "is not a place");
    unload.s3_prefix = R2D_VIEW("s3://bucket/it's \\ here/");
    R2dBytes out;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    assert_int_equal(r2d_unload_command(&unload, &out, NULL), R2D_OK);
    assert_non_null(strstr(r2d_bytes_text(&out), "TO 's3://bucket/it''s \\\\ here/'"));
    r2d_bytes_free(&out);
}

static void regions_sizes_and_columns_are_checked(void **state)
{
    (void)state;
    R2dUnload unload = plain();
    unload.region = R2D_VIEW("us-west-2' X");
    refused(&unload, R2D_ERR_ARGUMENT, "is not an AWS region");
    unload.region = R2D_VIEW("US-WEST-2");
    refused(&unload, R2D_ERR_ARGUMENT, "is not an AWS region");
    unload.region = r2d_view(NULL, 0);
    refused(&unload, R2D_ERR_ARGUMENT, "is not an AWS region");
    unload = plain();
    unload.max_file_mb = 4;
    refused(&unload, R2D_ERR_ARGUMENT, "files of 4 MB");
    unload.max_file_mb = 6201;
    refused(&unload, R2D_ERR_ARGUMENT, "files of 6201 MB");
    unload = plain();
    unload.column_count = 0;
    refused(&unload, R2D_ERR_ARGUMENT, "no columns");
    R2dColumn wide[] = {{.type = R2D_COL_BYTES, .piece_count = 1601}};
    unload.columns = wide;
    unload.column_count = 1;
    refused(&unload, R2D_ERR_LIMIT, "1601 columns");
}

static void a_statement_over_16_mb_is_refused(void **state)
{
    (void)state;
    R2dUnload unload = plain();
    size_t len = 9 * 1000 * 1000;
    char *query = malloc(len);
    assert_non_null(query);
    memset(query, '\'', len);
    unload.query = r2d_view(query, len);
    refused(&unload, R2D_ERR_LIMIT, "16 MB");
    free(query);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    R2dUnload unload = plain();
    R2dStatus status = R2D_FAILED;
    for (long fail_at = 1; status != R2D_OK; fail_at++) {
        UnitAlloc unit;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        R2dBytes out;
        R2dError err = {0};
        r2d_bytes_init(&out, &unit.alloc);
        status = r2d_unload_command(&unload, &out, &err);
        assert_true(status == R2D_OK || (err.kind == R2D_ERR_MEMORY && out.len == 0));
        r2d_bytes_free(&out);
        assert_int_equal(unit.live, 0);
        assert_true(fail_at < 100);
    }
}

static void compressions_have_names(void **state)
{
    (void)state;
    R2dCompression compression;
    assert_true(r2d_compression_from_name(R2D_VIEW("zstd"), &compression));
    assert_int_equal(compression, R2D_COMPRESS_ZSTD);
    assert_true(r2d_compression_from_name(R2D_VIEW("gzip"), &compression));
    assert_int_equal(compression, R2D_COMPRESS_GZIP);
    assert_true(r2d_compression_from_name(R2D_VIEW("none"), &compression));
    assert_int_equal(compression, R2D_COMPRESS_NONE);
    assert_false(r2d_compression_from_name(R2D_VIEW("bzip2"), &compression));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_statement_is_exactly_this),
        cmocka_unit_test(options_follow_what_was_asked),
        cmocka_unit_test(what_is_inside_comes_back_out),
        cmocka_unit_test(only_real_roles_are_sent),
        cmocka_unit_test(only_folders_on_s3_are_written_to),
        cmocka_unit_test(regions_sizes_and_columns_are_checked),
        cmocka_unit_test(a_statement_over_16_mb_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(compressions_have_names),
    };
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
