/*
 * scan_json.h - lines of JSON objects (UNLOAD ... FORMAT JSON) to rows.
 *
 * Resumable at any byte: it may be handed its input in chunks of any size. A row that lies whole
 * within one chunk of the source is scanned in place and never copied.
 */
#ifndef R2D_SCAN_JSON_H
#define R2D_SCAN_JSON_H

#include "../fetch/source.h"
#include "row.h"

typedef struct R2dScanJson R2dScanJson;

typedef struct R2dScanJsonOptions {
    const R2dView
        *columns; /* names of the file columns, in the order they are expected; borrowed */
    int column_count;
    size_t line_limit_bytes; /* a longer line is a bad row, held only up to this size */
    int depth_limit;         /* nesting of SUPER */
} R2dScanJsonOptions;

/* Owns the source from here on (closed with the scanner, or at once on failure). */
R2dScanJson *r2d_scan_json_open(const R2dAlloc *alloc, R2dSource *source,
                                const R2dScanJsonOptions *options, R2dError *err);

/*
 * The next row. R2D_OK: *row is lent until the next call; when *bad is true the line is not a
 * usable row: *reason says why (with the byte position in the line, from 1), row->number and
 * row->line (cut at 4 KB if the line is over the limit) are set, values are only those that were
 * read before the fault. R2D_AGAIN, R2D_END, R2D_FAILED as the source says. A last line without
 * newline is a row; an empty line is a bad row.
 * Codes: row_syntax, row_empty, row_utf8, row_escape, row_zero_byte, row_nesting, row_duplicate,
 * row_length.
 */
R2dStatus r2d_scan_json_next(R2dScanJson *scan, R2dRow *row, bool *bad, R2dReason *reason,
                             R2dError *err);

/* Skips `count` rows without scanning their values: used when going on at a checkpoint.
 * R2D_AGAIN may come in between; call again with what *left says. R2D_END: the file has fewer
 * rows, *left of them are missing. */
R2dStatus r2d_scan_json_skip(R2dScanJson *scan, int64_t count, int64_t *left, R2dError *err);

void r2d_scan_json_close(R2dScanJson *scan);

#endif
