/* test_query.c - nothing gets out of the frame that the query is put into. */
#include "unit.h"

#include "unload/query.h"

static R2dError err;
static int position;

static R2dStatus check(const char *text, size_t len, R2dView *query)
{
    memset(&err, 0, sizeof err);
    position = 0;
    return r2d_query_check(r2d_view(text, len), query, &position, &err);
}

/* Accepted, and nothing is taken off but what stands behind `kept`. */
#define assert_kept(text, kept)                                                                    \
    do {                                                                                           \
        R2dView query_ = {0};                                                                      \
        assert_int_equal(check(text, sizeof(text) - 1, &query_), R2D_OK);                          \
        assert_view(query_, kept);                                                                 \
    } while (0)
#define assert_taken(text) assert_kept(text, text)

#define assert_refused(text, at, part)                                                             \
    do {                                                                                           \
        R2dView query_;                                                                            \
        assert_int_equal(check(text, sizeof(text) - 1, &query_), R2D_FAILED);                      \
        assert_int_equal(err.kind, R2D_ERR_ARGUMENT);                                              \
        if (strstr(err.message, part) == NULL)                                                     \
            fail_msg("%s: %s", text, err.message);                                                 \
        assert_int_equal(position, at);                                                            \
    } while (0)

static void ordinary_queries_pass_unchanged(void **state)
{
    (void)state;
    assert_taken("SELECT 1");
    assert_taken("  select a.\"B c\", 'it''s' from t where x = (1 + (2))\n");
    assert_taken("WITH w AS (SELECT 1) SELECT * FROM w");
    assert_taken("(SELECT 1) UNION ALL (SELECT 2)");
    assert_taken("((with a as (select 1) select * from a))");
    assert_taken("/* first */ -- second\n( /* third */ SELECT 1)");
    assert_taken("select super_column.\"Name\"[0].x from t");
    assert_taken("SELECT '\xE2\x82\xAC', \"\xC3\xA9t\xC3\xA9\", \xC3\xA9t\xC3\xA9 FROM t");
    assert_taken("SELECT DATE'2020-01-01', INTERVAL '1' DAY, 5 - -5, 6/2, 1e5, a$1, b$");
}

static void a_trailing_semicolon_comes_off(void **state)
{
    (void)state;
    assert_kept("SELECT 1;", "SELECT 1");
    assert_kept("SELECT 1 ; ; \n -- done\n /* really */ ;", "SELECT 1 ");
    assert_kept("SELECT 1;--no newline", "SELECT 1");
    assert_kept("SELECT 1 -- x\n;", "SELECT 1 -- x\n");
}

static void a_comment_at_the_end_stays(void **state)
{
    (void)state;
    assert_taken("SELECT 1 -- the end");
    assert_taken("SELECT 1 -- not an end;");
    assert_taken("SELECT 1 /* ; ) */");
    assert_taken("SELECT 1 -- )");
    assert_taken("SELECT 1 --");
    assert_taken("SELECT 1 -- )\r");
}

static void a_second_statement_is_refused(void **state)
{
    (void)state;
    assert_refused("SELECT 1; DROP TABLE t", 11, "only one statement");
    assert_refused("SELECT 1;)", 10, "only one statement");
    assert_refused("(SELECT 1;)", 11, "only one statement");
    assert_refused("SELECT 1; 'x'", 11, "only one statement");
    assert_refused("SELECT 1; \"x\"", 11, "only one statement");
    assert_refused("SELECT 1;/**/1", 14, "only one statement");
    assert_refused("SELECT 1;\n/* open", 11, "comment has no end");
    assert_refused(";SELECT 1", 2, "only one statement");
}

static void a_parenthesis_cannot_leave_the_frame(void **state)
{
    (void)state;
    assert_refused("SELECT 1) AS q, (SELECT 2", 9, "closes nothing");
    assert_refused("SELECT 1)", 9, "closes nothing");
    assert_refused("(SELECT 1))--", 11, "closes nothing");
    assert_refused("SELECT (1", 8, "never closed");
    assert_refused("SELECT (1), (f((2)", 13, "never closed");
    assert_refused(")", 1, "closes nothing");
    assert_refused("SELECT 1 -- \n)", 14, "closes nothing");
}

