/* s3_name.c - names and failures of S3; see s3_name.h and s3_object.h (r2d_s3_parse_uri). */
#include "s3_name.h"

#include "s3_object.h"

#include <stdio.h>

static const struct {
    const char *verb;
    const char *participle;
    const char *permission;
} actions[] = {
    [R2D_S3_READ] = {"read", "read",
                     "s3:GetObject on it, and kms:Decrypt when a KMS key protects"
                     " it"},
    [R2D_S3_LIST] = {"list", "listed", "s3:ListBucket on the bucket"},
    [R2D_S3_DELETE] = {"delete", "deleted", "s3:DeleteObject below it"},
};

bool r2d_s3_append_path(const R2dAwsService *service, const char *bucket, const char *key,
                        R2dBytes *path)
{
    size_t before = path->len;
    bool ok = r2d_bytes_append_char(path, '/');
    if (ok && service->path_style)
        ok = r2d_bytes_append_text(path, bucket) && r2d_bytes_append_char(path, '/');
    ok = ok && r2d_bytes_append_text(path, key);
    if (!ok)
        path->len = before;
    return ok;
}

static void set_hint(R2dError *err, const char *format, const char *text)
{
    char hint[sizeof err->hint * 2];
    snprintf(hint, sizeof hint, format, text);
    r2d_text_copy(err->hint, sizeof err->hint, hint, strlen(hint));
}

static void set_message(R2dError *err, const char *before, const char *bucket, const char *key,
                        const char *after)
{
    char message[sizeof err->message * 4];
    snprintf(message, sizeof message, "%ss3://%s/%s%s", before, bucket, key, after);
    r2d_text_copy(err->message, sizeof err->message, message, strlen(message));
}

static void explain_region(R2dError *err, const R2dAwsCall *call, const char *before,
                           const char *bucket, const char *key)
{
    char region[64], after[128];
    if (call != NULL && r2d_aws_bucket_region(call, region)) {
        snprintf(after, sizeof after, ": the bucket is in region %s", region);
        set_message(err, before, bucket, key, after);
        set_hint(err, "Set the server option stage_region to '%s'.", region);
        return;
    }
    set_message(err, before, bucket, key, ": the bucket is in another region");
    set_hint(err, "Set the server option stage_region to the bucket's region%s.", "");
}

static bool has_code(const R2dError *err, const char *code)
{
    return strcmp(err->code, code) == 0;
}

R2dStatus r2d_s3_explain(R2dError *err, const R2dAwsCall *call, R2dS3Action action,
                         const char *bucket, const char *key)
{
    char before[32], after[sizeof err->message + 32];
    if (err == NULL || err->kind == R2D_ERR_MEMORY)
        return R2D_FAILED;
    snprintf(before, sizeof before, "cannot %s ", actions[action].verb);
    if (err->action == R2D_ACT_REGION) {
        explain_region(err, call, before, bucket, key);
    } else if (has_code(err, "NoSuchBucket")) {
        set_message(err, before, bucket, key, ": there is no such bucket");
        set_hint(err, "Check the server option stage%s.", "");
    } else if (err->http_status == 404) {
        set_message(err, "", bucket, key, " does not exist");
        err->kind = R2D_ERR_DATA;
    } else if (err->http_status == 412) {
        set_message(err, "", bucket, key, " changed while it was read");
        err->kind = R2D_ERR_DATA;
        set_hint(err, "Nothing else may write below the stage while a job runs%s.", "");
    } else if (err->http_status == 403 && (has_code(err, "AccessDenied") || err->code[0] == '\0')) {
        snprintf(after, sizeof after, " may not be %s with these AWS keys",
                 actions[action].participle);
        set_message(err, "", bucket, key, after);
        set_hint(err, "They need %s.", actions[action].permission);
    } else {
        snprintf(after, sizeof after, ": %s", err->message);
        set_message(err, before, bucket, key, after);
    }
    return R2D_FAILED;
}

R2dStatus r2d_s3_parse_uri(R2dView uri, R2dView *bucket, R2dView *key, R2dError *err)
{
    static const R2dView scheme = {"s3://", 5};
    size_t at = scheme.len;
    bool ok = r2d_view_starts(uri, scheme);
    for (; ok && at < uri.len && uri.data[at] != '/'; at++) {
        char c = uri.data[at];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-' || c == '_';
    }
    if (!ok || at < scheme.len + 3 || at > scheme.len + 255) {
        r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.*s\" is not a place on S3",
                 (int)(uri.len < 300 ? uri.len : 300), uri.len > 0 ? uri.data : "");
        if (err != NULL)
            set_hint(err, "Write s3://bucket/folder/%s.", "");
        return R2D_FAILED;
    }
    *bucket = r2d_view(uri.data + scheme.len, at - scheme.len);
    at += at < uri.len;
    *key = r2d_view(uri.data + at, uri.len - at);
    return R2D_OK;
}
