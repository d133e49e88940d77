/*
 * cells.h - encoded rows outside any batch, kept in chains of small cells of equal size: any row
 * can go at any time, and nothing fragments. Memory grows by slabs up to a bound.
 */
#ifndef R2D_CELLS_H
#define R2D_CELLS_H

#include "batch.h"

#define R2D_CELL_BYTES 128
#define R2D_SLAB_CELLS 8192
#define R2D_SLABS_MAX  33 /* for the window (spread.h), and two of the largest rows beyond it */
#define R2D_CELL_NONE  UINT32_MAX

/* What begins the first cell of a row. */
typedef struct R2dCellRow {
    uint32_t next_cell;
    uint32_t next_row; /* for the owner: the next one in its queue */
    uint64_t key_hash;
    int64_t row;
    uint32_t request_bytes;
    uint32_t key_bytes;
    int32_t units;
} R2dCellRow;

typedef struct R2dCells {
    const R2dAlloc *alloc;
    char *slabs[R2D_SLABS_MAX];
    int slab_count;
    uint32_t free; /* chain */
    size_t used;   /* cells */
} R2dCells;

void r2d_cells_init(R2dCells *cells, const R2dAlloc *alloc);
void r2d_cells_free(R2dCells *cells);

/* Keeps a row. R2D_CELL_NONE when there is no room or no memory. */
uint32_t r2d_cells_put(R2dCells *cells, const R2dCellRow *row, R2dView request, R2dView keys);
R2dCellRow *r2d_cells_row(const R2dCells *cells, uint32_t at);
/* Copies the row out and drops it; partition_hash is left alone. false when memory is out: nothing
 * has changed. */
bool r2d_cells_take(R2dCells *cells, uint32_t at, R2dLooseItem *loose);

#endif
