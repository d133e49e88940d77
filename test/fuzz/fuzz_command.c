/*
 * fuzz_command.c - whatever goes into an UNLOAD stays in its literal: the statement is split into
 * exactly the tokens that we wrote, and within the select the query stays in its parentheses.
 *
 * The input is query, stage prefix, role and region with 0xFF between them.
 */
#include "unload/command.h"
#include "unload/query.h"
#include "unload/query_lex.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static R2dView next_part(R2dView *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->data, 0xFF, rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    R2dView part = r2d_view(rest->data, len);
    *rest = r2d_view(rest->data + len + (end != NULL), rest->len - len - (end != NULL));
    return part;
}

/* The next token that is no blank; everything must be readable to the end. */
static R2dQueryToken next_token(R2dView text, size_t *at)
{
    R2dQueryToken token;
    R2dQueryFault fault;
    do {
        check(r2d_query_lex(text, *at, &token, &fault));
        *at = token.end;
    } while (token.kind == R2D_TOKEN_BLANK);
    return token;
}

static void expect_word(R2dView text, size_t *at, const char *word)
{
    R2dQueryToken token = next_token(text, at);
    check(token.kind == R2D_TOKEN_WORD);
    check(r2d_view_equal(r2d_view(text.data + token.start, token.end - token.start),
                         r2d_view_of(word)));
}

/* A literal that says exactly `value`, read as Redshift reads it; NULL: give it back in out. */
static void expect_literal(R2dView text, size_t *at, const R2dView *value, R2dBytes *out)
{
    R2dQueryToken token = next_token(text, at);
    check(token.kind == R2D_TOKEN_LITERAL && text.data[token.start] == '\'');
    out->len = 0;
    for (size_t i = token.start + 1; i < token.end - 1; i++) {
        i += text.data[i] == '\\' || text.data[i] == '\'';
        check(i < token.end - 1 && r2d_bytes_append_char(out, text.data[i]));
    }
    if (value != NULL)
        check(r2d_view_equal(r2d_bytes_view(out), *value));
}

/* SELECT ... FROM (query\n) AS q(c0, c1): the query's bytes never leave their parenthesis. */
static void check_select(R2dView select, R2dView query)
{
    static const char open[] = " FROM (", close[] = "\n) AS q(c0, c1)";
    const char *from = memmem(select.data, select.len, open, sizeof open - 1);
    check(from != NULL);
    size_t start = (size_t)(from - select.data) + sizeof open - 1, end = start + query.len;
    check(select.len == end + sizeof close - 1);
    check(r2d_view_equal(r2d_view(select.data + start, query.len), query));
    check(memcmp(select.data + end, close, sizeof close - 1) == 0);
    int depth = 0;
    R2dQueryToken token = {.end = 0};
    R2dQueryFault fault;
    do {
        check(r2d_query_lex(select, token.end, &token, &fault));
        depth += (token.kind == R2D_TOKEN_OPEN) - (token.kind == R2D_TOKEN_CLOSE);
        check(token.kind != R2D_TOKEN_SEMICOLON);
        if (token.start >= start && token.start < end)
            check(depth >= 1 && token.end <= end + 1);
        if (token.start == end + 1)
            check(token.kind == R2D_TOKEN_CLOSE && depth == 0);
    } while (token.kind != R2D_TOKEN_END);
    check(depth == 0);
}

static void check_statement(R2dView text, const R2dUnload *unload)
{
    R2dBytes literal;
    size_t at = 0;
    r2d_bytes_init(&literal, &r2d_alloc_libc);
    expect_word(text, &at, "UNLOAD");
    check(next_token(text, &at).kind == R2D_TOKEN_OPEN);
    expect_literal(text, &at, NULL, &literal);
    check_select(r2d_bytes_view(&literal), unload->query);
    check(next_token(text, &at).kind == R2D_TOKEN_CLOSE);
    expect_word(text, &at, "TO");
    expect_literal(text, &at, &unload->s3_prefix, &literal);
    expect_word(text, &at, "IAM_ROLE");
    if (unload->iam_role.len == 7)
        expect_word(text, &at, "default");
    else
        expect_literal(text, &at, &unload->iam_role, &literal);
    for (const char *const *word =
             (const char *const[]){"FORMAT", "JSON", "MANIFEST", "VERBOSE", "ZSTD", "REGION", NULL};
         *word != NULL; word++)
        expect_word(text, &at, *word);
    expect_literal(text, &at, &unload->region, &literal);
    check(next_token(text, &at).kind == R2D_TOKEN_END);
    r2d_bytes_free(&literal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dView rest = {(const char *)data, size}, typed = next_part(&rest);
    R2dView name = R2D_VIEW("x'\") FROM ("); /* names never stand in the statement */
    R2dRemoteColumn remote[2] = {{name, 20, -1}, {name, 1043, 24}};
    R2dColumn columns[2];
    R2dUnload unload = {.remote = remote, .columns = columns, .column_count = 2};
    R2dError err = {.kind = R2D_ERR_NONE};
    R2dBytes out;
    int position;
    for (int i = 0; i < 2; i++)
        check(r2d_projection_column(&remote[i], &columns[i], NULL) == R2D_OK);
    unload.s3_prefix = next_part(&rest);
    unload.iam_role = next_part(&rest);
    unload.region = next_part(&rest);
    unload.compression = R2D_COMPRESS_ZSTD;
    if (r2d_query_check(typed, &unload.query, &position, NULL) != R2D_OK)
        return 0;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    if (r2d_unload_command(&unload, &out, &err) == R2D_OK)
        check_statement(r2d_bytes_view(&out), &unload);
    else
        check(out.len == 0 && err.message[0] != '\0');
    r2d_bytes_free(&out);
    return 0;
}
