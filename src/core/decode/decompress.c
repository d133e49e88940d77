/*
 * decompress.c - recognises a file by its first bytes and streams it through the
 * decoder that fits. Holds one output chunk; borrows its input.
 */
#include "decompress.h"

#include "decoder.h"

enum { MAGIC_BYTES = 4 };

typedef struct Decompress {
    R2dSource source;
    const R2dAlloc *alloc;
    R2dSource *below;
    R2dDecoder *decoder; /* NULL: plain, or not recognised yet */
    bool recognised;
    char head[MAGIC_BYTES]; /* the first bytes, when the first chunk was too short to tell */
    size_t head_len;
    R2dView input;     /* not decoded yet */
    R2dView after;     /* input that follows it (head first, then the rest of its chunk) */
    int64_t position;  /* bytes of the file taken by the decoder */
    char *out;         /* R2D_DECOMPRESS_CHUNK bytes, made with the decoder */
    bool out_was_full; /* the decoder may hold more output */
    R2dStatus settled; /* R2D_END or R2D_FAILED once reached, else R2D_OK */
    R2dError failure;
} Decompress;

typedef enum Format { FORMAT_UNKNOWN, FORMAT_PLAIN, FORMAT_GZIP, FORMAT_ZSTD } Format;

static bool is_prefix(R2dView text, const char *magic, size_t magic_len)
{
    return memcmp(text.data, magic, text.len < magic_len ? text.len : magic_len) == 0;
}

/* FORMAT_UNKNOWN: more bytes could make it one or the other. */
static Format recognise(R2dView first)
{
    if (first.len == 0)
        return FORMAT_UNKNOWN;
    if (is_prefix(first, "\x1f\x8b", 2))
        return first.len >= 2 ? FORMAT_GZIP : FORMAT_UNKNOWN;
    bool skippable = ((unsigned char)first.data[0] & 0xF0) == 0x50 &&
                     is_prefix(r2d_view(first.data + 1, first.len - 1), "\x2a\x4d\x18", 3);
    if (skippable || is_prefix(first, "\x28\xb5\x2f\xfd", 4))
        return first.len >= 4 ? FORMAT_ZSTD : FORMAT_UNKNOWN;
    return FORMAT_PLAIN;
}

static R2dStatus settle(Decompress *this, R2dStatus status, const R2dError *failure, R2dError *err)
{
    this->settled = status;
    if (status == R2D_FAILED) {
        this->failure = *failure;
        if (err != NULL)
            *err = *failure;
    }
    return status;
}

/* Says where the decoder's complaint arose. */
static R2dStatus decoder_failed(Decompress *this, const R2dError *said, R2dError *err)
{
    R2dError failure;
    if (said->kind == R2D_ERR_MEMORY)
        return settle(this, R2D_FAILED, said, err);
    r2d_fail(&failure, said->kind, "the %s data is not valid at byte %lld: %.200s",
             this->decoder->format, (long long)this->position, said->message);
    return settle(this, R2D_FAILED, &failure, err);
}

static R2dStatus input_ended(Decompress *this, R2dError *err)
{
    R2dError failure;
    if (this->decoder == NULL || this->decoder->complete(this->decoder))
        return settle(this, R2D_END, NULL, err);
    r2d_fail(&failure, R2D_ERR_DATA, "the %s data ends too early, at byte %lld",
             this->decoder->format, (long long)this->position);
    return settle(this, R2D_FAILED, &failure, err);
}

static R2dStatus start_decoder(Decompress *this, Format format, R2dError *err)
{
    R2dError failure;
    this->recognised = true;
    if (format != FORMAT_GZIP && format != FORMAT_ZSTD)
        return R2D_OK;
    this->out = r2d_resize(this->alloc, NULL, R2D_DECOMPRESS_CHUNK);
    if (this->out == NULL)
        r2d_fail_memory(&failure);
    else if (format == FORMAT_GZIP)
        this->decoder = r2d_gunzip_open(this->alloc, &failure);
    else
        this->decoder = r2d_unzstd_open(this->alloc, &failure);
    if (this->decoder == NULL)
        return settle(this, R2D_FAILED, &failure, err);
    return R2D_OK;
}

