/* base64.c - bytes as hex and as base64. */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of each hex digit plus one; 0: not a hex digit. */
static const unsigned char hex_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static void put_group(uint32_t bits, char *out)
{
    out[0] = alphabet[bits >> 18 & 63];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = alphabet[bits >> 6 & 63];
    out[3] = alphabet[bits & 63];
}

ptrdiff_t r2d_base64_add_hex(R2dBase64 *state, R2dView hex, char *out)
{
    char *target = out;
    if (hex.len % 2 != 0)
        return -1;
    for (size_t i = 0; i < hex.len; i += 2) {
        unsigned high = hex_plus_one[(unsigned char)hex.data[i]];
        unsigned low = hex_plus_one[(unsigned char)hex.data[i + 1]];
        if (high == 0 || low == 0)
            return -1;
        state->bits = state->bits << 8 | (high - 1) << 4 | (low - 1);
        if (++state->pending == 3) {
            put_group(state->bits, target);
            target += 4;
            state->pending = 0;
        }
    }
    return target - out;
}

size_t r2d_base64_finish(R2dBase64 *state, char *out)
{
    if (state->pending == 0)
        return 0;
    put_group(state->bits << (state->pending == 1 ? 16 : 8), out);
    out[3] = '=';
    if (state->pending == 1)
        out[2] = '=';
    *state = (R2dBase64){0};
    return 4;
}

static int sextet(char c)
{
    const char *found = memchr(alphabet, c, sizeof alphabet);
    return found != NULL ? (int)(found - alphabet) : -1;
}

ptrdiff_t r2d_base64_decode(R2dView text, char *out)
{
    char *target = out;
    if (text.len % 4 != 0)
        return -1;
    for (size_t i = 0; i < text.len; i += 4) {
        uint32_t bits = 0;
        int padding = 0;
        for (size_t j = i; j < i + 4; j++) {
            bool pad = i + 4 == text.len && j >= i + 2 && text.data[j] == '=';
            int value = pad ? 0 : sextet(text.data[j]);
            if (value < 0 || (padding > 0 && !pad))
                return -1;
            padding += pad;
            bits = bits << 6 | (uint32_t)value;
        }
        for (int k = 0; k < 3 - padding; k++)
            *target++ = (char)(bits >> (16 - 8 * k) & 0xFF);
    }
    return target - out;
}
