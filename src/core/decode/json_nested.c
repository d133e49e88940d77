/* json_nested.c - checks a whole JSON object or array without recursion. */
#include "json_text.h"

static bool is_object(const R2dJsonStack *stack, int depth)
{
    return (stack->bits[(depth - 1) / 8] >> ((depth - 1) % 8) & 1) != 0;
}

static bool push(R2dJsonCursor *cursor, R2dJsonStack *stack, int *depth)
{
    if (*depth >= stack->limit)
        return r2d_json_fault(cursor, cursor->at, "row_nesting", "the value is nested too deeply");
    unsigned char bit = (unsigned char)(1 << *depth % 8);
    if (*cursor->at == '{')
        stack->bits[*depth / 8] |= bit;
    else
        stack->bits[*depth / 8] &= (unsigned char)~bit;
    (*depth)++;
    cursor->at++;
    return true;
}

static bool read_name(R2dJsonCursor *cursor)
{
    R2dValue name;
    r2d_json_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != '"')
        return r2d_json_fault(cursor, cursor->at, "row_syntax", "a name in quotes is missing");
    if (!r2d_json_string(cursor, &name))
        return false;
    r2d_json_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != ':')
        return r2d_json_fault(cursor, cursor->at, "row_syntax", "a colon is missing");
    cursor->at++;
    return true;
}

static bool read_scalar(R2dJsonCursor *cursor)
{
    R2dValue value;
    R2dView token;
    if (*cursor->at == '"')
        return r2d_json_string(cursor, &value);
    if (r2d_json_is_number_start(*cursor->at))
        return r2d_json_number(cursor, &token);
    return r2d_json_word(cursor, R2D_VIEW("true")) || r2d_json_word(cursor, R2D_VIEW("false")) ||
           r2d_json_word(cursor, R2D_VIEW("null")) ||
           r2d_json_fault(cursor, cursor->at, "row_syntax", "there is no valid value");
}

/* A value begins here: reads a scalar, or opens a level (*opened). */
static bool read_value(R2dJsonCursor *cursor, R2dJsonStack *stack, int *depth, bool *opened)
{
    r2d_json_blanks(cursor);
    if (cursor->at == cursor->end)
        return r2d_json_fault(cursor, cursor->at, "row_syntax", "the line ends within a value");
    *opened = *cursor->at == '{' || *cursor->at == '[';
    return *opened ? push(cursor, stack, depth) : read_scalar(cursor);
}

/* Behind a value: closes levels up to the comma that asks for another value, or to depth 0. */
static bool read_closings(R2dJsonCursor *cursor, const R2dJsonStack *stack, int *depth)
{
    while (*depth > 0) {
        bool object = is_object(stack, *depth);
        r2d_json_blanks(cursor);
        if (cursor->at == cursor->end)
            return r2d_json_fault(cursor, cursor->at, "row_syntax", "the line ends within a value");
        char c = *cursor->at;
        if (c != ',' && c != (object ? '}' : ']'))
            return r2d_json_fault(cursor, cursor->at, "row_syntax",
                                  "a comma or closing bracket is missing");
        cursor->at++;
        if (c == ',')
            return !object || read_name(cursor);
        (*depth)--;
    }
    return true;
}

bool r2d_json_nested(R2dJsonCursor *cursor, R2dJsonStack *stack)
{
    int depth = 0;
    bool opened = false;
    do {
        if (!read_value(cursor, stack, &depth, &opened))
            return false;
        if (opened) {
            bool object = is_object(stack, depth);
            r2d_json_blanks(cursor);
            bool empty = cursor->at < cursor->end && *cursor->at == (object ? '}' : ']');
            if (!empty && object && !read_name(cursor))
                return false;
            if (!empty)
                continue;
            cursor->at++;
            depth--;
        }
        if (!read_closings(cursor, stack, &depth))
            return false;
    } while (depth > 0);
    return true;
}
