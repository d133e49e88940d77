/*
 * decompress.h - one source over another: recognises a file by its first bytes.
 *
 * UNLOAD may have been asked for zstd and written something else (facts: redshift
 * 1.2, zstd with JSON is not certain), so the magic decides, never the name.
 */
#ifndef R2D_DECOMPRESS_H
#define R2D_DECOMPRESS_H

#include "../fetch/source.h"

/*
 * Reads `source` (owned from here on, closed with this one or on failure) and delivers plain bytes:
 * gzip (1f 8b; several members), zstd (28 b5 2f fd, and skippable frames; several frames; window
 * at most R2D_ZSTD_WINDOW_LOG_MAX) or, by default, the bytes as they are.
 * A truncated or corrupt stream, and bytes behind it, are R2D_ERR_DATA with the position.
 */
R2dSource *r2d_decompress_open(const R2dAlloc *alloc, R2dSource *source, R2dError *err);

#define R2D_ZSTD_WINDOW_LOG_MAX 27
#define R2D_DECOMPRESS_CHUNK    (128 * 1024)

#endif