static void nothing_may_stay_open(void **state)
{
    (void)state;
    assert_refused("SELECT 'x", 8, "literal has no end");
    assert_refused("SELECT \"x", 8, "name has no end");
    assert_refused("SELECT \"x\"\"", 8, "name has no end");
    assert_refused("SELECT /* x", 8, "comment has no end");
    assert_refused("SELECT 1 /*/", 10, "comment has no end");
    assert_refused("SELECT $$x", 8, "dollar-quoted literal has no end");
    assert_refused("SELECT $a$x$b$", 8, "dollar-quoted literal has no end");
}

static void a_backslash_always_escapes_in_literals(void **state)
{
    (void)state;
    assert_taken("SELECT '\\''");
    assert_taken("SELECT '\\\\'");
    assert_refused("SELECT '\\'", 8, "literal has no end");
    assert_taken("SELECT '\\') AS q; DROP TABLE t --'");
    assert_refused("SELECT '\\\\') AS q; DROP TABLE t --'", 12, "closes nothing");
    assert_taken("SELECT E'\\') --', 1");
    assert_refused("SELECT E'\\\\') --'", 13, "closes nothing");
    assert_refused("SELECT '\\", 8, "literal has no end");
    assert_taken("SELECT '\\\n'");
    assert_taken("SELECT '\\\xE2\x82\xAC'");
}

static void a_backslash_is_nothing_in_names(void **state)
{
    (void)state;
    assert_taken("SELECT \"\\\" FROM t");
    assert_refused("SELECT \"\\\") FROM t", 11, "closes nothing");
}

static void doubled_quotes_stay_inside(void **state)
{
    (void)state;
    assert_taken("SELECT ''')--' FROM t");
    assert_refused("SELECT '''')--'", 12, "closes nothing");
    assert_taken("SELECT \"a\"\")--\" FROM t");
    assert_refused("SELECT 'a' '') '", 14, "closes nothing");
    assert_taken("SELECT 'a'\n'b)'");
}

static void quotes_in_comments_and_comments_in_quotes_do_not_count(void **state)
{
    (void)state;
    assert_taken("SELECT 1 -- it's (\n");
    assert_taken("SELECT 1 /* it's \" ( */");
    assert_taken("SELECT '--', \"/*\", '/*' FROM t");
    assert_refused("SELECT '--') FROM t", 12, "closes nothing");
    assert_refused("SELECT 1 -- '\n) -- '", 15, "closes nothing");
    assert_refused("SELECT 1 /* ' */ ) /* ' */", 18, "closes nothing");
    assert_taken("SELECT 1 -- /*\n");
    assert_taken("SELECT 1 /* -- */ + 1");
}

static void comments_nest(void **state)
{
    (void)state;
    assert_taken("SELECT 1 /* a /* b */ ) */");
    assert_refused("SELECT 1 /* a /* b */ ) ", 10, "comment has no end");
    assert_refused("SELECT 1 /* a */ ) */", 18, "closes nothing");
    assert_taken("SELECT 1 /**/ + 1 /***/ /*/**/*/");
    assert_refused("SELECT 1 /*/*/ )", 10, "comment has no end");
    assert_taken("SELECT 2 */* ) */ 3");
    assert_taken("SELECT 2 +-- )\n 3");
}

static void a_carriage_return_alone_must_not_hide_the_end_of_a_comment(void **state)
{
    (void)state;
    assert_refused("SELECT 1 -- x\r) AS q --", 14, "carriage return");
    assert_taken("SELECT 1 -- x\r\n+ 1\r\n");
    assert_refused("SELECT 1 -- x\r\n)\r\n", 16, "closes nothing");
    assert_taken("SELECT 'a\rb'\r, 1 /* \r */");
}

