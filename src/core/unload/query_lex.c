/* query_lex.c - splits a query into tokens; see query_lex.h. */
#include "query_lex.h"

typedef struct Scan {
    R2dView text;
    R2dQueryFault *fault;
} Scan;

static bool fail_at(const Scan *scan, size_t at, const char *message, const char *hint)
{
    *scan->fault = (R2dQueryFault){.message = message, .hint = hint, .at = at};
    return false;
}

/* The byte at `at`, or 0 behind the end (a zero byte never stands in a checked text). */
static unsigned char byte_at(R2dView text, size_t at)
{
    return at < text.len ? (unsigned char)text.data[at] : 0;
}

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool starts_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool continues_tag(unsigned char c)
{
    return starts_word(c) || (c >= '0' && c <= '9');
}

/* A CR that no LF follows may end the comment or not, depending on the lexer. */
static bool lex_line_comment(const Scan *scan, R2dQueryToken *token)
{
    size_t at = token->start + 2;
    for (; at < scan->text.len && scan->text.data[at] != '\n'; at++) {
        if (scan->text.data[at] == '\r' && at + 1 < scan->text.len &&
            scan->text.data[at + 1] != '\n')
            return fail_at(scan, at, "a comment holds a carriage return without a line feed",
                           "It is not certain where such a comment ends: use LF or CRLF line "
                           "ends.");
    }
    token->kind = R2D_TOKEN_COMMENT;
    token->end = at;
    return true;
}

static bool lex_block_comment(const Scan *scan, R2dQueryToken *token)
{
    size_t depth = 1, at = token->start + 2;
    while (depth > 0) {
        if (at >= scan->text.len)
            return fail_at(scan, token->start, "this comment has no end",
                           "Each /* needs its own */: comments nest.");
        if (byte_at(scan->text, at) == '/' && byte_at(scan->text, at + 1) == '*') {
            depth++;
            at += 2;
        } else if (byte_at(scan->text, at) == '*' && byte_at(scan->text, at + 1) == '/') {
            depth--;
            at += 2;
        } else {
            at++;
        }
    }
    token->kind = R2D_TOKEN_COMMENT;
    token->end = at;
    return true;
}

/*
 * b'..' and x'..' know no escapes in PostgreSQL's lexer and U&'..' has its own: with a backslash
 * in them their end is not certain. A plain type name before the quote is not told apart, so that
 * nothing depends on where a word begins.
 */
static bool check_literal_prefix(const Scan *scan, size_t quote, bool *no_backslash)
{
    unsigned char last = quote > 0 ? byte_at(scan->text, quote - 1) : 0;
    *no_backslash = last == 'b' || last == 'B' || last == 'x' || last == 'X';
    if (last == '&' && quote > 1 && (byte_at(scan->text, quote - 2) | 0x20) == 'u')
        return fail_at(scan, quote - 2, "Redshift has no U&'...' literals",
                       "Write the characters themselves; for the operator &, put a blank before "
                       "the quote.");
    return true;
}

/* A quote behind blanks with a line end among them goes on with the literal before; the pieces of a
 * bit string know no escapes then, though no prefix tells. */
static bool check_no_continuation(const Scan *scan, size_t at)
{
    R2dQueryToken token = {.start = at, .end = at};
    for (;; token.start = token.end) {
        unsigned char c = byte_at(scan->text, token.end);
        bool is_comment = c == byte_at(scan->text, token.end + 1) && c == '-';
        if (is_blank(c))
            token.end++;
        else if (is_comment && !lex_line_comment(scan, &token))
            return false;
        else if (!is_comment && c == '/' && byte_at(scan->text, token.end + 1) == '*' &&
                 !lex_block_comment(scan, &token))
            return false;
        if (token.end == token.start)
            break;
    }
    return byte_at(scan->text, token.end) != '\'' ||
           fail_at(scan, token.end, "a bit string or hex string cannot go on in the next line",
                   "Write it as one literal.");
}

static bool lex_literal(const Scan *scan, R2dQueryToken *token)
{
    bool no_backslash;
    size_t at = token->start + 1;
    if (!check_literal_prefix(scan, token->start, &no_backslash))
        return false;
    for (;; at++) {
        if (at >= scan->text.len)
            return fail_at(scan, token->start, "this literal has no end",
                           "In Redshift a backslash is always an escape: '\\' does not end at "
                           "its second quote, write '\\\\'.");
        if (scan->text.data[at] == '\\' && no_backslash)
            return fail_at(scan, at, "a backslash cannot stand in a bit string or hex string",
                           NULL);
        if (scan->text.data[at] == '\\')
            at++;
        else if (scan->text.data[at] == '\'' && byte_at(scan->text, at + 1) == '\'')
            at++;
        else if (scan->text.data[at] == '\'')
            break;
    }
    token->kind = R2D_TOKEN_LITERAL;
    token->end = at + 1;
    return !no_backslash || check_no_continuation(scan, token->end);
}

