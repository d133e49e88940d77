/* bytes.c - views and growing byte buffers. */
#include "bytes.h"

#include <stdio.h>

bool r2d_view_starts(R2dView text, R2dView prefix)
{
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
}

bool r2d_view_to_int64(R2dView text, int64_t *value)
{
    int64_t sum = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || sum > (INT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

void r2d_bytes_init(R2dBytes *bytes, const R2dAlloc *alloc)
{
    *bytes = (R2dBytes){.alloc = alloc};
}

void r2d_bytes_free(R2dBytes *bytes)
{
    r2d_release(bytes->alloc, bytes->data);
    r2d_bytes_init(bytes, bytes->alloc);
}

bool r2d_bytes_reserve(R2dBytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->len >= more)
        return true;
    if (more > SIZE_MAX / 4 - bytes->len)
        return false;
    size_t capacity = bytes->capacity < 64 ? 64 : bytes->capacity * 2;
    if (capacity < bytes->len + more)
        capacity = bytes->len + more;
    char *data = r2d_resize(bytes->alloc, bytes->data, capacity);
    if (data == NULL)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

void r2d_bytes_trim(R2dBytes *bytes, size_t most)
{
    if (bytes->capacity <= most || bytes->len > most)
        return;
    char *data = r2d_resize(bytes->alloc, bytes->data, most);
    if (data == NULL) /* it stays as it is */
        return;
    bytes->data = data;
    bytes->capacity = most;
}

bool r2d_bytes_append(R2dBytes *bytes, const char *data, size_t len)
{
    if (!r2d_bytes_reserve(bytes, len))
        return false;
    if (len > 0)
        memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
    return true;
}

bool r2d_bytes_append_view(R2dBytes *bytes, R2dView view)
{
    return r2d_bytes_append(bytes, view.data, view.len);
}

bool r2d_bytes_append_text(R2dBytes *bytes, const char *text)
{
    return r2d_bytes_append(bytes, text, strlen(text));
}

bool r2d_bytes_append_char(R2dBytes *bytes, char c)
{
    return r2d_bytes_append(bytes, &c, 1);
}

bool r2d_bytes_appendf(R2dBytes *bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !r2d_bytes_reserve(bytes, (size_t)len + 1))
        return false;
    va_start(args, format);
    vsnprintf(bytes->data + bytes->len, (size_t)len + 1, format, args);
    va_end(args);
    bytes->len += (size_t)len;
    return true;
}

const char *r2d_bytes_text(R2dBytes *bytes)
{
    if (!r2d_bytes_reserve(bytes, 1))
        return NULL;
    bytes->data[bytes->len] = '\0';
    return bytes->data;
}
