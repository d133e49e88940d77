/* test_column_rules.c - rules per column are applied as asked, or refused by name. */
#include "unit.h"

#include "encode/column_rules.h"

static R2dColumn columns[3];
static R2dBytes texts;

static R2dStatus apply(const char *json, R2dError *err)
{
    columns[0] = (R2dColumn){.name = R2D_VIEW("id")};
    columns[1] = (R2dColumn){.name = R2D_VIEW("note")};
    columns[2] = (R2dColumn){.name = R2D_VIEW("gr\xC3\xBC\xC3\x9F"
                                              "e")};
    texts.len = 0;
    return r2d_column_rules_apply(r2d_view_of(json), columns, 3, &texts, err);
}

static void names_and_null_rules_are_set(void **state)
{
    (void)state;
    r2d_bytes_init(&texts, &r2d_alloc_libc);
    assert_int_equal(apply("{\"id\":{\"name\":\"Customer Id\"},\"note\":{\"null\":\"write\"},"
                           "\"gr\\u00fc\\u00dfe\":{\"name\":\"\\u00c4\\\"x\",\"null\":\"omit\"}}",
                           NULL),
                     R2D_OK);
    assert_view(columns[0].name, "Customer Id");
    assert_int_equal(columns[0].null_rule, R2D_NULL_OMIT);
    assert_view(columns[1].name, "note");
    assert_int_equal(columns[1].null_rule, R2D_NULL_WRITE);
    assert_view(columns[2].name, "\xC3\x84\"x");
    assert_int_equal(apply("{}", NULL), R2D_OK);
    assert_view(columns[0].name, "id");
    r2d_bytes_free(&texts);
}

static void columns_are_found_by_the_names_of_the_query(void **state)
{
    (void)state;
    r2d_bytes_init(&texts, &r2d_alloc_libc);
    assert_int_equal(apply("{\"id\":{\"name\":\"note\"},\"note\":{\"name\":\"id\"}}", NULL),
                     R2D_OK);
    assert_view(columns[0].name, "note");
    assert_view(columns[1].name, "id");
    r2d_bytes_free(&texts);
}

static void what_makes_no_sense_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "attributes: this is no object"},
        {"\"id\"", "attributes: this is no object"},
        {"null", "attributes: this is no object"},
        {"{\"other\":{}}", "attributes: column \"other\" is not in the query"},
        {"{\"id\":\"x\"}", "attributes: column \"id\" has no rule"},
        {"{\"id\":{\"name\":7}}", "attributes: column \"id\" has a rule that is no text"},
        {"{\"id\":{\"type\":\"S\"}}", "attributes: column \"id\" has an unknown rule"},
        {"{\"id\":{\"null\":\"x\"}}", "attributes: column \"id\" has an unknown null rule"},
        {"{\"id\":{\"null\":\"x\"},\"zz\":{}}",
         "attributes: column \"id\" has an unknown null rule"},
    };
    r2d_bytes_init(&texts, &r2d_alloc_libc);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dError err = {0};
        assert_int_equal(apply(cases[i][0], &err), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
        assert_string_equal(err.message, cases[i][1]);
        assert_true(err.hint[0] != '\0');
    }
    R2dError err = {0};
    assert_int_equal(apply("{", &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    r2d_bytes_free(&texts);
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    UnitAlloc unit;
    for (int fail_at = 1; fail_at < 10; fail_at++) {
        R2dError err = {0};
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        r2d_bytes_init(&texts, &unit.alloc);
        if (apply("{\"id\":{\"name\":\"x\"}}", &err) != R2D_OK)
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
        r2d_bytes_free(&texts);
        assert_int_equal(unit.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_null_rules_are_set),
        cmocka_unit_test(columns_are_found_by_the_names_of_the_query),
        cmocka_unit_test(what_makes_no_sense_is_refused_by_name),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
