/*
 * decoder.h - what decompress.c asks of a decompression library; private to decode.
 *
 * gunzip.c and unzstd.c each make one. A decoder owns no input and no output: it
 * turns bytes into bytes.
 */
#ifndef R2D_DECODER_H
#define R2D_DECODER_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef struct R2dDecoder R2dDecoder;

struct R2dDecoder {
    /*
     * Takes bytes from the front of *input and writes at most `capacity` to out; both may be none.
     * *written == capacity: there may be more to come without further input. R2D_FAILED:
     * R2D_ERR_DATA with a message that does not yet say where.
     */
    R2dStatus (*step)(R2dDecoder *decoder, R2dView *input, char *out, size_t capacity,
                      size_t *written, R2dError *err);
    /* True when the input may end here: whole members or frames were decoded. */
    bool (*complete)(const R2dDecoder *decoder);
    void (*close)(R2dDecoder *decoder);
    const char *format; /* "gzip", "zstd" */
};

/* NULL with *err filled when memory is out. */
R2dDecoder *r2d_gunzip_open(const R2dAlloc *alloc, R2dError *err);
R2dDecoder *r2d_unzstd_open(const R2dAlloc *alloc, R2dError *err);

#endif
