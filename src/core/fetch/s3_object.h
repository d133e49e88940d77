/*
 * s3_object.h - one S3 object as a pull source: a streamed GET, resumed by range.
 */
#ifndef R2D_S3_OBJECT_H
#define R2D_S3_OBJECT_H

#include "../aws/call.h"
#include "source.h"

typedef struct R2dS3ObjectOptions {
    R2dHttpClient *http;    /* borrowed */
    R2dAwsService *service; /* borrowed */
    const char *bucket;     /* borrowed until close */
    const char *key;
    int64_t size_bytes; /* as the manifest promised; -1: not told. Another one is R2D_ERR_DATA */
    size_t chunk_bytes; /* held at most; 0: 256 KB */
    int attempts;       /* in a row without progress, before giving up; 0: 20 */
} R2dS3ObjectOptions;

/*
 * Starts the GET. A cut, silent or failing connection is resumed with Range and If-Match on the
 * first reply's ETag, with full-jitter backoff; an object that changed meanwhile (412), is missing
 * (404) or is refused (403) fails with its name. The source answers R2D_AGAIN while it waits;
 * r2d_s3_object_wait_ms tells how long at most before read must be called again (-1: no limit).
 * NULL with *err filled when it cannot begin.
 *
 * The owner of the exchange is the source: a loop over next_done ignores exchanges whose owner it
 * is, the source looks at its exchange in read.
 */
R2dSource *r2d_s3_object_open(const R2dAlloc *alloc, const R2dS3ObjectOptions *options,
                              R2dError *err);
int r2d_s3_object_wait_ms(const R2dSource *source);
int64_t r2d_s3_object_received(const R2dSource *source); /* bytes, those read again included */

/* A small object whole, at most limit bytes, appended to out: the manifest. R2D_END when the object
 * does not exist (404, or 403 without list permission is R2D_FAILED). */
R2dStatus r2d_s3_get_small(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                           const char *bucket, const char *key, size_t limit, R2dBytes *out,
                           R2dError *err);

/* "s3://bucket/key or prefix" to its two parts (views into uri). R2D_ERR_ARGUMENT when it is none.
 */
R2dStatus r2d_s3_parse_uri(R2dView uri, R2dView *bucket, R2dView *key, R2dError *err);

#endif
