/* spread_keys.c - see spread_keys.h. */
#include "spread_keys.h"

#define KEYS    R2D_SPREAD_KEYS_MAX
#define BUCKETS (2 * KEYS)
#define NONE    (-1)

#define START_WCU    1000.0 /* facts of the service: the limit of a partition */
#define RATE_MIN     25.0
#define CUT          0.3  /* when all of a batch came back */
#define GROWTH       0.02 /* per second */
#define GROWTH_MAX   1.0
#define CALM_US      600000 /* time, and batches, after which the growth doubles */
#define CALM_BATCHES 5.0
#define SHARE_WCU    250.0 /* slow keys grow by a share of this: the shares of keys become equal */

static void heap_set(R2dSpreadKeys *keys, int at, int key)
{
    keys->heap[at] = key;
    keys->entries[key].heap_at = at;
}

static int64_t heap_due(const R2dSpreadKeys *keys, int at)
{
    return keys->entries[keys->heap[at]].due_us;
}

static void heap_up(R2dSpreadKeys *keys, int at)
{
    int key = keys->heap[at];
    for (; at > 0 && heap_due(keys, (at - 1) / 2) > keys->entries[key].due_us; at = (at - 1) / 2)
        heap_set(keys, at, keys->heap[(at - 1) / 2]);
    heap_set(keys, at, key);
}

static void heap_down(R2dSpreadKeys *keys, int at)
{
    int key = keys->heap[at];
    for (int child; (child = 2 * at + 1) < keys->waiting; at = child) {
        if (child + 1 < keys->waiting && heap_due(keys, child + 1) < heap_due(keys, child))
            child++;
        if (heap_due(keys, child) >= keys->entries[key].due_us)
            break;
        heap_set(keys, at, keys->heap[child]);
    }
    heap_set(keys, at, key);
}

R2dSpreadKey *r2d_spread_keys_first(R2dSpreadKeys *keys)
{
    return keys->waiting > 0 ? &keys->entries[keys->heap[0]] : NULL;
}

void r2d_spread_keys_wait(R2dSpreadKeys *keys, R2dSpreadKey *key)
{
    heap_set(keys, keys->waiting, (int)(key - keys->entries));
    heap_up(keys, keys->waiting++);
}

void r2d_spread_keys_delayed(R2dSpreadKeys *keys, R2dSpreadKey *key)
{
    heap_down(keys, key->heap_at);
}

void r2d_spread_keys_leave(R2dSpreadKeys *keys, R2dSpreadKey *key)
{
    int at = key->heap_at;
    int last = keys->heap[--keys->waiting];
    if (at == keys->waiting)
        return;
    heap_set(keys, at, last);
    heap_down(keys, at);
    heap_up(keys, keys->entries[last].heap_at);
}

void r2d_spread_keys_init(R2dSpreadKeys *keys)
{
    keys->count = keys->hand = keys->waiting = 0;
    for (int i = 0; i < BUCKETS; i++)
        keys->buckets[i] = NONE;
}

static int *bucket_of(R2dSpreadKeys *keys, uint64_t hash)
{
    return &keys->buckets[(hash * 0x9E3779B97F4A7C15u) >> 40 & (BUCKETS - 1)];
}

R2dSpreadKey *r2d_spread_keys_find(R2dSpreadKeys *keys, uint64_t hash)
{
    int key = *bucket_of(keys, hash);
    while (key != NONE && keys->entries[key].hash != hash)
        key = keys->entries[key].next;
    return key != NONE ? &keys->entries[key] : NULL;
}

/* One without rows; what was known of its pace is lost. */
static int forget_key(R2dSpreadKeys *keys)
{
    for (int i = 0; i < KEYS; i++) {
        int key = keys->hand;
        keys->hand = (keys->hand + 1) % KEYS;
        if (keys->entries[key].rows > 0)
            continue;
        int *at = bucket_of(keys, keys->entries[key].hash);
        while (*at != key)
            at = &keys->entries[*at].next;
        *at = keys->entries[key].next;
        return key;
    }
    return NONE;
}

R2dSpreadKey *r2d_spread_keys_find_or_add(R2dSpreadKeys *keys, uint64_t hash, int64_t now_us)
{
    R2dSpreadKey *known = r2d_spread_keys_find(keys, hash);
    if (known != NULL)
        return known;
    int key = keys->count < KEYS ? keys->count++ : forget_key(keys);
    if (key == NONE)
        return NULL;
    int *bucket = bucket_of(keys, hash);
    keys->entries[key] = (R2dSpreadKey){
        .hash = hash, .rate = START_WCU, .cut_us = now_us, .grown_us = now_us, .next = *bucket};
    *bucket = key;
    return &keys->entries[key];
}

void r2d_spread_key_slow_down(R2dSpreadKey *key, double share, int64_t now_us)
{
    key->rate *= 1 - CUT * share;
    if (key->rate < RATE_MIN)
        key->rate = RATE_MIN;
    key->cut_us = key->grown_us = now_us;
    key->calm = 0;
}

/* Per second: little at first, then accelerating by time, but not by less than some batches. */
static double growth_of(const R2dSpreadKey *key, int64_t now_us)
{
    double growth = GROWTH;
    double steps = (double)(now_us - key->cut_us) / CALM_US;
    if (steps > key->calm / CALM_BATCHES)
        steps = key->calm / CALM_BATCHES;
    for (; steps > 1 && growth < GROWTH_MAX; steps--)
        growth *= 2;
    return growth < GROWTH_MAX ? growth : GROWTH_MAX;
}

void r2d_spread_key_speed_up(R2dSpreadKey *key, double batches, int64_t now_us)
{
    double elapsed_s = (double)(now_us - key->grown_us) / 1e6;
    key->calm += batches;
    key->grown_us = now_us;
    if (key->paced)
        key->rate +=
            (key->rate + SHARE_WCU) * growth_of(key, now_us) * (elapsed_s < 1 ? elapsed_s : 1);
}