static void only_redshifts_blanks_are_blanks(void **state)
{
    (void)state;
    assert_taken("\f\t\r\nSELECT\f1");
    assert_refused("SELECT 1\v", 9, "control character");
    assert_refused("SELECT 1;\v", 10, "control character");
    assert_refused("\x7FSELECT 1", 1, "control character");
    assert_taken("SELECT '\v\x01'");
    assert_refused("\xC2\xA0SELECT 1", 1, "only a query");
    assert_non_null(strstr(err.hint, "no-break space"));
    assert_refused("\xEF\xBB\xBFSELECT 1", 1, "only a query");
    assert_refused("SELECT 1;\xC2\xA0", 10, "only one statement");
    assert_refused("SELECT\xC2\xA0 1", 1, "only a query");
    assert_taken("SELECT 1\xC2\xA0 FROM t");
}

static void quotes_of_typographers_quote_nothing(void **state)
{
    (void)state;
    assert_refused("SELECT \xE2\x80\x98)\xE2\x80\x99", 9, "closes nothing");
    assert_refused("SELECT \xE2\x80\x9C)\xE2\x80\x9D", 9, "closes nothing");
    assert_refused("SELECT \xEF\xBC\x87)\xEF\xBC\x87", 9, "closes nothing");
    assert_taken("SELECT '\xE2\x80\x99) '");
}

static void zero_bytes_and_broken_utf8_are_refused(void **state)
{
    (void)state;
    assert_refused("SELECT 'a\0b'", 10, "zero byte");
    assert_refused("SELECT 1\0", 9, "zero byte");
    assert_refused("SELECT '\xC3'", 9, "UTF-8");
    assert_refused("SELECT '\xC0\xA7'", 9, "UTF-8");
    assert_refused("SELECT '\xED\xA0\x80'", 9, "UTF-8");
    assert_refused("SELECT '\xF4\x90\x80\x80'", 9, "UTF-8");
    assert_refused("SELECT '\xF0\x9F\x98\x80\xFF'", 10, "UTF-8");
    assert_refused("SELECT '\xE2\x82", 9, "UTF-8");
}

static void dollar_quotes_pass_only_when_every_reading_agrees(void **state)
{
    (void)state;
    assert_taken("SELECT $$plain text, 1 - 2 / 3$$");
    assert_taken("SELECT $tag$plain$tag$ || $$$$");
    assert_refused("SELECT $$it's$$", 8, "dollar-quoted");
    assert_refused("SELECT $$)$$", 8, "dollar-quoted");
    assert_refused("SELECT $$;$$", 8, "dollar-quoted");
    assert_refused("SELECT $$--$$", 8, "dollar-quoted");
    assert_refused("SELECT $$/*$$", 8, "dollar-quoted");
    assert_refused("SELECT $$\\$$", 8, "dollar-quoted");
    assert_refused("SELECT $$\"$$", 8, "dollar-quoted");
    assert_refused("SELECT $a$ $$ $a$ ) $$", 8, "dollar-quoted");
    assert_taken("SELECT '$$' || ')' || '$$'");
    assert_refused("SELECT a$$ ) AS q --$$", 8, "can also be read");
    assert_refused("SELECT 1e5$$ ) $$", 9, "can also be read");
    assert_refused("SELECT \xC2\xA0$$ ) $$", 8, "can also be read");
    assert_refused("SELECT $1", 8, "parameters");
    assert_refused("SELECT $ 1", 8, "dollar sign");
    assert_taken("SELECT \"a$b$\" FROM t -- $$ '");
}

static void literals_with_other_escape_rules_are_refused(void **state)
{
    (void)state;
    assert_taken("SELECT x'1F', B'01'");
    assert_refused("SELECT x'\\' ) --'", 10, "backslash");
    assert_refused("SELECT 1B'\\' ) --'", 11, "backslash");
    assert_refused("SELECT \xC2\xA0x'\\' ) --'", 11, "backslash");
    assert_refused("SELECT U&'\\' ) --'", 8, "U&");
    assert_refused("SELECT u&'a' UESCAPE '\\' ) --'", 8, "U&");
    assert_taken("SELECT u & 'a', U&\"\\\" FROM t");
    assert_taken("SELECT N'\\' )'");
}

