/*
 * s3_list.h - what lies below a prefix, and deleting it: only for cleaning an attempt's
 * staging prefix and for rs2ddb_load. Loading never trusts a listing: the manifest does.
 */
#ifndef R2D_S3_LIST_H
#define R2D_S3_LIST_H

#include "../aws/call.h"

/* Called once per object, whose key is lent for the call; return false to stop. */
typedef bool (*R2dS3ListVisitor)(void *context, R2dView key, int64_t size_bytes);

/* R2D_OK: all objects below the prefix were visited; R2D_END: the visitor stopped; R2D_CANCELED:
 * the waiter did; R2D_FAILED: err names place and permission. */
R2dStatus r2d_s3_list(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                      const char *bucket, const char *prefix, R2dS3ListVisitor visitor,
                      void *context, R2dError *err);

/* Deletes every object below the prefix (which must not be empty and must end in '/'), 1,000 a
 * request, and counts them. Objects that could not be deleted fail the call with the first one's
 * name and code, after all were tried. */
R2dStatus r2d_s3_delete_prefix(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                               const char *bucket, const char *prefix, int64_t *deleted,
                               R2dError *err);

#endif
