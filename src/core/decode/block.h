/*
 * block.h - a few bytes of text looked at in one step; private to decode.
 *
 * r2d_block_load gives, for R2D_BLOCK_BYTES bytes, masks with one bit set per
 * matching byte, R2D_BLOCK_BITS bits apart, the first byte lowest.
 */
#ifndef R2D_BLOCK_H
#define R2D_BLOCK_H

#include <stdint.h>
#include <string.h>

typedef struct R2dBlock {
    uint64_t stop;    /* a quote or a backslash */
    uint64_t control; /* below 0x20 */
    uint64_t high;    /* 0x80 and above */
} R2dBlock;

#if defined(__SSE2__) && !defined(R2D_PORTABLE)

#include <emmintrin.h>

#define R2D_BLOCK_BYTES 16
#define R2D_BLOCK_BITS  1

static inline R2dBlock r2d_block_load(const char *at)
{
    __m128i text = _mm_loadu_si128((const __m128i *)at);
    __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
    return (R2dBlock){(uint64_t)_mm_movemask_epi8(stop), (uint64_t)_mm_movemask_epi8(control),
                      (uint64_t)_mm_movemask_epi8(text)};
}

#else

#define R2D_BLOCK_BYTES 8
#define R2D_BLOCK_BITS  8

#define R2D_BLOCK_LOW7      UINT64_C(0x7F7F7F7F7F7F7F7F)
#define R2D_BLOCK_ALL(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of each byte that is zero, exactly. */
static inline uint64_t r2d_block_zeros(uint64_t text)
{
    return ~(((text & R2D_BLOCK_LOW7) + R2D_BLOCK_LOW7) | text | R2D_BLOCK_LOW7);
}

static inline R2dBlock r2d_block_load(const char *at)
{
    uint64_t text;
    memcpy(&text, at, sizeof text);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    text = __builtin_bswap64(text);
#endif
    return (R2dBlock){r2d_block_zeros(text ^ R2D_BLOCK_ALL('"')) |
                          r2d_block_zeros(text ^ R2D_BLOCK_ALL('\\')),
                      r2d_block_zeros(text & R2D_BLOCK_ALL(0xE0)), text & ~R2D_BLOCK_LOW7};
}

#endif

/* Index of the lowest byte in a mask that is not 0. */
static inline int r2d_block_first(uint64_t mask)
{
    return __builtin_ctzll(mask) / R2D_BLOCK_BITS;
}

#endif
