/*
 * bytes.h - views (pointer and length, borrowed) and byte buffers (owned, growing).
 *
 * Text in the core is UTF-8 and never relies on a terminating zero, except where
 * a `const char *` says so.
 */
#ifndef R2D_BYTES_H
#define R2D_BYTES_H

#include "alloc.h"
#include "status.h"

#include <string.h>

/* Borrowed bytes. Who lends them, and until when, is said where the view is returned. */
typedef struct R2dView {
    const char *data;
    size_t len;
} R2dView;

#define R2D_VIEW(literal) ((R2dView){(literal), sizeof(literal) - 1})

static inline R2dView r2d_view(const char *data, size_t len)
{
    return (R2dView){data, len};
}

static inline R2dView r2d_view_of(const char *text)
{
    return (R2dView){text, strlen(text)};
}

static inline bool r2d_view_equal(R2dView a, R2dView b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool r2d_view_starts(R2dView text, R2dView prefix);

/* Decimal digits only, no sign; false when empty, not digits, or over INT64_MAX. */
bool r2d_view_to_int64(R2dView text, int64_t *value);

/* The value of a hex digit of either case; -1: it is none. */
static inline int r2d_hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Owned, growing bytes. A zeroed struct with alloc set is an empty buffer.
 * After a failed append the buffer is as it was before. */
typedef struct R2dBytes {
    char *data;
    size_t len;
    size_t capacity;
    const R2dAlloc *alloc;
} R2dBytes;

void r2d_bytes_init(R2dBytes *bytes, const R2dAlloc *alloc);
void r2d_bytes_free(R2dBytes *bytes); /* the buffer is empty and usable afterwards */

/* Makes room for `more` bytes behind len; false when memory is out. */
bool r2d_bytes_reserve(R2dBytes *bytes, size_t more);
/* Gives back room beyond `most` bytes that nothing stands in. */
void r2d_bytes_trim(R2dBytes *bytes, size_t most);
bool r2d_bytes_append(R2dBytes *bytes, const char *data, size_t len);
bool r2d_bytes_append_view(R2dBytes *bytes, R2dView view);
bool r2d_bytes_append_text(R2dBytes *bytes, const char *text);
bool r2d_bytes_append_char(R2dBytes *bytes, char c);
bool r2d_bytes_appendf(R2dBytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Terminates the text with a zero (not counted in len) and returns it; NULL when memory is out. */
const char *r2d_bytes_text(R2dBytes *bytes);

static inline R2dView r2d_bytes_view(const R2dBytes *bytes)
{
    return (R2dView){bytes->data, bytes->len};
}

#endif
