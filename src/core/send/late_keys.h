/*
 * late_keys.h - keys of which an older row may still be written by a request that nobody answered:
 * a later row has to wait, or the older one might end up on top of it.
 *
 * A set of hashes, each with the one row that may come late and the time until which it may. It has
 * no memory while there are none, and a bound: when it is full, or memory is out, every row waits
 * instead. Times are those of r2d_mono_us; two keys that share a hash wait for each other.
 */
#ifndef R2D_LATE_KEYS_H
#define R2D_LATE_KEYS_H

#include "../base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

/* Keys known at a time, at least; their table takes at most 12 MB. */
#define R2D_LATE_KEYS_MAX ((size_t)131072)

typedef struct R2dLateKey {
    uint64_t hash;
    int64_t row;
    int64_t until_us; /* 0: empty */
} R2dLateKey;

typedef struct R2dLateKeys {
    const R2dAlloc *alloc;
    R2dLateKey *entries; /* NULL: none */
    size_t mask;
    size_t count;         /* of entries, those whose time has passed included */
    int64_t until_us;     /* of the last one; 0: no key is known */
    int64_t all_until_us; /* no row may be sent until then; 0: any may */
} R2dLateKeys;

void r2d_late_keys_init(R2dLateKeys *keys, const R2dAlloc *alloc);
void r2d_late_keys_clear(R2dLateKeys *keys); /* forgets all, gives the memory back */

/* A request with this row of the key may be applied until then. */
void r2d_late_keys_add(R2dLateKeys *keys, uint64_t hash, int64_t row, int64_t until_us,
                       int64_t now_us);
/* Nobody knows which keys: every row waits. */
void r2d_late_keys_add_all(R2dLateKeys *keys, int64_t until_us);

/* Until when this row must wait; 0: it need not. The row that may come late does not wait for
 * itself: it may be sent again, as it is the same. */
int64_t r2d_late_keys_find(const R2dLateKeys *keys, uint64_t hash, int64_t row, int64_t now_us);

/* Until when one of the rows up to `row` may come late; 0: none may. */
int64_t r2d_late_keys_until(const R2dLateKeys *keys, int64_t row, int64_t now_us);

/* Forgets all once the time of the last one has passed. */
void r2d_late_keys_expire(R2dLateKeys *keys, int64_t now_us);

#endif
