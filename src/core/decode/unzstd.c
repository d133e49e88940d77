/*
 * unzstd.c - zstd frames to bytes. The only file that uses libzstd.
 *
 * The library's stable interface has no allocator hooks: its window (at most
 * 1 << R2D_ZSTD_WINDOW_LOG_MAX bytes) comes from malloc.
 */
#include "decoder.h"
#include "decompress.h"

#include <zstd.h>
#include <zstd_errors.h>

typedef struct Unzstd {
    R2dDecoder decoder;
    const R2dAlloc *alloc;
    ZSTD_DStream *stream;
    bool between; /* a frame has ended and no byte of another was taken */
} Unzstd;

static R2dStatus zstd_failure(size_t code, R2dError *err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return r2d_fail_memory(err);
    R2dErrorKind kind = ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge
                            ? R2D_ERR_LIMIT
                            : R2D_ERR_DATA;
    return r2d_fail(err, kind, "%s", ZSTD_getErrorName(code));
}

static R2dStatus unzstd_step(R2dDecoder *decoder, R2dView *input, char *out, size_t capacity,
                             size_t *written, R2dError *err)
{
    Unzstd *unzstd = (Unzstd *)decoder;
    *written = 0;
    if (unzstd->between && input->len == 0)
        return R2D_OK;
    ZSTD_inBuffer in = {.src = input->data, .size = input->len};
    ZSTD_outBuffer target = {.dst = out, .size = capacity};
    size_t code = ZSTD_decompressStream(unzstd->stream, &target, &in);
    *written = target.pos;
    if (in.pos > 0)
        *input = r2d_view(input->data + in.pos, input->len - in.pos);
    if (ZSTD_isError(code))
        return zstd_failure(code, err);
    unzstd->between = code == 0;
    return R2D_OK;
}

static bool unzstd_complete(const R2dDecoder *decoder)
{
    return ((const Unzstd *)decoder)->between;
}

static void unzstd_close(R2dDecoder *decoder)
{
    Unzstd *unzstd = (Unzstd *)decoder;
    ZSTD_freeDStream(unzstd->stream);
    r2d_release(unzstd->alloc, unzstd);
}

R2dDecoder *r2d_unzstd_open(const R2dAlloc *alloc, R2dError *err)
{
    Unzstd *unzstd = r2d_new(alloc, sizeof *unzstd);
    if (unzstd != NULL) {
        unzstd->decoder = (R2dDecoder){.step = unzstd_step,
                                       .complete = unzstd_complete,
                                       .close = unzstd_close,
                                       .format = "zstd"};
        unzstd->alloc = alloc;
        unzstd->stream = ZSTD_createDStream();
        if (unzstd->stream != NULL &&
            !ZSTD_isError(ZSTD_DCtx_setParameter(unzstd->stream, ZSTD_d_windowLogMax,
                                                 R2D_ZSTD_WINDOW_LOG_MAX)))
            return &unzstd->decoder;
        unzstd_close(&unzstd->decoder);
    }
    r2d_fail_memory(err);
    return NULL;
}