static bool lex_name(const Scan *scan, R2dQueryToken *token)
{
    size_t at = token->start + 1;
    for (;; at++) {
        if (at >= scan->text.len)
            return fail_at(scan, token->start, "this quoted name has no end", NULL);
        if (scan->text.data[at] == '"' && byte_at(scan->text, at + 1) == '"')
            at++;
        else if (scan->text.data[at] == '"')
            break;
    }
    token->kind = R2D_TOKEN_NAME;
    token->end = at + 1;
    return true;
}

/* Length of `$$` or `$tag$` at `at`; 0 when there is none. */
static size_t dollar_delimiter(R2dView text, size_t at)
{
    size_t end = at + 1;
    if (byte_at(text, at) != '$')
        return 0;
    if (starts_word(byte_at(text, end)))
        while (continues_tag(byte_at(text, end)))
            end++;
    return byte_at(text, end) == '$' ? end + 1 - at : 0;
}

/* Where the delimiter text[at..at+len) stands again; SIZE_MAX: nowhere. */
static size_t find_again(R2dView text, size_t at, size_t len)
{
    const char *from = text.data + at + len;
    const char *found = memmem(from, text.len - at - len, text.data + at, len);
    return found != NULL ? (size_t)(found - text.data) : SIZE_MAX;
}

/* Bytes that split the same way whether they are read as literal or as code. */
static bool is_neutral(R2dView text, size_t start, size_t end)
{
    for (size_t at = start; at < end; at++) {
        unsigned char c = byte_at(text, at), next = byte_at(text, at + 1);
        if (strchr("'\"()$;\\", c) != NULL || (c == '-' && next == '-') ||
            (c == '/' && next == '*'))
            return false;
    }
    return true;
}

static bool lex_dollar(const Scan *scan, R2dQueryToken *token)
{
    size_t len = dollar_delimiter(scan->text, token->start);
    unsigned char next = byte_at(scan->text, token->start + 1);
    if (next >= '0' && next <= '9')
        return fail_at(scan, token->start, "a query to export cannot have parameters",
                       "Put the value in place of $1.");
    if (len == 0)
        return fail_at(scan, token->start, "a dollar sign has no meaning here", NULL);
    size_t close = find_again(scan->text, token->start, len);
    if (close == SIZE_MAX)
        return fail_at(scan, token->start, "this dollar-quoted literal has no end", NULL);
    if (!is_neutral(scan->text, token->start + len, close))
        return fail_at(scan, token->start,
                       "a dollar-quoted literal with quotes, parentheses, semicolons, backslashes "
                       "or comment signs in it cannot be exported",
                       "Write it as '...', with each quote and backslash in it doubled.");
    token->kind = R2D_TOKEN_LITERAL;
    token->end = close + len;
    return true;
}

/* a$b$ is a plain name, but a lexer that ends words at $ would see a dollar quote begin. */
static bool lex_word(const Scan *scan, R2dQueryToken *token)
{
    size_t at = token->start;
    for (; continues_tag(byte_at(scan->text, at)) || byte_at(scan->text, at) == '$'; at++) {
        if (dollar_delimiter(scan->text, at) > 0)
            return fail_at(scan, token->start,
                           "this name can also be read as the beginning of a dollar-quoted "
                           "literal",
                           "Put the name in double quotes.");
    }
    token->kind = R2D_TOKEN_WORD;
    token->end = at;
    return true;
}

static void lex_blanks(const Scan *scan, R2dQueryToken *token)
{
    token->kind = R2D_TOKEN_BLANK;
    while (is_blank(byte_at(scan->text, token->end)))
        token->end++;
}

static bool lex_single(const Scan *scan, R2dQueryToken *token, unsigned char c)
{
    if (c < 0x20 || c == 0x7F)
        return fail_at(scan, token->start, "an invisible control character stands here",
                       "Delete it, or put it into a literal.");
    token->end = token->start + 1;
    token->kind = c == '('   ? R2D_TOKEN_OPEN
                  : c == ')' ? R2D_TOKEN_CLOSE
                  : c == ';' ? R2D_TOKEN_SEMICOLON
                             : R2D_TOKEN_OTHER;
    return true;
}

bool r2d_query_lex(R2dView text, size_t at, R2dQueryToken *token, R2dQueryFault *fault)
{
    Scan scan = {.text = text, .fault = fault};
    unsigned char c = byte_at(text, at), next = byte_at(text, at + 1);
    *token = (R2dQueryToken){.kind = R2D_TOKEN_END, .start = at, .end = at};
    if (at >= text.len)
        return true;
    if (is_blank(c)) {
        lex_blanks(&scan, token);
        return true;
    }
    if (c == '-' && next == '-')
        return lex_line_comment(&scan, token);
    if (c == '/' && next == '*')
        return lex_block_comment(&scan, token);
    if (c == '\'')
        return lex_literal(&scan, token);
    if (c == '"')
        return lex_name(&scan, token);
    if (c == '$')
        return lex_dollar(&scan, token);
    if (starts_word(c))
        return lex_word(&scan, token);
    return lex_single(&scan, token, c);
}
