/*
 * held_rows.h - encoded rows that wait until no older row of their key can be written any more,
 * while the rows of other keys go on.
 *
 * One row of a key at a time: a later one supersedes it. Bounded, and without memory until the
 * first row is held. Who may go is up to the owner: it is asked for each row whose time has come.
 */
#ifndef R2D_HELD_ROWS_H
#define R2D_HELD_ROWS_H

#include "../send/cells.h"
#include "../send/key_set.h"

/* No row is taken beyond these; one that is taken may pass the bytes. */
#define R2D_HELD_ROWS_MAX  8192
#define R2D_HELD_BYTES_MAX ((size_t)8 * 1024 * 1024)

typedef struct R2dHeldRow {
    uint64_t key_hash;
    uint64_t partition_hash;
    int64_t row;
    int64_t due_us;
    uint32_t cell;
    uint32_t request_bytes;
} R2dHeldRow;

typedef struct R2dHeldRows {
    const R2dAlloc *alloc;
    R2dHeldRow *rows; /* NULL: none was held so far */
    int count;
    R2dKeySet keys; /* of the rows; the owner of a hash is its place in `rows` */
    R2dCells cells;
    R2dLooseItem out; /* the row that was taken out last */
    int at;           /* the look for rows that may go has come so far */
    int64_t due_us;   /* when to look again */
    int64_t later_us; /* the first time seen in this look that has not come */
} R2dHeldRows;

void r2d_held_rows_init(R2dHeldRows *held, const R2dAlloc *alloc);
void r2d_held_rows_clear(R2dHeldRows *held); /* drops all, gives the memory back */

static inline bool r2d_held_rows_has(const R2dHeldRows *held, uint64_t key_hash)
{
    return held->count > 0 && r2d_key_set_owner(&held->keys, key_hash) >= 0;
}

/* Keeps a copy of the row, which is to be looked at from due_us on. *superseded is the number of
 * the older row of its key that was held, which is dropped, or 0. false: no room, no memory, or the
 * place is taken by another key with the same hash; the row must wait elsewhere. */
bool r2d_held_rows_put(R2dHeldRows *held, const R2dLooseItem *loose, int64_t due_us,
                       int64_t *superseded);

/* The next row whose time has come; NULL: none, look again at due_us. It can then be taken out or
 * told to wait on; else it is the next one again. */
const R2dHeldRow *r2d_held_rows_next(R2dHeldRows *held, int64_t now_us);
void r2d_held_rows_wait(R2dHeldRows *held, int64_t due_us);

/* Takes out that row, or any (there must be one). Lent until the next call that puts or takes one;
 * NULL when memory is out: it is still held. */
const R2dLooseItem *r2d_held_rows_take(R2dHeldRows *held);
const R2dLooseItem *r2d_held_rows_take_any(R2dHeldRows *held);

#endif
