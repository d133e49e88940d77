/*
 * manifest.h - the verbose manifest: the truth about what an UNLOAD wrote.
 */
#ifndef R2D_MANIFEST_H
#define R2D_MANIFEST_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef struct R2dManifestFile {
    R2dView url;        /* "s3://bucket/key" */
    int64_t size_bytes; /* -1: not told */
    int64_t rows;       /* -1: not told */
} R2dManifestFile;

typedef struct R2dManifest {
    R2dManifestFile *files;
    int file_count;
    int64_t total_rows; /* -1: not told */
    R2dBytes storage;   /* owns files' texts */
} R2dManifest;

/*
 * Reads the manifest. Its "schema" part is never needed and may be broken (facts: redshift 1.5: the
 * documented form is not valid JSON): a failure there does not fail the whole. Entries must lie
 * below s3_prefix (given with its trailing slash): anything else is R2D_ERR_DATA. Totals that
 * contradict the entries are R2D_ERR_DATA. On failure *manifest is empty.
 */
R2dStatus r2d_manifest_parse(const R2dAlloc *alloc, R2dView text, R2dView s3_prefix,
                             R2dManifest *manifest, R2dError *err);
void r2d_manifest_free(const R2dAlloc *alloc, R2dManifest *manifest);

#endif
