/* test_manifest.c - the manifest is the truth, and is checked as such. */
#include "unit.h"

#include "unload/manifest.h"
#include "unload/manifest_schema.h"

#define PREFIX "s3://b/p/1f0c/"
#define ENTRY(name, bytes, rows)                                                                   \
    "{\"url\":\"" PREFIX name "\",\"meta\":{\"content_length\":" bytes ",\"record_count\":" rows   \
    "}}"
#define META(bytes, rows) "\"meta\":{\"content_length\":" bytes ",\"record_count\":" rows "}"
#define TWO               ENTRY("0000_part_00", "10", "3") "," ENTRY("0001_part_00", "20", "4")

static R2dStatus parse_text(const char *text, R2dManifest *manifest, R2dError *err)
{
    return r2d_manifest_parse(&r2d_alloc_libc, r2d_view_of(text), R2D_VIEW(PREFIX), manifest, err);
}

static R2dManifest accept(const char *text)
{
    R2dManifest manifest;
    R2dError err = {0};
    if (parse_text(text, &manifest, &err) != R2D_OK)
        fail_msg("%s: %s", text, err.message);
    return manifest;
}

static void refuse(const char *text, const char *part)
{
    R2dManifest manifest;
    R2dError err = {0};
    if (parse_text(text, &manifest, &err) == R2D_OK)
        fail_msg("accepted: %s", text);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    if (strstr(err.message, part) == NULL)
        fail_msg("%s: %s", text, err.message);
    assert_null(manifest.files);
    assert_int_equal(manifest.file_count, 0);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
}

static void accept_two(const char *text)
{
    R2dManifest manifest = accept(text);
    assert_int_equal(manifest.file_count, 2);
    assert_view(manifest.files[0].url, PREFIX "0000_part_00");
    assert_view(manifest.files[1].url, PREFIX "0001_part_00");
    assert_int_equal(manifest.files[0].size_bytes, 10);
    assert_int_equal(manifest.files[1].rows, 4);
    assert_int_equal(manifest.total_rows, 7);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
}

static void a_verbose_manifest_is_read(void **state)
{
    (void)state;
    accept_two("{\"entries\":[" TWO "],\"schema\":{\"elements\":[{\"name\":\"c0\",\"type\":{"
               "\"base\":\"character varying\",\"max_length\":7}}]}," META(
                   "30", "7") ",\"author\":{\"name\":\"Amazon Redshift\",\"version\":\"1.0.0\"}}");
    accept_two("{\n  \"entries\": [\n" TWO "\n],\n" META("30", "7") "}\n");
}

static void a_schema_that_is_no_json_does_no_harm(void **state)
{
    (void)state;
    accept_two("{\"entries\":[" TWO "],\"schema\":{\"elements\":[{\"name\":\"c0\",\"type\":{ "
               "\"base\": \"character varying\", 25 }}]}," META("30", "7") "}");
    accept_two("{\"schema\" : {\"a\":{\"b\", 25}} , \"entries\":[" TWO "]," META("30", "7") "}");
    accept_two("{\"entries\":[" TWO "]," META("30", "7") ", \"schema\":[1 2 \"]}\" \"\\\"\"]}");
    accept_two("{\"entries\":[" TWO "],\"schema\":nonsense," META("30", "7") "}");
    accept_two("{\"x\":{\"schema\":1},\"entries\":[" TWO "],\"schema\":{[}],"
               "\"meta\":null}");
}

static void what_is_not_told_is_not_invented(void **state)
{
    (void)state;
    R2dManifest manifest =
        accept("{\"entries\":[{\"url\":\"" PREFIX "a\"},{\"url\":\"" PREFIX "b\",\"mandatory\":"
               "true,\"meta\":{\"record_count\":5}}]}");
    assert_int_equal(manifest.file_count, 2);
    assert_int_equal(manifest.files[0].rows, -1);
    assert_int_equal(manifest.files[0].size_bytes, -1);
    assert_int_equal(manifest.files[1].rows, 5);
    assert_int_equal(manifest.total_rows, -1);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
    manifest = accept("{\"entries\":[" TWO "]}");
    assert_int_equal(manifest.total_rows, 7);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
    manifest = accept("{\"entries\":[]}");
    assert_int_equal(manifest.file_count, 0);
    assert_int_equal(manifest.total_rows, -1);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
    manifest = accept("{\"entries\":[]," META("0", "0") "}");
    assert_int_equal(manifest.total_rows, 0);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
}

static void totals_that_contradict_the_entries_are_refused(void **state)
{
    (void)state;
    refuse("{\"entries\":[" TWO "]," META("30", "8") "}", "record_count is 8 in all");
    refuse("{\"entries\":[" TWO "]," META("31", "7") "}", "content_length is 31");
    refuse("{\"entries\":[]," META("0", "1") "}", "contradicts itself");
    refuse("{\"entries\":[{\"url\":\"" PREFIX "a\"}," TWO "]," META("30", "6") "}", "contradicts");
    refuse("{\"entries\":[" ENTRY("a", "1", "9223372036854775807") "," ENTRY("b", "1", "1") "]}",
           "out of range");
    R2dManifest manifest =
        accept("{\"entries\":[{\"url\":\"" PREFIX "a\"}," TWO "]," META("40", "9") "}");
    assert_int_equal(manifest.total_rows, 9);
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
}