static void only_queries_are_exported(void **state)
{
    (void)state;
    assert_refused("DELETE FROM t", 1, "only a query can be exported: SELECT or WITH");
    assert_refused("TABLE t", 1, "only a query");
    assert_refused("VALUES (1)", 1, "only a query");
    assert_refused("-- SELECT\n insert into t select 1", 12, "only a query");
    assert_refused("('a')", 2, "only a query");
    assert_refused("SELECTED", 1, "only a query");
    assert_refused("\"SELECT\" 1", 1, "only a query");
    assert_refused("()", 2, "only a query");
    assert_refused("5", 1, "only a query");
}

static void an_empty_query_is_refused(void **state)
{
    (void)state;
    assert_refused("", 1, "empty");
    assert_refused(" \n -- nothing\n ; ", 1, "empty");
}

static void positions_count_characters(void **state)
{
    (void)state;
    assert_refused("SELECT '\xE2\x82\xAC\xF0\x9F\x98\x80', \xC3\xA9)", 15, "closes nothing");
}

static void literals_and_names_are_quoted(void **state)
{
    (void)state;
    UnitAlloc unit;
    unit_alloc_init(&unit);
    R2dBytes out;
    r2d_bytes_init(&out, &unit.alloc);
    assert_true(r2d_query_literal(&out, R2D_VIEW("it's \\ \"x\"")));
    assert_true(r2d_query_identifier(&out, R2D_VIEW("a\"b'c\\")));
    assert_true(r2d_query_literal(&out, r2d_view(NULL, 0)));
    assert_view(r2d_bytes_view(&out), "'it''s \\\\ \"x\"'\"a\"\"b'c\\\"''");
    size_t len = out.len;
    char big[1000];
    memset(big, '\'', sizeof big);
    unit.fail_at = unit.calls + 1;
    assert_false(r2d_query_literal(&out, r2d_view(big, sizeof big)));
    assert_int_equal(out.len, len);
    r2d_bytes_free(&out);
    assert_int_equal(unit.live, 0);
}

/* The pieces of a bit string that goes on in the next line know no escapes either, whatever stands
 * before their quotes. */
static void a_bit_string_cannot_go_on_in_the_next_line(void **state)
{
    (void)state;
    assert_refused("SELECT B'0'\n'\\' ) ; DROP TABLE t; -- '", 13, "next line");
    assert_refused("SELECT x'0' -- c\n  '1'", 20, "next line");
    assert_refused("SELECT x'0' /* c */\n'1'", 21, "next line");
    assert_taken("SELECT x'0', '1', 'a'\n'b'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_queries_pass_unchanged),
        cmocka_unit_test(a_trailing_semicolon_comes_off),
        cmocka_unit_test(a_comment_at_the_end_stays),
        cmocka_unit_test(a_second_statement_is_refused),
        cmocka_unit_test(a_parenthesis_cannot_leave_the_frame),
        cmocka_unit_test(nothing_may_stay_open),
        cmocka_unit_test(a_backslash_always_escapes_in_literals),
        cmocka_unit_test(a_backslash_is_nothing_in_names),
        cmocka_unit_test(doubled_quotes_stay_inside),
        cmocka_unit_test(quotes_in_comments_and_comments_in_quotes_do_not_count),
        cmocka_unit_test(comments_nest),
        cmocka_unit_test(a_carriage_return_alone_must_not_hide_the_end_of_a_comment),
        cmocka_unit_test(only_redshifts_blanks_are_blanks),
        cmocka_unit_test(quotes_of_typographers_quote_nothing),
        cmocka_unit_test(zero_bytes_and_broken_utf8_are_refused),
        cmocka_unit_test(dollar_quotes_pass_only_when_every_reading_agrees),
        cmocka_unit_test(literals_with_other_escape_rules_are_refused),
        cmocka_unit_test(only_queries_are_exported),
        cmocka_unit_test(an_empty_query_is_refused),
        cmocka_unit_test(positions_count_characters),
        cmocka_unit_test(literals_and_names_are_quoted),
        cmocka_unit_test(a_bit_string_cannot_go_on_in_the_next_line),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
