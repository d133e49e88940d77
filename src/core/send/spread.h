/*
 * spread.h - a bounded window of encoded rows, queued by partition key.
 *
 * For input that comes in runs of one partition key, while single partitions throttle: rows are
 * taken in turns of about one batch over the keys, and each key has a pace of its own that follows
 * what its partition takes. Writes that come back for one partition's sake return to the front of
 * their key's queue. Off (and without memory) until a partition throttles; off again when none has
 * for a while and the window has run empty.
 *
 * Rows of one key are first in, first out.
 */
#ifndef R2D_SPREAD_H
#define R2D_SPREAD_H

#include "batch.h"

/* No row is put while the window holds as many. */
#define R2D_SPREAD_ROWS_MAX 48000
/* The same; a row that is put may pass it, the largest are of some 4 MB. */
#define R2D_SPREAD_BYTES_MAX ((size_t)24 * 1024 * 1024)
/* Partition keys known at a time. */
#define R2D_SPREAD_KEYS_MAX 4096
/* Without throttled partitions for so long, the window takes no more rows and runs empty. */
#define R2D_SPREAD_CALM_US 10000000

typedef struct R2dSpreadStore R2dSpreadStore;

typedef struct R2dSpread {
    const R2dAlloc *alloc;
    R2dSpreadStore *store; /* NULL: off */
    int64_t blamed_us;     /* when a partition throttled last */
    int rows;
} R2dSpread;

void r2d_spread_init(R2dSpread *spread, const R2dAlloc *alloc);
/* Drops all rows, gives the memory back: off. */
void r2d_spread_clear(R2dSpread *spread);

/* Rows must go through the window. */
static inline bool r2d_spread_on(const R2dSpread *spread)
{
    return spread->store != NULL;
}

/* A partition throttled: on from here. false when memory is out: as before. */
bool r2d_spread_blame(R2dSpread *spread, int64_t now_us);
/* Off when it is empty and no partition throttled for a while. */
void r2d_spread_rest(R2dSpread *spread, int64_t now_us);
/* Whether there is room for a row. */
bool r2d_spread_has_room(const R2dSpread *spread);
/* Whether rows that are read may be put: there is room, and it is not running empty. */
bool r2d_spread_open(const R2dSpread *spread, int64_t now_us);

/* Appends the row to its key's queue; false when memory is out. There may be a row more than
 * R2D_SPREAD_ROWS_MAX. */
bool r2d_spread_put(R2dSpread *spread, const R2dLooseItem *loose, int64_t now_us);
/* Puts an entry of a batch that came back before all rows of its key; false when there is no room
 * or memory. */
bool r2d_spread_give_back(R2dSpread *spread, const R2dBatch *batch, int index, int64_t now_us);

/* The hash of the full key of the row that may go now; false when none may. */
bool r2d_spread_next(R2dSpread *spread, int64_t now_us, uint64_t *key_hash);
/* Bytes of that row's request; its number. */
size_t r2d_spread_next_bytes(const R2dSpread *spread);
int64_t r2d_spread_next_row(const R2dSpread *spread);
/* Takes that row out; false when memory is out: it is still there. */
bool r2d_spread_take(R2dSpread *spread, int64_t now_us, R2dLooseItem *loose);
/* It may not go before due_us; 0: now, its full key is busy. */
void r2d_spread_defer(R2dSpread *spread, int64_t due_us, int64_t now_us);
/* The batch is full: the next one begins with another key. */
void r2d_spread_turn(R2dSpread *spread, int64_t now_us);
/* Microseconds until a row may go; -1: there is none. */
int64_t r2d_spread_wait_us(const R2dSpread *spread, int64_t now_us);

/* What became of the rows of one key in one call. */
typedef struct R2dSpreadReply {
    int64_t sent_us;
    int accepted_units;
    int returned_units;
} R2dSpreadReply;

void r2d_spread_reply(R2dSpread *spread, uint64_t partition_hash, const R2dSpreadReply *reply,
                      int64_t now_us);

#endif
