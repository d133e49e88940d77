/*
 * s3_name.h - paths of objects, and failures of S3 told to people. Used inside fetch only.
 */
#ifndef R2D_S3_NAME_H
#define R2D_S3_NAME_H

#include "../aws/call.h"

typedef enum R2dS3Action { R2D_S3_READ, R2D_S3_LIST, R2D_S3_DELETE } R2dS3Action;

/* Appends the raw path of a key ("" for the bucket itself). false when memory is out. */
bool r2d_s3_append_path(const R2dAwsService *service, const char *bucket, const char *key,
                        R2dBytes *path);

/*
 * Rewrites *err, as r2d_aws_judge or the client filled it, so that it names s3://bucket/key, what
 * was tried and what to do; code, request id, action and detail stay. An object that is missing or
 * has changed becomes R2D_ERR_DATA: others may well be as they should. call may be NULL when there
 * was no reply. Returns R2D_FAILED.
 */
R2dStatus r2d_s3_explain(R2dError *err, const R2dAwsCall *call, R2dS3Action action,
                         const char *bucket, const char *key);

#endif
