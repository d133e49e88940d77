/* source_memory.h - a source over bytes in memory, cut into chunks; for tests and fuzzing. */
#ifndef R2D_SOURCE_MEMORY_H
#define R2D_SOURCE_MEMORY_H

#include "fetch/source.h"

/* Delivers `data` (borrowed) in chunks of chunk_bytes (0: all at once); with `again` every other
 * read answers R2D_AGAIN. NULL when memory is out. */
R2dSource *r2d_source_memory_open(const R2dAlloc *alloc, R2dView data, size_t chunk_bytes,
                                  bool again);

#endif
