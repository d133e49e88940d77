/*
 * spread.c - see spread.h. Keys with rows are in a heap by the time at which they may go.
 *
 * The pace of a key, in units per second: it begins with what one partition takes at least, falls
 * with the share that comes back, and grows while nothing does, faster with time. Keys of one
 * partition find their shares in this way, and nobody needs to know which they are.
 */
#include "spread.h"

#include "cells.h"

#define KEYS      R2D_SPREAD_KEYS_MAX
#define BUCKETS   (2 * KEYS)
#define NONE      (-1)
#define TURN_ROWS R2D_BATCH_ITEMS_MAX

#define START_WCU    1000.0 /* facts of the service: the limit of a partition */
#define RATE_MIN     25.0
#define BATCH_UNITS  25.0
#define CUT          0.3  /* when all of a batch came back */
#define GROWTH       0.02 /* per second */
#define GROWTH_MAX   1.0
#define CALM_US      600000 /* time, and batches, after which the growth doubles */
#define CALM_BATCHES 5.0
#define SHARE_WCU    250.0 /* slow keys grow by a share of this: the shares of keys become equal */
#define LATE_US      20000 /* what a key may catch up on */
#define GATHER_US    10000 /* the first row of a key waits for some more */
#define DEFER_US     2000

typedef struct Key {
    uint64_t hash;
    int64_t due_us; /* may go from here on */
    double rate;
    int64_t cut_us; /* last time that it was slowed down */
    int64_t grown_us;
    double calm;          /* batches since then */
    uint32_t first, last; /* rows, while there are any */
    int rows;
    int heap_at;
    int next;   /* in its bucket */
    bool paced; /* it was its own pace that held it back */
} Key;

struct R2dSpreadStore {
    R2dCells cells;
    int key_count;
    int hand; /* where the search for a key to forget goes on */
    int waiting;
    int turn; /* the key whose turn it is, or NONE */
    int turn_rows;
    int turn_units;
    int heap[KEYS];
    int buckets[BUCKETS];
    Key keys[KEYS];
};

void r2d_spread_init(R2dSpread *spread, const R2dAlloc *alloc)
{
    *spread = (R2dSpread){.alloc = alloc};
}

void r2d_spread_clear(R2dSpread *spread)
{
    if (spread->store != NULL) {
        r2d_cells_free(&spread->store->cells);
        r2d_release(spread->alloc, spread->store);
    }
    r2d_spread_init(spread, spread->alloc);
}

bool r2d_spread_blame(R2dSpread *spread, int64_t now_us)
{
    if (spread->store == NULL) {
        R2dSpreadStore *store = r2d_new(spread->alloc, sizeof *store);
        if (store == NULL)
            return false;
        r2d_cells_init(&store->cells, spread->alloc);
        for (int i = 0; i < BUCKETS; i++)
            store->buckets[i] = NONE;
        store->turn = NONE;
        spread->store = store;
    }
    spread->blamed_us = now_us;
    return true;
}

static bool is_calm(const R2dSpread *spread, int64_t now_us)
{
    return now_us - spread->blamed_us >= R2D_SPREAD_CALM_US;
}

void r2d_spread_rest(R2dSpread *spread, int64_t now_us)
{
    if (spread->store != NULL && spread->rows == 0 && is_calm(spread, now_us))
        r2d_spread_clear(spread);
}

static bool has_bytes_left(const R2dSpreadStore *store)
{
    return store->cells.used < R2D_SPREAD_BYTES_MAX / R2D_CELL_BYTES;
}

bool r2d_spread_open(const R2dSpread *spread, int64_t now_us)
{
    const R2dSpreadStore *store = spread->store;
    return spread->rows < R2D_SPREAD_ROWS_MAX && has_bytes_left(store) && store->waiting < KEYS &&
           !is_calm(spread, now_us);
}

/* The heap. */

static void heap_set(R2dSpreadStore *store, int at, int key)
{
    store->heap[at] = key;
    store->keys[key].heap_at = at;
}

static int64_t heap_due(const R2dSpreadStore *store, int at)
{
    return store->keys[store->heap[at]].due_us;
}

static void heap_up(R2dSpreadStore *store, int at)
{
    int key = store->heap[at];
    for (; at > 0 && heap_due(store, (at - 1) / 2) > store->keys[key].due_us; at = (at - 1) / 2)
        heap_set(store, at, store->heap[(at - 1) / 2]);
    heap_set(store, at, key);
}

