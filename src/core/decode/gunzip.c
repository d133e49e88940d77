/*
 * gunzip.c - gzip members to bytes. The only file that uses zlib.
 *
 * zlib allocates through our allocator; its hooks record nothing and return NULL
 * when memory is out.
 */
#include "decoder.h"

#include <limits.h>
#include <zlib.h>

typedef struct Gunzip {
    R2dDecoder decoder;
    const R2dAlloc *alloc;
    z_stream stream;
    bool between; /* a member has ended and no byte of another was taken */
} Gunzip;

static voidpf zlib_alloc(voidpf context, uInt items, uInt size)
{
    if (size != 0 && items > SIZE_MAX / size)
        return Z_NULL;
    return r2d_resize(context, NULL, (size_t)items * size);
}

static void zlib_free(voidpf context, voidpf ptr)
{
    r2d_release(context, ptr);
}

static R2dStatus zlib_failure(const Gunzip *gunzip, int code, R2dError *err)
{
    if (code == Z_MEM_ERROR)
        return r2d_fail_memory(err);
    const char *said = gunzip->stream.msg != NULL ? gunzip->stream.msg : zError(code);
    return r2d_fail(err, R2D_ERR_DATA, "%s", said);
}

static uInt clamp(size_t len)
{
    return len > UINT_MAX ? UINT_MAX : (uInt)len;
}

static R2dStatus gunzip_step(R2dDecoder *decoder, R2dView *input, char *out, size_t capacity,
                             size_t *written, R2dError *err)
{
    Gunzip *gunzip = (Gunzip *)decoder;
    z_stream *stream = &gunzip->stream;
    *written = 0;
    if (gunzip->between) {
        if (input->len == 0)
            return R2D_OK;
        if (inflateReset(stream) != Z_OK)
            return zlib_failure(gunzip, Z_STREAM_ERROR, err);
        gunzip->between = false;
    }
    stream->next_in = (z_const Bytef *)input->data;
    stream->avail_in = clamp(input->len);
    stream->next_out = (Bytef *)out;
    stream->avail_out = clamp(capacity);
    int code = inflate(stream, Z_NO_FLUSH);
    *written = (size_t)((char *)stream->next_out - out);
    if (input->len > 0) {
        size_t used = (size_t)((const char *)stream->next_in - input->data);
        *input = r2d_view(input->data + used, input->len - used);
    }
    gunzip->between = code == Z_STREAM_END;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR)
        return R2D_OK;
    return zlib_failure(gunzip, code, err);
}

static bool gunzip_complete(const R2dDecoder *decoder)
{
    return ((const Gunzip *)decoder)->between;
}

static void gunzip_close(R2dDecoder *decoder)
{
    Gunzip *gunzip = (Gunzip *)decoder;
    inflateEnd(&gunzip->stream);
    r2d_release(gunzip->alloc, gunzip);
}

R2dDecoder *r2d_gunzip_open(const R2dAlloc *alloc, R2dError *err)
{
    enum { WINDOW_BITS_MAX = 15, GZIP_ONLY = 16 };
    Gunzip *gunzip = r2d_new(alloc, sizeof *gunzip);
    if (gunzip == NULL) {
        r2d_fail_memory(err);
        return NULL;
    }
    gunzip->decoder = (R2dDecoder){
        .step = gunzip_step, .complete = gunzip_complete, .close = gunzip_close, .format = "gzip"};
    gunzip->alloc = alloc;
    gunzip->stream.zalloc = zlib_alloc;
    gunzip->stream.zfree = zlib_free;
    gunzip->stream.opaque = (voidpf)alloc;
    int code = inflateInit2(&gunzip->stream, WINDOW_BITS_MAX + GZIP_ONLY);
    if (code == Z_OK)
        return &gunzip->decoder;
    zlib_failure(gunzip, code, err);
    r2d_release(alloc, gunzip);
    return NULL;
}
