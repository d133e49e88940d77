/*
 * source.h - a pull source of bytes: the links of the data path below the scanner.
 *
 * s3_object is one, decompress wraps one, tests bring their own. The
 * reader asks; a source never pushes.
 */
#ifndef R2D_SOURCE_H
#define R2D_SOURCE_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef struct R2dSource R2dSource;

typedef struct R2dSourceOps {
    /*
     * The next bytes, at least one. R2D_OK: *chunk is lent until the next read or close.
     * R2D_AGAIN: nothing yet, wait and ask again. R2D_END: all bytes were delivered and the end
     * was verified (length, checksum, complete stream). R2D_FAILED: see *err; the same failure
     * again on every later read.
     */
    R2dStatus (*read)(R2dSource *source, R2dView *chunk, R2dError *err);
    /* Frees the source and closes the one it reads from. */
    void (*close)(R2dSource *source);
} R2dSourceOps;

struct R2dSource {
    const R2dSourceOps *ops;
};

static inline R2dStatus r2d_source_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    return source->ops->read(source, chunk, err);
}

static inline void r2d_source_close(R2dSource *source)
{
    if (source != NULL)
        source->ops->close(source);
}

#endif
