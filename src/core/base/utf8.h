/* utf8.h - which bytes are a character in UTF-8 (RFC 3629): no overlong forms, no surrogates. */
#ifndef R2D_UTF8_H
#define R2D_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool r2d_utf8_continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the character that starts at `at`, before `end`; 0 when it is not valid. */
static inline int r2d_utf8_len(const unsigned char *at, const unsigned char *end)
{
    ptrdiff_t room = end - at;
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xC2 && at[0] <= 0xDF)
        return room >= 2 && r2d_utf8_continues(at[1]) ? 2 : 0;
    if (at[0] >= 0xE0 && at[0] <= 0xEF) {
        if (room < 3 || !r2d_utf8_continues(at[1]) || !r2d_utf8_continues(at[2]))
            return 0;
        bool overlong = at[0] == 0xE0 && at[1] < 0xA0;
        bool surrogate = at[0] == 0xED && at[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (at[0] >= 0xF0 && at[0] <= 0xF4) {
        if (room < 4 || !r2d_utf8_continues(at[1]) || !r2d_utf8_continues(at[2]) ||
            !r2d_utf8_continues(at[3]))
            return 0;
        bool overlong = at[0] == 0xF0 && at[1] < 0x90;
        bool beyond = at[0] == 0xF4 && at[1] > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

#endif
