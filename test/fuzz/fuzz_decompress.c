/*
 * fuzz_decompress.c - any bytes end in R2D_END or R2D_FAILED, the same however they are cut.
 *
 * The first byte chooses the chunk size.
 */
#include "decode/decompress.h"
#include "source_memory.h"

#include <stdlib.h>

enum { OUTPUT_MAX = 4 << 20 };

static uint64_t mix(uint64_t sum, R2dView chunk)
{
    for (size_t i = 0; i < chunk.len; i++)
        sum = (sum ^ (unsigned char)chunk.data[i]) * UINT64_C(0x100000001B3);
    return sum;
}

/* Returns the status that ended it; R2D_OK when the output was more than OUTPUT_MAX. */
static R2dStatus unpack(R2dView data, size_t chunk_bytes, bool again, uint64_t *sum, size_t *len)
{
    R2dSource *source = r2d_source_memory_open(&r2d_alloc_libc, data, chunk_bytes, again);
    R2dView chunk;
    R2dError err = {0};
    R2dStatus status;
    *sum = *len = 0;
    source = r2d_decompress_open(&r2d_alloc_libc, source, &err);
    while ((status = r2d_source_read(source, &chunk, &err)) == R2D_OK || status == R2D_AGAIN) {
        if (status == R2D_AGAIN)
            continue;
        if (chunk.len == 0)
            abort();
        *sum = mix(*sum, chunk);
        *len += chunk.len;
        if (*len > OUTPUT_MAX)
            break;
    }
    if (status == R2D_FAILED && (err.kind == R2D_ERR_NONE || err.message[0] == '\0'))
        abort();
    if (status != R2D_OK && r2d_source_read(source, &chunk, NULL) != status)
        abort();
    r2d_source_close(source);
    return status;
}

/* libzstd checks a frame that it gets in one piece more strictly than one in pieces (an empty
 * compressed block under a promised size), so for corrupt frames the status may differ. */
static bool may_be_zstd(R2dView text)
{
    return text.len >= 4 && (memcmp(text.data + 1, "\xb5\x2f\xfd", 3) == 0 ||
                             memcmp(text.data + 1, "\x2a\x4d\x18", 3) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    R2dView text = r2d_view((const char *)data + 1, size - 1);
    uint64_t sum, cut_sum;
    size_t len, cut_len;
    R2dStatus whole = unpack(text, 0, false, &sum, &len);
    R2dStatus cut = unpack(text, data[0] % 31 + 1, data[0] & 1, &cut_sum, &cut_len);
    if (whole == R2D_OK || cut == R2D_OK) /* where a long output was left depends on its chunks */
        return 0;
    if (whole != cut && !may_be_zstd(text))
        abort();
    if (whole == R2D_END && cut == R2D_END && (sum != cut_sum || len != cut_len))
        abort();
    return 0;
}
