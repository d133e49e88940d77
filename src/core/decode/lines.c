/* lines.c - a source cut into lines. */
#include "lines.h"

static void advance(R2dLines *lines, size_t len)
{
    lines->rest = r2d_view(lines->rest.data + len, lines->rest.len - len);
}

/* Cuts the newline's carriage return, or a line over the limit. */
static void set_line(R2dLine *line, R2dView text, const char *readable, bool too_long)
{
    if (too_long && text.len > R2D_LINE_KEPT_BYTES)
        text.len = R2D_LINE_KEPT_BYTES;
    else if (!too_long && text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    *line = (R2dLine){text, readable, too_long};
}

/* Adds a part of the current line; over the limit it keeps R2D_LINE_KEPT_BYTES and drops the rest.
 */
static bool hold(R2dLines *lines, const char *data, size_t len)
{
    lines->begun = true;
    if (!lines->too_long && len <= lines->limit_bytes - lines->held.len)
        return r2d_bytes_append(&lines->held, data, len);
    lines->too_long = true;
    if (lines->held.len >= R2D_LINE_KEPT_BYTES) {
        lines->held.len = R2D_LINE_KEPT_BYTES;
        return true;
    }
    size_t more = R2D_LINE_KEPT_BYTES - lines->held.len;
    return r2d_bytes_append(&lines->held, data, len < more ? len : more);
}

static void lend_held(R2dLines *lines, R2dLine *line)
{
    R2dView text = r2d_bytes_view(&lines->held);
    set_line(line, text, text.data + text.len, lines->too_long);
    lines->begun = lines->too_long = false;
    lines->held_lent = true;
}

static void drop_lent(R2dLines *lines)
{
    if (lines->held_lent)
        lines->held.len = 0;
    lines->held_lent = false;
}

static R2dStatus refill(R2dLines *lines, R2dError *err)
{
    R2dStatus status = r2d_source_read(lines->source, &lines->rest, err);
    if (status == R2D_END)
        lines->ended = true;
    if (status != R2D_OK)
        lines->rest = r2d_view(NULL, 0);
    return status;
}

R2dStatus r2d_lines_next(R2dLines *lines, R2dLine *line, R2dError *err)
{
    drop_lent(lines);
    for (;;) {
        R2dView rest = lines->rest;
        if (rest.len > 0) {
            const char *newline = memchr(rest.data, '\n', rest.len);
            size_t len = newline != NULL ? (size_t)(newline - rest.data) : rest.len;
            advance(lines, newline != NULL ? len + 1 : len);
            if (newline != NULL && !lines->begun) {
                set_line(line, r2d_view(rest.data, len), rest.data + rest.len,
                         len > lines->limit_bytes);
                return R2D_OK;
            }
            if (!hold(lines, rest.data, len))
                return r2d_fail_memory(err);
            if (newline != NULL) {
                lend_held(lines, line);
                return R2D_OK;
            }
        }
        R2dStatus status = lines->ended ? R2D_END : refill(lines, err);
        if (status == R2D_END && lines->begun) {
            lend_held(lines, line);
            return R2D_OK;
        }
        if (status != R2D_OK)
            return status;
    }
}

R2dStatus r2d_lines_skip(R2dLines *lines, int64_t *left, R2dError *err)
{
    drop_lent(lines);
    while (*left > 0) {
        if (lines->rest.len > 0) {
            const char *newline = memchr(lines->rest.data, '\n', lines->rest.len);
            lines->begun = newline == NULL;
            advance(lines,
                    newline != NULL ? (size_t)(newline - lines->rest.data) + 1 : lines->rest.len);
        } else {
            R2dStatus status = lines->ended ? R2D_END : refill(lines, err);
            if (status == R2D_OK)
                continue;
            if (status != R2D_END || !lines->begun)
                return status;
            lines->begun = false;
        }
        if (!lines->begun) {
            lines->held.len = 0;
            lines->too_long = false;
            (*left)--;
        }
    }
    return R2D_OK;
}
