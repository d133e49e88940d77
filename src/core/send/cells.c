/* cells.c - see cells.h. A cell is the index of the next one, and bytes. */
#include "cells.h"

static char *cell_of(const R2dCells *cells, uint32_t at)
{
    return cells->slabs[at / R2D_SLAB_CELLS] + (size_t)(at % R2D_SLAB_CELLS) * R2D_CELL_BYTES;
}

static uint32_t *next_of(const R2dCells *cells, uint32_t at)
{
    return (uint32_t *)(void *)cell_of(cells, at);
}

R2dCellRow *r2d_cells_row(const R2dCells *cells, uint32_t at)
{
    return (R2dCellRow *)(void *)cell_of(cells, at);
}

void r2d_cells_init(R2dCells *cells, const R2dAlloc *alloc)
{
    *cells = (R2dCells){.alloc = alloc, .free = R2D_CELL_NONE};
}

void r2d_cells_free(R2dCells *cells)
{
    for (int i = 0; i < cells->slab_count; i++)
        r2d_release(cells->alloc, cells->slabs[i]);
    r2d_cells_init(cells, cells->alloc);
}

static bool grow(R2dCells *cells)
{
    if (cells->slab_count == R2D_SLABS_MAX)
        return false;
    char *slab = r2d_resize(cells->alloc, NULL, (size_t)R2D_SLAB_CELLS * R2D_CELL_BYTES);
    if (slab == NULL)
        return false;
    uint32_t first = (uint32_t)cells->slab_count * R2D_SLAB_CELLS;
    cells->slabs[cells->slab_count++] = slab;
    for (uint32_t at = first + R2D_SLAB_CELLS; at-- > first;) {
        *next_of(cells, at) = cells->free;
        cells->free = at;
    }
    return true;
}

/* Cells of a row of so many bytes. */
static size_t cells_for(size_t bytes)
{
    size_t first = R2D_CELL_BYTES - sizeof(R2dCellRow);
    size_t further = R2D_CELL_BYTES - sizeof(uint32_t);
    return 1 + (bytes > first ? (bytes - first + further - 1) / further : 0);
}

static bool reserve(R2dCells *cells, size_t count)
{
    while ((size_t)cells->slab_count * R2D_SLAB_CELLS - cells->used < count)
        if (!grow(cells))
            return false;
    return true;
}

/* Where in a chain the next byte goes or comes from. */
typedef struct Cursor {
    uint32_t cell;
    size_t at; /* in the cell */
} Cursor;

static size_t step(const R2dCells *cells, Cursor *cursor, size_t wanted, char **bytes)
{
    if (cursor->at == R2D_CELL_BYTES)
        *cursor = (Cursor){*next_of(cells, cursor->cell), sizeof(uint32_t)};
    size_t left = R2D_CELL_BYTES - cursor->at;
    *bytes = cell_of(cells, cursor->cell) + cursor->at;
    size_t count = wanted < left ? wanted : left;
    cursor->at += count;
    return count;
}

static void write_bytes(const R2dCells *cells, Cursor *cursor, R2dView view)
{
    char *to;
    for (size_t at = 0, count; at < view.len; at += count) {
        count = step(cells, cursor, view.len - at, &to);
        memcpy(to, view.data + at, count);
    }
}

/* The room is there. */
static void read_bytes(const R2dCells *cells, Cursor *cursor, R2dBytes *out, size_t len)
{
    char *from;
    out->len = len;
    for (size_t at = 0, count; at < len; at += count) {
        count = step(cells, cursor, len - at, &from);
        memcpy(out->data + at, from, count);
    }
}

uint32_t r2d_cells_put(R2dCells *cells, const R2dCellRow *row, R2dView request, R2dView keys)
{
    size_t count = cells_for(request.len + keys.len);
    if (!reserve(cells, count))
        return R2D_CELL_NONE;
    uint32_t first = cells->free;
    R2dCellRow *head = r2d_cells_row(cells, first);
    uint32_t second = head->next_cell;
    *head = *row;
    head->next_cell = second;
    head->request_bytes = (uint32_t)request.len;
    head->key_bytes = (uint32_t)keys.len;
    Cursor cursor = {first, sizeof *head};
    write_bytes(cells, &cursor, request);
    write_bytes(cells, &cursor, keys);
    cells->free = *next_of(cells, cursor.cell);
    cells->used += count;
    return first;
}

bool r2d_cells_take(R2dCells *cells, uint32_t at, R2dLooseItem *loose)
{
    const R2dCellRow *head = r2d_cells_row(cells, at);
    loose->request.len = loose->keys.len = 0;
    if (!r2d_bytes_reserve(&loose->request, head->request_bytes) ||
        !r2d_bytes_reserve(&loose->keys, head->key_bytes))
        return false;
    loose->held = true;
    loose->row = head->row;
    loose->item = (R2dItem){.write_units = head->units,
                            .key_hash = head->key_hash,
                            .partition_hash = loose->item.partition_hash,
                            .request_bytes = head->request_bytes,
                            .key_bytes = head->key_bytes};
    Cursor cursor = {at, sizeof *head};
    read_bytes(cells, &cursor, &loose->request, head->request_bytes);
    read_bytes(cells, &cursor, &loose->keys, head->key_bytes);
    cells->used -= cells_for((size_t)head->request_bytes + head->key_bytes);
    *next_of(cells, cursor.cell) = cells->free;
    cells->free = at;
    return true;
}
