/* held_rows.c - see held_rows.h: rows in cells, a list of them in no order, found by hash. */
#include "held_rows.h"

void r2d_held_rows_init(R2dHeldRows *held, const R2dAlloc *alloc)
{
    *held = (R2dHeldRows){.alloc = alloc, .due_us = INT64_MAX, .later_us = INT64_MAX};
    r2d_cells_init(&held->cells, alloc);
    r2d_loose_item_init(&held->out, alloc);
}

void r2d_held_rows_clear(R2dHeldRows *held)
{
    if (held->alloc == NULL)
        return;
    r2d_release(held->alloc, held->rows);
    r2d_key_set_free(&held->keys);
    r2d_cells_free(&held->cells);
    r2d_loose_item_free(&held->out);
    r2d_held_rows_init(held, held->alloc);
}

static bool get_memory(R2dHeldRows *held)
{
    if (held->rows != NULL)
        return true;
    if (!r2d_key_set_init(&held->keys, held->alloc, R2D_HELD_ROWS_MAX))
        return false;
    held->rows = r2d_new(held->alloc, R2D_HELD_ROWS_MAX * sizeof *held->rows);
    if (held->rows == NULL)
        r2d_key_set_free(&held->keys);
    return held->rows != NULL;
}

static bool has_room(const R2dHeldRows *held)
{
    return held->count < R2D_HELD_ROWS_MAX &&
           held->cells.used < R2D_HELD_BYTES_MAX / R2D_CELL_BYTES;
}

static void look_at(R2dHeldRows *held, int64_t due_us)
{
    if (held->due_us > due_us)
        held->due_us = due_us;
}

/* The last row of the list fills the gap; when a look has passed that, it begins again. */
static void drop(R2dHeldRows *held, int place)
{
    R2dHeldRow *last = &held->rows[--held->count];
    if (place < held->at) {
        held->at = 0;
        held->later_us = INT64_MAX;
    }
    r2d_key_set_remove(&held->keys, held->rows[place].key_hash);
    if (place == held->count)
        return;
    r2d_key_set_remove(&held->keys, last->key_hash);
    r2d_key_set_add(&held->keys, last->key_hash, place);
    held->rows[place] = *last;
}

static bool keep(R2dHeldRows *held, const R2dLooseItem *loose, int64_t due_us)
{
    R2dCellRow row = {
        .key_hash = loose->item.key_hash, .row = loose->row, .units = loose->item.write_units};
    uint32_t cell = r2d_cells_put(&held->cells, &row, r2d_bytes_view(&loose->request),
                                  r2d_bytes_view(&loose->keys));
    if (cell == R2D_CELL_NONE)
        return false;
    r2d_key_set_add(&held->keys, loose->item.key_hash, held->count);
    held->rows[held->count++] = (R2dHeldRow){.key_hash = loose->item.key_hash,
                                             .partition_hash = loose->item.partition_hash,
                                             .row = loose->row,
                                             .due_us = due_us,
                                             .cell = cell,
                                             .request_bytes = (uint32_t)loose->request.len};
    look_at(held, due_us);
    return true;
}

static const R2dLooseItem *take(R2dHeldRows *held, int place)
{
    if (!r2d_cells_take(&held->cells, held->rows[place].cell, &held->out))
        return NULL;
    held->out.item.partition_hash = held->rows[place].partition_hash;
    drop(held, place);
    return &held->out;
}

/* The row that is held gives way to a later one of its key; it comes back when that cannot be. */
static bool supersede(R2dHeldRows *held, int place, const R2dLooseItem *loose, int64_t due_us,
                      int64_t *superseded)
{
    int64_t older_due_us = held->rows[place].due_us;
    const R2dLooseItem *older = take(held, place);
    if (older == NULL)
        return false;
    if (r2d_view_equal(r2d_bytes_view(&older->keys), r2d_bytes_view(&loose->keys)) &&
        keep(held, loose, due_us > older_due_us ? due_us : older_due_us)) {
        *superseded = older->row;
        return true;
    }
    (void)keep(held, older, older_due_us); /* into the cells that it has left */
    return false;
}

bool r2d_held_rows_put(R2dHeldRows *held, const R2dLooseItem *loose, int64_t due_us,
                       int64_t *superseded)
{
    *superseded = 0;
    if (r2d_held_rows_has(held, loose->item.key_hash))
        return supersede(held, r2d_key_set_owner(&held->keys, loose->item.key_hash), loose, due_us,
                         superseded);
    return has_room(held) && get_memory(held) && keep(held, loose, due_us);
}

const R2dHeldRow *r2d_held_rows_next(R2dHeldRows *held, int64_t now_us)
{
    if (held->count == 0 || held->due_us > now_us)
        return NULL;
    for (; held->at < held->count; held->at++) {
        int64_t due_us = held->rows[held->at].due_us;
        if (due_us <= now_us)
            return &held->rows[held->at];
        if (due_us < held->later_us)
            held->later_us = due_us;
    }
    held->due_us = held->later_us;
    held->later_us = INT64_MAX;
    held->at = 0;
    return NULL;
}

void r2d_held_rows_wait(R2dHeldRows *held, int64_t due_us)
{
    held->rows[held->at].due_us = due_us;
}

const R2dLooseItem *r2d_held_rows_take(R2dHeldRows *held)
{
    return take(held, held->at);
}

const R2dLooseItem *r2d_held_rows_take_any(R2dHeldRows *held)
{
    return take(held, held->count - 1);
}
