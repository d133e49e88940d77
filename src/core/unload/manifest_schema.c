/* manifest_schema.c - a scanner that knows strings and brackets only; see manifest_schema.h. */
#include "manifest_schema.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(R2dView text, size_t at)
{
    while (at < text.len && is_blank(text.data[at]))
        at++;
    return at;
}

/* Behind the string that begins at `at`; text.len when it has no end. */
static size_t skip_string(R2dView text, size_t at)
{
    for (at++; at < text.len && text.data[at] != '"'; at++)
        if (text.data[at] == '\\')
            at++;
    return at < text.len ? at + 1 : text.len;
}

static int bracket(char c)
{
    return c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
}

/* Behind the value: at the comma or bracket that ends it. */
static size_t skip_value(R2dView text, size_t at)
{
    size_t depth = 0;
    while (at < text.len) {
        int step = bracket(text.data[at]);
        if (depth == 0 && (step < 0 || text.data[at] == ','))
            break;
        if (text.data[at] == '"') {
            at = skip_string(text, at);
            continue;
        }
        depth += (size_t)step;
        at++;
    }
    return at;
}

/* Widens the cut by the comma behind it, or else by the one before it. */
static void take_comma(R2dView text, size_t *start, size_t *end)
{
    if (*end < text.len && text.data[*end] == ',') {
        (*end)++;
        return;
    }
    size_t before = *start;
    while (before > 0 && is_blank(text.data[before - 1]))
        before--;
    if (before > 0 && text.data[before - 1] == ',')
        *start = before - 1;
}

bool r2d_manifest_find_schema(R2dView text, size_t *start, size_t *end)
{
    size_t at = skip_blanks(text, 0);
    if (at >= text.len || text.data[at] != '{')
        return false;
    at++;
    for (;;) {
        at = skip_blanks(text, at);
        if (at >= text.len || text.data[at] != '"')
            return false;
        size_t name_end = skip_string(text, at);
        size_t colon = skip_blanks(text, name_end);
        if (colon >= text.len || text.data[colon] != ':')
            return false;
        size_t value_end = skip_value(text, colon + 1);
        if (r2d_view_equal(r2d_view(text.data + at, name_end - at), R2D_VIEW("\"schema\""))) {
            *start = at;
            *end = value_end;
            take_comma(text, start, end);
            return value_end < text.len;
        }
        if (value_end >= text.len || text.data[value_end] != ',')
            return false;
        at = value_end + 1;
    }
}