static void heap_down(R2dSpreadStore *store, int at)
{
    int key = store->heap[at];
    for (int child; (child = 2 * at + 1) < store->waiting; at = child) {
        if (child + 1 < store->waiting && heap_due(store, child + 1) < heap_due(store, child))
            child++;
        if (heap_due(store, child) >= store->keys[key].due_us)
            break;
        heap_set(store, at, store->heap[child]);
    }
    heap_set(store, at, key);
}

static void heap_add(R2dSpreadStore *store, int key)
{
    heap_set(store, store->waiting, key);
    heap_up(store, store->waiting++);
}

static void heap_remove(R2dSpreadStore *store, int at)
{
    int last = store->heap[--store->waiting];
    if (at == store->waiting)
        return;
    heap_set(store, at, last);
    heap_down(store, at);
    heap_up(store, store->keys[last].heap_at);
}

/* The keys. */

static int *bucket_of(R2dSpreadStore *store, uint64_t hash)
{
    return &store->buckets[(hash * 0x9E3779B97F4A7C15u) >> 40 & (BUCKETS - 1)];
}

static int find_key(R2dSpreadStore *store, uint64_t hash)
{
    int key = *bucket_of(store, hash);
    while (key != NONE && store->keys[key].hash != hash)
        key = store->keys[key].next;
    return key;
}

/* One without rows; what was known of its pace is lost. */
static int forget_key(R2dSpreadStore *store)
{
    for (int i = 0; i < KEYS; i++) {
        int key = store->hand;
        store->hand = (store->hand + 1) % KEYS;
        if (store->keys[key].rows > 0)
            continue;
        int *at = bucket_of(store, store->keys[key].hash);
        while (*at != key)
            at = &store->keys[*at].next;
        *at = store->keys[key].next;
        return key;
    }
    return NONE;
}

static int find_or_add_key(R2dSpreadStore *store, uint64_t hash, int64_t now_us)
{
    int key = find_key(store, hash);
    if (key != NONE)
        return key;
    key = store->key_count < KEYS ? store->key_count++ : forget_key(store);
    if (key == NONE)
        return NONE;
    int *bucket = bucket_of(store, hash);
    store->keys[key] = (Key){
        .hash = hash, .rate = START_WCU, .cut_us = now_us, .grown_us = now_us, .next = *bucket};
    *bucket = key;
    return key;
}

/* The rows. */

/* Keeps a row and makes sure that its key waits. */
static Key *keep(R2dSpread *spread, uint64_t partition_hash, const R2dCellRow *row, R2dView request,
                 R2dView keys, int64_t now_us, int64_t due_us, uint32_t *at)
{
    R2dSpreadStore *store = spread->store;
    int index = find_or_add_key(store, partition_hash, now_us);
    if (index == NONE)
        return NULL;
    *at = r2d_cells_put(&store->cells, row, request, keys);
    if (*at == R2D_CELL_NONE)
        return NULL;
    Key *key = &store->keys[index];
    spread->rows++;
    if (key->rows++ == 0) {
        if (key->due_us < due_us)
            key->due_us = due_us;
        heap_add(store, index);
    }
    return key;
}

bool r2d_spread_put(R2dSpread *spread, const R2dLooseItem *loose, int64_t now_us)
{
    R2dCellRow row = {.next_row = R2D_CELL_NONE,
                      .key_hash = loose->item.key_hash,
                      .row = loose->row,
                      .units = loose->item.write_units};
    uint32_t at;
    Key *key = keep(spread, loose->item.partition_hash, &row, r2d_bytes_view(&loose->request),
                    r2d_bytes_view(&loose->keys), now_us, now_us + GATHER_US, &at);
    if (key == NULL)
        return false;
    if (key->rows == 1)
        key->first = at;
    else
        r2d_cells_row(&spread->store->cells, key->last)->next_row = at;
    key->last = at;
    return true;
}

bool r2d_spread_give_back(R2dSpread *spread, const R2dBatch *batch, int index, int64_t now_us)
{
    const R2dBatchEntry *entry = &batch->entries[index];
    R2dCellRow row = {.key_hash = entry->key_hash, .row = entry->row, .units = entry->units};
    uint32_t at;
    if (!has_bytes_left(spread->store)) /* what is beyond is for rows that are put */
        return false;
    Key *key = keep(spread, entry->partition_hash, &row, r2d_batch_request(batch, index),
                    r2d_batch_key(batch, index), now_us, now_us, &at);
    if (key == NULL)
        return false;
    if (key->rows == 1)
        key->last = at;
    r2d_cells_row(&spread->store->cells, at)->next_row =
        key->rows == 1 ? R2D_CELL_NONE : key->first;
    key->first = at;
    return true;
}

