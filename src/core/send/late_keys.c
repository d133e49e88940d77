/* late_keys.c - open addressing with linear probes. Entries whose time has passed stay until the
 * table is made anew, for want of room, or emptied. */
#include "late_keys.h"

#define SIZE_MIN ((size_t)1024)

void r2d_late_keys_init(R2dLateKeys *keys, const R2dAlloc *alloc)
{
    *keys = (R2dLateKeys){.alloc = alloc};
}

void r2d_late_keys_clear(R2dLateKeys *keys)
{
    if (keys->alloc != NULL)
        r2d_release(keys->alloc, keys->entries);
    r2d_late_keys_init(keys, keys->alloc);
}

static R2dLateKey *place_of(R2dLateKey *entries, size_t mask, uint64_t hash)
{
    size_t at = (size_t)((hash * 0x9E3779B97F4A7C15u) >> 20) & mask;
    while (entries[at].until_us != 0 && entries[at].hash != hash)
        at = (at + 1) & mask;
    return &entries[at];
}

static size_t count_live(const R2dLateKeys *keys, int64_t now_us)
{
    size_t live = 0;
    for (size_t i = 0; keys->entries != NULL && i <= keys->mask; i++)
        live += keys->entries[i].until_us > now_us;
    return live;
}

/* A new table for those whose time has not passed, and as many more. */
static bool make_room(R2dLateKeys *keys, int64_t now_us)
{
    size_t live = count_live(keys, now_us), size = SIZE_MIN;
    while (size < live * 4)
        size *= 2;
    if (live >= R2D_LATE_KEYS_MAX)
        return false;
    R2dLateKey *entries = r2d_new(keys->alloc, size * sizeof *entries);
    if (entries == NULL)
        return false;
    for (size_t i = 0; keys->entries != NULL && i <= keys->mask; i++)
        if (keys->entries[i].until_us > now_us)
            *place_of(entries, size - 1, keys->entries[i].hash) = keys->entries[i];
    r2d_release(keys->alloc, keys->entries);
    keys->entries = entries;
    keys->mask = size - 1;
    keys->count = live;
    return true;
}

static void note_until(R2dLateKeys *keys, int64_t until_us)
{
    if (keys->until_us < until_us)
        keys->until_us = until_us;
}

void r2d_late_keys_add_all(R2dLateKeys *keys, int64_t until_us)
{
    note_until(keys, until_us);
    if (keys->all_until_us < until_us)
        keys->all_until_us = until_us;
}

void r2d_late_keys_add(R2dLateKeys *keys, uint64_t hash, int64_t row, int64_t until_us,
                       int64_t now_us)
{
    if ((keys->entries == NULL || keys->count * 2 > keys->mask) && !make_room(keys, now_us)) {
        r2d_late_keys_add_all(keys, until_us);
        return;
    }
    R2dLateKey *entry = place_of(keys->entries, keys->mask, hash);
    keys->count += entry->until_us == 0;
    if (entry->until_us < until_us)
        entry->until_us = until_us;
    entry->hash = hash;
    entry->row = row;
    note_until(keys, until_us);
}

int64_t r2d_late_keys_find(const R2dLateKeys *keys, uint64_t hash, int64_t row, int64_t now_us)
{
    if (keys->all_until_us > now_us)
        return keys->all_until_us;
    if (keys->entries == NULL)
        return 0;
    const R2dLateKey *entry = place_of(keys->entries, keys->mask, hash);
    return entry->until_us > now_us && entry->row != row ? entry->until_us : 0;
}

int64_t r2d_late_keys_until(const R2dLateKeys *keys, int64_t row, int64_t now_us)
{
    int64_t until_us = keys->all_until_us > now_us ? keys->all_until_us : 0;
    for (size_t i = 0; keys->entries != NULL && i <= keys->mask; i++) {
        const R2dLateKey *entry = &keys->entries[i];
        if (entry->until_us > now_us && entry->row <= row && entry->until_us > until_us)
            until_us = entry->until_us;
    }
    return until_us;
}

void r2d_late_keys_expire(R2dLateKeys *keys, int64_t now_us)
{
    if (keys->until_us != 0 && now_us >= keys->until_us)
        r2d_late_keys_clear(keys);
}
