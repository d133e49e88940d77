/* json_tokens.c - see json_tokens.h. */
#include "json_tokens.h"

size_t r2d_json_skip_blanks(R2dView text, size_t at)
{
    while (at < text.len && memchr(" \t\r\n", text.data[at], 4) != NULL)
        at++;
    return at;
}

/* Length of the string token at text[at] with its quotes; 0 when it has no end or a control
 * character. Escapes and UTF-8 are checked by json-c. */
static size_t string_token(R2dView text, size_t at)
{
    for (size_t i = at + 1; i < text.len && (unsigned char)text.data[i] >= 0x20; i++) {
        if (text.data[i] == '"')
            return i + 1 - at;
        if (text.data[i] == '\\')
            i++;
    }
    return 0;
}

static size_t count_digits(R2dView text, size_t at)
{
    size_t n = 0;
    while (at + n < text.len && text.data[at + n] >= '0' && text.data[at + n] <= '9')
        n++;
    return n;
}

static bool char_at(R2dView text, size_t at, const char *set)
{
    return at < text.len && text.data[at] != '\0' && strchr(set, text.data[at]) != NULL;
}

/* Length of the number token at text[at]; 0 when it is not a number of RFC 8259. */
static size_t number_token(R2dView text, size_t at)
{
    size_t i = at + char_at(text, at, "-");
    size_t digits = count_digits(text, i);
    if (digits == 0 || (digits > 1 && text.data[i] == '0'))
        return 0;
    i += digits;
    if (char_at(text, i, ".")) {
        digits = count_digits(text, i + 1);
        if (digits == 0)
            return 0;
        i += 1 + digits;
    }
    if (char_at(text, i, "eE")) {
        i += 1 + char_at(text, i + 1, "+-");
        digits = count_digits(text, i);
        if (digits == 0)
            return 0;
        i += digits;
    }
    return i - at;
}

static size_t token(R2dView text, size_t at)
{
    static const R2dView words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    if (char_at(text, at, " \t\r\n{}[]:,"))
        return 1;
    if (char_at(text, at, "\""))
        return string_token(text, at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (r2d_view_starts(r2d_view(text.data + at, text.len - at), words[i]))
            return words[i].len;
    }
    return number_token(text, at);
}

static bool is_last_comma(R2dView text, size_t at)
{
    return text.data[at] == ',' && char_at(text, r2d_json_skip_blanks(text, at + 1), "]}");
}

R2dStatus r2d_json_check_tokens(R2dView text, R2dError *err)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = token(text, at);
        if (len == 0 || is_last_comma(text, at))
            return r2d_fail(err, R2D_ERR_DATA, "not JSON at byte %zu: unexpected character", at);
        at += len;
    }
    return R2D_OK;
}