/* The turns. */

bool r2d_spread_next(R2dSpread *spread, int64_t now_us, uint64_t *key_hash)
{
    R2dSpreadStore *store = spread->store;
    if (store->turn == NONE) {
        if (store->waiting == 0 || heap_due(store, 0) > now_us)
            return false;
        store->turn = store->heap[0];
        store->turn_rows = store->turn_units = 0;
        store->keys[store->turn].paced = now_us - heap_due(store, 0) <= LATE_US;
    }
    *key_hash = r2d_cells_row(&store->cells, store->keys[store->turn].first)->key_hash;
    return true;
}

size_t r2d_spread_next_bytes(const R2dSpread *spread)
{
    const R2dSpreadStore *store = spread->store;
    return r2d_cells_row(&store->cells, store->keys[store->turn].first)->request_bytes;
}

void r2d_spread_turn(R2dSpread *spread, int64_t now_us)
{
    R2dSpreadStore *store = spread->store;
    if (store->turn == NONE)
        return;
    Key *key = &store->keys[store->turn];
    if (key->due_us < now_us - LATE_US)
        key->due_us = now_us - LATE_US;
    key->due_us += (int64_t)(store->turn_units / key->rate * 1e6);
    store->turn = NONE;
    if (key->rows == 0)
        heap_remove(store, key->heap_at);
    else
        heap_down(store, key->heap_at);
}

bool r2d_spread_take(R2dSpread *spread, int64_t now_us, R2dLooseItem *loose)
{
    R2dSpreadStore *store = spread->store;
    Key *key = &store->keys[store->turn];
    uint32_t next = r2d_cells_row(&store->cells, key->first)->next_row;
    if (!r2d_cells_take(&store->cells, key->first, loose))
        return false;
    loose->item.partition_hash = key->hash;
    key->first = next;
    key->rows--;
    spread->rows--;
    store->turn_units += loose->item.write_units;
    if (key->rows == 0 || ++store->turn_rows == TURN_ROWS)
        r2d_spread_turn(spread, now_us);
    return true;
}

void r2d_spread_defer(R2dSpread *spread, int64_t now_us)
{
    Key *key = &spread->store->keys[spread->store->turn];
    if (key->due_us < now_us + DEFER_US)
        key->due_us = now_us + DEFER_US;
    r2d_spread_turn(spread, now_us);
}

int64_t r2d_spread_wait_us(const R2dSpread *spread, int64_t now_us)
{
    const R2dSpreadStore *store = spread->store;
    if (store == NULL || store->waiting == 0)
        return -1;
    int64_t left_us = heap_due(store, 0) - now_us;
    return left_us > 0 && store->turn == NONE ? left_us : 0;
}

/* The paces. */

/* Once per round trip: what was sent before the last cut says nothing about the pace since. */
static void slow_down(Key *key, double share, int64_t now_us)
{
    key->rate *= 1 - CUT * share;
    if (key->rate < RATE_MIN)
        key->rate = RATE_MIN;
    key->cut_us = key->grown_us = now_us;
    key->calm = 0;
}

/* Per second: little at first, then accelerating by time, but not by less than some batches. */
static double growth_of(const Key *key, int64_t now_us)
{
    double growth = GROWTH;
    double steps = (double)(now_us - key->cut_us) / CALM_US;
    if (steps > key->calm / CALM_BATCHES)
        steps = key->calm / CALM_BATCHES;
    for (; steps > 1 && growth < GROWTH_MAX; steps--)
        growth *= 2;
    return growth < GROWTH_MAX ? growth : GROWTH_MAX;
}

static void speed_up(Key *key, double batches, int64_t now_us)
{
    double elapsed_s = (double)(now_us - key->grown_us) / 1e6;
    key->calm += batches;
    key->grown_us = now_us;
    if (key->paced)
        key->rate +=
            (key->rate + SHARE_WCU) * growth_of(key, now_us) * (elapsed_s < 1 ? elapsed_s : 1);
}

void r2d_spread_reply(R2dSpread *spread, uint64_t partition_hash, const R2dSpreadReply *reply,
                      int64_t now_us)
{
    int index = find_key(spread->store, partition_hash);
    int units = reply->accepted_units + reply->returned_units;
    if (index == NONE || units == 0 || reply->sent_us < spread->store->keys[index].cut_us)
        return;
    if (reply->returned_units > 0)
        slow_down(&spread->store->keys[index], (double)reply->returned_units / units, now_us);
    else
        speed_up(&spread->store->keys[index], units / BATCH_UNITS, now_us);
}
