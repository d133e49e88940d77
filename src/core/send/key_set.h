/*
 * key_set.h - hashes of the keys that are in flight or wait for a resend, and which slot holds
 * each.
 *
 * Of fixed size, so that adding cannot fail. A hash belongs to one slot at a time; two keys of one
 * slot that share a hash are counted.
 */
#ifndef R2D_KEY_SET_H
#define R2D_KEY_SET_H

#include "../base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct R2dKeySetEntry {
    uint64_t hash;
    int32_t owner;
    int32_t count; /* 0: empty */
} R2dKeySetEntry;

typedef struct R2dKeySet {
    const R2dAlloc *alloc;
    R2dKeySetEntry *entries;
    size_t mask;
} R2dKeySet;

/* Room for keys_max keys at a time. false when memory is out: free is fine all the same. */
bool r2d_key_set_init(R2dKeySet *set, const R2dAlloc *alloc, size_t keys_max);
void r2d_key_set_free(R2dKeySet *set);
void r2d_key_set_clear(R2dKeySet *set);

int r2d_key_set_owner(const R2dKeySet *set, uint64_t hash); /* -1: nobody's */
void r2d_key_set_add(R2dKeySet *set, uint64_t hash, int owner);
void r2d_key_set_remove(R2dKeySet *set, uint64_t hash); /* must be there */

#endif
