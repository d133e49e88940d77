/* status.c - filling an R2dError. Never allocates. */
#include "status.h"

#include <stdio.h>
#include <string.h>

/* Length of the longest prefix of src[0..len) that does not end inside a UTF-8 sequence. */
static size_t utf8_floor(const char *src, size_t len)
{
    size_t start = len;
    while (start > 0 && len - start < 3 && ((unsigned char)src[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return len;
    unsigned char lead = (unsigned char)src[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return len - (start - 1) < need ? start - 1 : len;
}

void r2d_text_copy(char *dst, size_t dst_size, const char *src, size_t src_len)
{
    if (src_len >= dst_size)
        src_len = utf8_floor(src, dst_size - 1);
    if (src_len > 0)
        memcpy(dst, src, src_len);
    dst[src_len] = '\0';
}

R2dStatus r2d_fail(R2dError *err, R2dErrorKind kind, const char *format, ...)
{
    if (err == NULL)
        return R2D_FAILED;
    char text[sizeof err->message * 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memset(err, 0, sizeof *err);
    err->kind = kind;
    r2d_text_copy(err->message, sizeof err->message, text, strlen(text));
    return R2D_FAILED;
}

R2dStatus r2d_fail_memory(R2dError *err)
{
    return r2d_fail(err, R2D_ERR_MEMORY, "out of memory");
}
