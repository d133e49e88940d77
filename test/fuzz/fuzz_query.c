/*
 * fuzz_query.c - whatever r2d_query_check accepts stays inside the frame that it is put into: the
 * frame around it is one query again, and the frame's literal gives back the same bytes.
 */
#include "unload/query.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(R2dView query)
{
    R2dBytes frame;
    R2dView again;
    int position;
    r2d_bytes_init(&frame, &r2d_alloc_libc);
    if (!r2d_bytes_append_text(&frame, "SELECT c0 AS c0 FROM (") ||
        !r2d_bytes_append_view(&frame, query) || !r2d_bytes_append_text(&frame, "\n) AS q(c0)"))
        abort();
    if (r2d_query_check(r2d_bytes_view(&frame), &again, &position, NULL) != R2D_OK ||
        again.len != frame.len)
        abort();
    r2d_bytes_free(&frame);
}

/* Reads a literal as Redshift does: a backslash or a doubled quote stands for the next byte. */
static void check_literal(R2dView text)
{
    R2dBytes literal;
    size_t at = 1;
    r2d_bytes_init(&literal, &r2d_alloc_libc);
    if (!r2d_query_literal(&literal, text) || literal.data[0] != '\'')
        abort();
    for (size_t i = 0; i < text.len; i++, at++) {
        at += literal.data[at] == '\\' || literal.data[at] == '\'';
        if (at >= literal.len || literal.data[at] != text.data[i])
            abort();
    }
    if (at + 1 != literal.len || literal.data[at] != '\'')
        abort();
    r2d_bytes_free(&literal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dView text = {(const char *)data, size}, query;
    R2dError err;
    int position = 0;
    check_literal(text);
    if (r2d_query_check(text, &query, &position, &err) == R2D_OK) {
        if (query.data != text.data || query.len > text.len)
            abort();
        check_frame(query);
    } else if (position < 1 || (size_t)position > size + 1 || err.message[0] == '\0') {
        abort();
    }
    return 0;
}
