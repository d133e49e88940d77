/* query.c - proves that a text is one query that its frame can hold; see query.h. */
#include "query.h"

#include "../base/utf8.h"
#include "query_lex.h"

#include <strings.h>

static bool check_characters(R2dView text, R2dQueryFault *fault)
{
    const unsigned char *bytes = (const unsigned char *)text.data, *end = bytes + text.len;
    for (const unsigned char *at = bytes; at < end;) {
        int len = r2d_utf8_len(at, end);
        if (len == 0 || *at == '\0') {
            *fault = (R2dQueryFault){.message = len == 0 ? "the query is not valid UTF-8"
                                                         : "the query holds a zero byte (U+0000)",
                                     .at = (size_t)(at - bytes)};
            return false;
        }
        at += len;
    }
    return true;
}

static int character_position(R2dView text, size_t at)
{
    int position = 1;
    for (size_t i = 0; i < at && i < text.len; i++)
        position += !r2d_utf8_continues((unsigned char)text.data[i]);
    return position;
}

/* What has been seen of the statement so far. */
typedef struct Walk {
    R2dView text;
    R2dQueryFault *fault;
    size_t depth;
    size_t outermost_open; /* where the parenthesis stands that took depth to 1 */
    size_t end;            /* where the first semicolon stands */
    bool begun;            /* SELECT or WITH was seen */
    bool ended;
} Walk;

static bool refuse(const Walk *walk, size_t at, const char *message, const char *hint)
{
    *walk->fault = (R2dQueryFault){.message = message, .hint = hint, .at = at};
    return false;
}

static bool is_word(R2dView text, const R2dQueryToken *token, const char *word)
{
    size_t len = strlen(word);
    return token->kind == R2D_TOKEN_WORD && token->end - token->start == len &&
           strncasecmp(text.data + token->start, word, len) == 0;
}

static bool begin(Walk *walk, const R2dQueryToken *token)
{
    walk->begun = is_word(walk->text, token, "select") || is_word(walk->text, token, "with");
    if (walk->begun)
        return true;
    return refuse(walk, token->start, "only a query can be exported: SELECT or WITH",
                  (unsigned char)walk->text.data[token->start] >= 0x80
                      ? "A character that is not ASCII stands here; a no-break space or a byte "
                        "order mark looks like a blank, but is none."
                      : NULL);
}

static bool take_parenthesis(Walk *walk, const R2dQueryToken *token)
{
    if (token->kind == R2D_TOKEN_OPEN) {
        if (walk->depth++ == 0)
            walk->outermost_open = token->start;
        return true;
    }
    if (walk->depth == 0)
        return refuse(walk, token->start, "this parenthesis closes nothing", NULL);
    walk->depth--;
    return walk->begun || begin(walk, token);
}

static bool take(Walk *walk, const R2dQueryToken *token)
{
    switch (token->kind) {
    case R2D_TOKEN_BLANK:
    case R2D_TOKEN_COMMENT:
        return true;
    case R2D_TOKEN_SEMICOLON:
        if (!walk->ended)
            walk->end = token->start;
        walk->ended = true;
        return true;
    default:
        break;
    }
    if (walk->ended)
        return refuse(walk, token->start, "only one statement can be exported",
                      "A semicolon stands before this; only blanks and comments may follow it.");
    if (token->kind == R2D_TOKEN_OPEN || token->kind == R2D_TOKEN_CLOSE)
        return take_parenthesis(walk, token);
    return walk->begun || begin(walk, token);
}

static bool walk_statement(Walk *walk)
{
    R2dQueryToken token = {.end = 0};
    do {
        if (!r2d_query_lex(walk->text, token.end, &token, walk->fault))
            return false;
        if (token.kind != R2D_TOKEN_END && !take(walk, &token))
            return false;
    } while (token.kind != R2D_TOKEN_END);
    if (walk->depth > 0)
        return refuse(walk, walk->outermost_open, "this parenthesis is never closed", NULL);
    if (!walk->begun)
        return refuse(walk, 0, "the query is empty", NULL);
    return true;
}

R2dStatus r2d_query_check(R2dView text, R2dView *query, int *position, R2dError *err)
{
    R2dQueryFault fault = {.message = ""};
    Walk walk = {.text = text, .fault = &fault, .end = text.len};
    if (check_characters(text, &fault) && walk_statement(&walk)) {
        *query = r2d_view(text.data, walk.end);
        return R2D_OK;
    }
    *position = character_position(text, fault.at);
    r2d_fail(err, R2D_ERR_ARGUMENT, "%s", fault.message);
    if (err != NULL && fault.hint != NULL)
        r2d_text_copy(err->hint, sizeof err->hint, fault.hint, strlen(fault.hint));
    return R2D_FAILED;
}

/* Appends text in quotes, each byte of `doubled` twice; all or nothing. */
static bool append_quoted(R2dBytes *out, R2dView text, char quote, const char *doubled)
{
    size_t more = text.len + 2;
    for (size_t i = 0; i < text.len; i++)
        more += text.data[i] != '\0' && strchr(doubled, text.data[i]) != NULL;
    if (!r2d_bytes_reserve(out, more))
        return false;
    char *to = out->data + out->len;
    *to++ = quote;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\0' && strchr(doubled, text.data[i]) != NULL)
            *to++ = text.data[i];
        *to++ = text.data[i];
    }
    *to = quote;
    out->len += more;
    return true;
}

bool r2d_query_literal(R2dBytes *out, R2dView text)
{
    return append_quoted(out, text, '\'', "'\\");
}

bool r2d_query_identifier(R2dBytes *out, R2dView name)
{
    return append_quoted(out, name, '"', "\"");
}
