/* s3_small.c - a small object as a whole (r2d_s3_get_small in s3_object.h): the manifest. */
#include "s3_name.h"
#include "s3_object.h"

#define ATTEMPTS 8

static R2dStatus explain(const R2dAwsCall *call, const char *bucket, const char *key, size_t limit,
                         R2dError *err)
{
    if (err->kind == R2D_ERR_LIMIT)
        return r2d_fail(err, R2D_ERR_LIMIT, "s3://%s/%s is larger than %zu bytes", bucket, key,
                        limit);
    if (err->http_status == 404 && strcmp(err->code, "NoSuchBucket") != 0)
        return R2D_END;
    return r2d_s3_explain(err, call, R2D_S3_READ, bucket, key);
}

static R2dStatus get(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                     R2dAwsCall *call, R2dView path, R2dError *err)
{
    R2dAwsRequest request = {.method = "GET", .path = path};
    return r2d_aws_perform(service, call, &request, http, wait, ATTEMPTS, err);
}

R2dStatus r2d_s3_get_small(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                           const char *bucket, const char *key, size_t limit, R2dBytes *out,
                           R2dError *err)
{
    R2dAwsCall call;
    R2dBytes path;
    R2dError why = {.kind = R2D_ERR_NONE};
    r2d_aws_call_init(&call, service->alloc);
    r2d_bytes_init(&path, service->alloc);
    call.exchange.response_limit = limit;
    R2dStatus status = R2D_FAILED;
    if (!r2d_s3_append_path(service, bucket, key, &path))
        r2d_fail_memory(&why);
    else
        status = get(service, http, wait, &call, r2d_bytes_view(&path), &why);
    if (status == R2D_OK && !r2d_bytes_append_view(out, r2d_bytes_view(&call.exchange.response)))
        status = r2d_fail_memory(&why);
    if (status == R2D_FAILED)
        status = explain(&call, bucket, key, limit, &why);
    if (status == R2D_FAILED && err != NULL)
        *err = why;
    r2d_aws_call_free(http, &call);
    r2d_bytes_free(&path);
    return status;
}
