/* fuzz_manifest.c - every manifest is read or refused, and what is read lies below the prefix. */
#include "unload/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const R2dManifest *manifest, R2dView prefix)
{
    int64_t rows = 0;
    for (int i = 0; i < manifest->file_count; i++) {
        const R2dManifestFile *file = &manifest->files[i];
        if (!r2d_view_starts(file->url, prefix) || file->size_bytes < -1 || file->rows < -1)
            abort();
        rows += file->rows > 0 ? file->rows : 0;
    }
    if (manifest->total_rows >= 0 && rows > manifest->total_rows)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dView text = {(const char *)data, size}, prefix = R2D_VIEW("s3://b/p/");
    R2dManifest manifest;
    R2dError err;
    if (r2d_manifest_parse(&r2d_alloc_libc, text, prefix, &manifest, &err) == R2D_OK)
        check(&manifest, prefix);
    else if (manifest.files != NULL || err.message[0] == '\0')
        abort();
    r2d_manifest_free(&r2d_alloc_libc, &manifest);
    return 0;
}
