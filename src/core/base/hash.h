/*
 * hash.h - a 64-bit hash of a few bytes: multiply and fold, 16 bytes a step. For
 * tables in memory only; never stored, and not against an adversary.
 */
#ifndef R2D_HASH_H
#define R2D_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 R2dHashProduct;

static inline uint64_t r2d_hash_mix(uint64_t a, uint64_t b)
{
    R2dHashProduct product = (R2dHashProduct)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t r2d_hash_load(const char *data, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, data, len);
    return word;
}

static inline uint64_t r2d_hash(const char *data, size_t len)
{
    static const uint64_t odd[3] = {UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xD1B54A32D192ED03),
                                    UINT64_C(0x8CB92BA72F3D8DD7)};
    uint64_t hash = len * odd[2];
    uint64_t a = 0, b = 0;
    for (; len > 16; data += 16, len -= 16)
        hash = r2d_hash_mix(r2d_hash_load(data, 8) ^ odd[0], r2d_hash_load(data + 8, 8) ^ hash);
    if (len > 8) {
        a = r2d_hash_load(data, 8);
        b = r2d_hash_load(data + 8, len - 8);
    } else if (len > 0) {
        a = r2d_hash_load(data, len);
    }
    hash = r2d_hash_mix(a ^ odd[0] ^ hash, b ^ odd[1] ^ hash);
    return r2d_hash_mix(hash ^ odd[1], odd[2]);
}

#endif
