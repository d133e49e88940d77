/*
 * spread_keys.h - the partition keys of the window: found by hash, in a heap by the time at which
 * they may go, each with a pace of its own. Private to spread.c.
 *
 * The pace of a key, in units per second: it begins with what one partition takes at least, falls
 * with the share that comes back, and grows while nothing does, faster with time. Keys of one
 * partition find their shares in this way, and nobody needs to know which they are.
 */
#ifndef R2D_SPREAD_KEYS_H
#define R2D_SPREAD_KEYS_H

#include "spread.h"

typedef struct R2dSpreadKey {
    uint64_t hash;
    int64_t due_us; /* may go from here on */
    double rate;    /* its pace */
    int64_t cut_us; /* last time that it was slowed down */
    int64_t grown_us;
    double calm;          /* batches since then */
    uint32_t first, last; /* rows, while there are any */
    int rows;
    int heap_at;
    int next;   /* in its bucket */
    bool paced; /* it was its own pace that held it back */
} R2dSpreadKey;

/* A zeroed struct must be initialised. Keys stay where they are: pointers to them do not move. */
typedef struct R2dSpreadKeys {
    int count;
    int hand;    /* where the search for a key to forget goes on */
    int waiting; /* keys in the heap: those with rows */
    int heap[R2D_SPREAD_KEYS_MAX];
    int buckets[2 * R2D_SPREAD_KEYS_MAX];
    R2dSpreadKey entries[R2D_SPREAD_KEYS_MAX];
} R2dSpreadKeys;

void r2d_spread_keys_init(R2dSpreadKeys *keys);

R2dSpreadKey *r2d_spread_keys_find(R2dSpreadKeys *keys, uint64_t hash); /* NULL: not known */
/* One without rows may be forgotten for it; NULL when all have rows. */
R2dSpreadKey *r2d_spread_keys_find_or_add(R2dSpreadKeys *keys, uint64_t hash, int64_t now_us);

/* The key that waits and may go first; NULL: none waits. */
R2dSpreadKey *r2d_spread_keys_first(R2dSpreadKeys *keys);
/* It begins to wait until its due_us; its due_us is later now; it waits no more. */
void r2d_spread_keys_wait(R2dSpreadKeys *keys, R2dSpreadKey *key);
void r2d_spread_keys_delayed(R2dSpreadKeys *keys, R2dSpreadKey *key);
void r2d_spread_keys_leave(R2dSpreadKeys *keys, R2dSpreadKey *key);

/* `share` of a batch came back. */
void r2d_spread_key_slow_down(R2dSpreadKey *key, double share, int64_t now_us);
/* So many batches were accepted as a whole. */
void r2d_spread_key_speed_up(R2dSpreadKey *key, double batches, int64_t now_us);

#endif
