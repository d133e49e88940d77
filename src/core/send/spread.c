/* spread.c - see spread.h: rows in cells, a queue of them for each key, and whose turn it is. */
#include "spread.h"

#include "cells.h"
#include "spread_keys.h"

#define TURN_ROWS   R2D_BATCH_ITEMS_MAX
#define BATCH_UNITS 25.0
#define LATE_US     20000 /* what a key may catch up on */
#define GATHER_US   10000 /* the first row of a key waits for some more */
#define DEFER_US    2000

struct R2dSpreadStore {
    R2dCells cells;
    R2dSpreadKey *turn; /* the key whose turn it is, or NULL */
    int turn_rows;
    int turn_units;
    R2dSpreadKeys keys;
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
        r2d_spread_keys_init(&store->keys);
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

bool r2d_spread_has_room(const R2dSpread *spread)
{
    const R2dSpreadStore *store = spread->store;
    return spread->rows < R2D_SPREAD_ROWS_MAX && has_bytes_left(store) &&
           store->keys.waiting < R2D_SPREAD_KEYS_MAX;
}

bool r2d_spread_open(const R2dSpread *spread, int64_t now_us)
{
    return r2d_spread_has_room(spread) && !is_calm(spread, now_us);
}

/* Keeps a row and makes sure that its key waits. */
static R2dSpreadKey *keep(R2dSpread *spread, uint64_t partition_hash, const R2dCellRow *row,
                          R2dView request, R2dView keys, int64_t now_us, int64_t due_us,
                          uint32_t *at)
{
    R2dSpreadStore *store = spread->store;
    R2dSpreadKey *key = r2d_spread_keys_find_or_add(&store->keys, partition_hash, now_us);
    if (key == NULL)
        return NULL;
    *at = r2d_cells_put(&store->cells, row, request, keys);
    if (*at == R2D_CELL_NONE)
        return NULL;
    spread->rows++;
    if (key->rows++ == 0) {
        if (key->due_us < due_us)
            key->due_us = due_us;
        r2d_spread_keys_wait(&store->keys, key);
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
    R2dSpreadKey *key =
        keep(spread, loose->item.partition_hash, &row, r2d_bytes_view(&loose->request),
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
    R2dSpreadKey *key = keep(spread, entry->partition_hash, &row, r2d_batch_request(batch, index),
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

bool r2d_spread_next(R2dSpread *spread, int64_t now_us, uint64_t *key_hash)
{
    R2dSpreadStore *store = spread->store;
    if (store->turn == NULL) {
        R2dSpreadKey *first = r2d_spread_keys_first(&store->keys);
        if (first == NULL || first->due_us > now_us)
            return false;
        store->turn = first;
        store->turn_rows = store->turn_units = 0;
        first->paced = now_us - first->due_us <= LATE_US;
    }
    *key_hash = r2d_cells_row(&store->cells, store->turn->first)->key_hash;
    return true;
}

size_t r2d_spread_next_bytes(const R2dSpread *spread)
{
    const R2dSpreadStore *store = spread->store;
    return r2d_cells_row(&store->cells, store->turn->first)->request_bytes;
}

int64_t r2d_spread_next_row(const R2dSpread *spread)
{
    const R2dSpreadStore *store = spread->store;
    return r2d_cells_row(&store->cells, store->turn->first)->row;
}

void r2d_spread_turn(R2dSpread *spread, int64_t now_us)
{
    R2dSpreadStore *store = spread->store;
    R2dSpreadKey *key = store->turn;
    if (key == NULL)
        return;
    if (key->due_us < now_us - LATE_US)
        key->due_us = now_us - LATE_US;
    key->due_us += (int64_t)(store->turn_units / key->rate * 1e6);
    store->turn = NULL;
    if (key->rows == 0)
        r2d_spread_keys_leave(&store->keys, key);
    else
        r2d_spread_keys_delayed(&store->keys, key);
}

bool r2d_spread_take(R2dSpread *spread, int64_t now_us, R2dLooseItem *loose)
{
    R2dSpreadStore *store = spread->store;
    R2dSpreadKey *key = store->turn;
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

void r2d_spread_defer(R2dSpread *spread, int64_t due_us, int64_t now_us)
{
    R2dSpreadKey *key = spread->store->turn;
    if (due_us < now_us + DEFER_US)
        due_us = now_us + DEFER_US;
    if (key->due_us < due_us)
        key->due_us = due_us;
    r2d_spread_turn(spread, now_us);
}

int64_t r2d_spread_wait_us(const R2dSpread *spread, int64_t now_us)
{
    R2dSpreadStore *store = spread->store;
    const R2dSpreadKey *first = store != NULL ? r2d_spread_keys_first(&store->keys) : NULL;
    if (first == NULL)
        return -1;
    int64_t left_us = first->due_us - now_us;
    return left_us > 0 && store->turn == NULL ? left_us : 0;
}

/* Once per round trip: what was sent before the last cut says nothing about the pace since. */
void r2d_spread_reply(R2dSpread *spread, uint64_t partition_hash, const R2dSpreadReply *reply,
                      int64_t now_us)
{
    R2dSpreadKey *key = r2d_spread_keys_find(&spread->store->keys, partition_hash);
    int units = reply->accepted_units + reply->returned_units;
    if (key == NULL || units == 0 || reply->sent_us < key->cut_us)
        return;
    if (reply->returned_units > 0)
        r2d_spread_key_slow_down(key, (double)reply->returned_units / units, now_us);
    else
        r2d_spread_key_speed_up(key, units / BATCH_UNITS, now_us);
}
