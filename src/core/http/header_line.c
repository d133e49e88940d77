/* header_line.c - names without case, values without the blanks around them. */
#include "header_line.h"

static char to_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool r2d_http_same_text(R2dView a, R2dView b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (to_lower(a.data[i]) != to_lower(b.data[i]))
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool r2d_http_header_value(R2dView line, R2dView name, R2dView *value)
{
    if (line.len <= name.len || line.data[name.len] != ':' ||
        !r2d_http_same_text(r2d_view(line.data, name.len), name))
        return false;
    const char *from = line.data + name.len + 1, *to = line.data + line.len;
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    *value = r2d_view(from, (size_t)(to - from));
    return true;
}
