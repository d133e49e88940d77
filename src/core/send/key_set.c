/* key_set.c - open addressing with linear probes; removal closes the gap, so nothing ages. */
#include "key_set.h"

#include <string.h>

static size_t home_of(const R2dKeySet *set, uint64_t hash)
{
    return (size_t)((hash * 0x9E3779B97F4A7C15u) >> 20) & set->mask;
}

/* The place of hash, or the empty place where it would go. */
static size_t place_of(const R2dKeySet *set, uint64_t hash)
{
    size_t at = home_of(set, hash);
    while (set->entries[at].count > 0 && set->entries[at].hash != hash)
        at = (at + 1) & set->mask;
    return at;
}

bool r2d_key_set_init(R2dKeySet *set, const R2dAlloc *alloc, size_t keys_max)
{
    size_t size = 64;
    while (size < keys_max * 4)
        size *= 2;
    *set = (R2dKeySet){.alloc = alloc, .mask = size - 1};
    set->entries = r2d_new(alloc, size * sizeof *set->entries);
    return set->entries != NULL;
}

void r2d_key_set_free(R2dKeySet *set)
{
    if (set->alloc != NULL)
        r2d_release(set->alloc, set->entries);
    *set = (R2dKeySet){0};
}

void r2d_key_set_clear(R2dKeySet *set)
{
    memset(set->entries, 0, (set->mask + 1) * sizeof *set->entries);
}

int r2d_key_set_owner(const R2dKeySet *set, uint64_t hash)
{
    const R2dKeySetEntry *entry = &set->entries[place_of(set, hash)];
    return entry->count > 0 ? entry->owner : -1;
}

void r2d_key_set_add(R2dKeySet *set, uint64_t hash, int owner)
{
    R2dKeySetEntry *entry = &set->entries[place_of(set, hash)];
    entry->hash = hash;
    entry->owner = owner;
    entry->count++;
}

void r2d_key_set_remove(R2dKeySet *set, uint64_t hash)
{
    size_t gap = place_of(set, hash);
    if (set->entries[gap].count == 0 || --set->entries[gap].count > 0)
        return;
    for (size_t at = (gap + 1) & set->mask; set->entries[at].count > 0; at = (at + 1) & set->mask) {
        size_t home = home_of(set, set->entries[at].hash);
        if (((at - home) & set->mask) < ((at - gap) & set->mask))
            continue;
        set->entries[gap] = set->entries[at];
        set->entries[at].count = 0;
        gap = at;
    }
}