/* Takes in a chunk while the format is not known; most often the first chunk tells. */
static R2dStatus recognise_chunk(Decompress *this, R2dView chunk, R2dError *err)
{
    Format format = FORMAT_UNKNOWN;
    if (this->head_len == 0 && (format = recognise(chunk)) != FORMAT_UNKNOWN) {
        this->input = chunk;
        return start_decoder(this, format, err);
    }
    while (format == FORMAT_UNKNOWN && chunk.len > 0) {
        this->head[this->head_len++] = chunk.data[0];
        chunk = r2d_view(chunk.data + 1, chunk.len - 1);
        format = recognise(r2d_view(this->head, this->head_len));
    }
    if (format == FORMAT_UNKNOWN)
        return R2D_OK;
    this->input = r2d_view(this->head, this->head_len);
    this->after = chunk;
    return start_decoder(this, format, err);
}

/* More input from below; R2D_END when there is none. */
static R2dStatus fill_input(Decompress *this, R2dError *err)
{
    R2dView chunk;
    if (this->after.len > 0) {
        this->input = this->after;
        this->after = r2d_view(NULL, 0);
        return R2D_OK;
    }
    R2dError failure = {0};
    R2dStatus status = r2d_source_read(this->below, &chunk, &failure);
    if (status == R2D_END && !this->recognised && this->head_len > 0) {
        this->input = r2d_view(this->head, this->head_len); /* shorter than a magic: plain */
        return start_decoder(this, FORMAT_PLAIN, err);
    }
    if (status == R2D_FAILED)
        return settle(this, R2D_FAILED, &failure, err);
    if (status != R2D_OK)
        return status;
    if (!this->recognised)
        return recognise_chunk(this, chunk, err);
    this->input = chunk;
    return R2D_OK;
}

/* One step of the decoder; chunk->len is 0 when it wrote nothing. */
static R2dStatus decode(Decompress *this, R2dView *chunk, R2dError *err)
{
    size_t written;
    R2dError said;
    size_t before = this->input.len;
    R2dStatus status = this->decoder->step(this->decoder, &this->input, this->out,
                                           R2D_DECOMPRESS_CHUNK, &written, &said);
    this->position += (int64_t)(before - this->input.len);
    if (status == R2D_FAILED)
        return decoder_failed(this, &said, err);
    this->out_was_full = written == R2D_DECOMPRESS_CHUNK;
    *chunk = r2d_view(this->out, written);
    return R2D_OK;
}

static R2dStatus decompress_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    Decompress *this = (Decompress *)source;
    if (this->settled != R2D_OK)
        return settle(this, this->settled, &this->failure, err);
    for (;;) {
        if (this->input.len == 0 && !this->out_was_full) {
            R2dStatus status = fill_input(this, err);
            if (status == R2D_END)
                return input_ended(this, err);
            if (status != R2D_OK)
                return status;
            continue;
        }
        if (this->decoder == NULL) {
            *chunk = this->input;
            this->input = r2d_view(NULL, 0);
            return R2D_OK;
        }
        R2dStatus status = decode(this, chunk, err);
        if (status != R2D_OK || chunk->len > 0)
            return status;
    }
}

static void decompress_close(R2dSource *source)
{
    Decompress *this = (Decompress *)source;
    if (this->decoder != NULL)
        this->decoder->close(this->decoder);
    r2d_source_close(this->below);
    r2d_release(this->alloc, this->out);
    r2d_release(this->alloc, this);
}

static const R2dSourceOps decompress_ops = {.read = decompress_read, .close = decompress_close};

R2dSource *r2d_decompress_open(const R2dAlloc *alloc, R2dSource *source, R2dError *err)
{
    Decompress *this = r2d_new(alloc, sizeof *this);
    if (this == NULL) {
        r2d_source_close(source);
        r2d_fail_memory(err);
        return NULL;
    }
    this->source.ops = &decompress_ops;
    this->alloc = alloc;
    this->below = source;
    return &this->source;
}