static void only_files_of_the_attempt_are_taken(void **state)
{
    (void)state;
    refuse("{\"entries\":[{\"url\":\"s3://b/p/other/x\"}]}", "does not lie below " PREFIX);
    refuse("{\"entries\":[{\"url\":\"s3://other/p/1f0c/x\"}]}", "does not lie below");
    refuse("{\"entries\":[{\"url\":\"" PREFIX "\"}]}", "does not lie below");
    refuse("{\"entries\":[{\"url\":\"\"}]}", "does not lie below");
    refuse("{\"entries\":[{\"url\":\"" PREFIX "a\\u0000b\"}]}", "does not lie below");
    refuse("{\"entries\":[{\"url\":5}]}", "entry 1 of the manifest has no url");
    refuse("{\"entries\":[" TWO ",7]}", "entry 3");
    refuse("{\"entries\":[" TWO "," ENTRY("0000_part_00", "1", "1") "]}", "twice");
}

static void urls_are_raw_and_decoded_only_when_they_must_be(void **state)
{
    (void)state;
    R2dManifest manifest;
    R2dView prefix = R2D_VIEW("s3://b/a=b c/");
    R2dView raw = R2D_VIEW("{\"entries\":[{\"url\":\"s3://b/a=b c/x%41\"}]}");
    R2dView encoded = R2D_VIEW("{\"entries\":[{\"url\":\"s3://b/a%3Db%20c/x%41%zz%4\"}]}");
    assert_int_equal(r2d_manifest_parse(&r2d_alloc_libc, raw, prefix, &manifest, NULL), R2D_OK);
    assert_view(manifest.files[0].url, "s3://b/a=b c/x%41");
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
    assert_int_equal(r2d_manifest_parse(&r2d_alloc_libc, encoded, prefix, &manifest, NULL), R2D_OK);
    assert_view(manifest.files[0].url, "s3://b/a=b c/xA%zz%4");
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
}

static void what_is_no_manifest_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "null",
                                      "{}",
                                      "{\"entries\":5}",
                                      "{\"entries\":null}",
                                      "{\"entries\":{}}",
                                      "{\"schema\":",
                                      "{\"schema\":{},\"entries\"",
                                      "{\"entries\":[}",
                                      "x",
                                      "{\"schema\":{\"a\",1}",
                                      "{\"a\"",
                                      "{\"a\":1",
                                      "{\"\\"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i], "manifest");
    refuse("{\"entries\":[{\"url\":\"" PREFIX "a\",\"meta\":{\"record_count\":-1}}]}",
           "is no count");
    refuse("{\"entries\":[{\"url\":\"" PREFIX "a\",\"meta\":{\"record_count\":\"1\"}}]}",
           "is no count");
    refuse("{\"entries\":[{\"url\":\"" PREFIX "a\",\"meta\":{\"content_length\":1.5}}]}",
           "is no count");
}

static void many_files_are_told_apart(void **state)
{
    (void)state;
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    assert_true(r2d_bytes_append_text(&text, "{\"entries\":["));
    for (int i = 0; i < 20000; i++)
        assert_true(r2d_bytes_appendf(&text, "%s{\"url\":\"" PREFIX "%04d_part_%02d.zst\"}",
                                      i > 0 ? "," : "", i / 100, i % 100));
    assert_true(r2d_bytes_append_text(&text, "]}"));
    R2dManifest manifest = accept(r2d_bytes_text(&text));
    assert_int_equal(manifest.file_count, 20000);
    assert_view(manifest.files[19999].url, PREFIX "0199_part_99.zst");
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
    r2d_bytes_free(&text);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    R2dView text = R2D_VIEW("{\"entries\":[" TWO "],\"schema\":{\"a\",1}}");
    R2dStatus status = R2D_FAILED;
    for (long fail_at = 1; status != R2D_OK; fail_at++) {
        UnitAlloc unit;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        R2dManifest manifest;
        R2dError err = {0};
        status = r2d_manifest_parse(&unit.alloc, text, R2D_VIEW(PREFIX), &manifest, &err);
        assert_true(status == R2D_OK || err.kind == R2D_ERR_MEMORY);
        r2d_manifest_free(&unit.alloc, &manifest);
        assert_int_equal(unit.live, 0);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verbose_manifest_is_read),
        cmocka_unit_test(a_schema_that_is_no_json_does_no_harm),
        cmocka_unit_test(what_is_not_told_is_not_invented),
        cmocka_unit_test(totals_that_contradict_the_entries_are_refused),
        cmocka_unit_test(only_files_of_the_attempt_are_taken),
        cmocka_unit_test(urls_are_raw_and_decoded_only_when_they_must_be),
        cmocka_unit_test(what_is_no_manifest_is_refused),
        cmocka_unit_test(many_files_are_told_apart),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
