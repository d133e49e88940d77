/* refusal.c - reads "S3ServiceException:...,Status 403,Error AccessDenied,Rid ...,ExtRid ..." and
 * its kin (facts: redshift 1.9). */
#include "refusal.h"

static bool holds(R2dView message, const char *part)
{
    return message.len > 0 && memmem(message.data, message.len, part, strlen(part)) != NULL;
}

/* What stands between `label` and the next comma. The text before it may hold commas of its own,
 * so the last occurrence counts. */
static void copy_field(R2dView message, const char *label, char *out, size_t out_size)
{
    size_t label_len = strlen(label);
    R2dView value = {NULL, 0};
    for (size_t at = 0; at + label_len <= message.len; at++)
        if (memcmp(message.data + at, label, label_len) == 0)
            value = r2d_view(message.data + at + label_len, message.len - at - label_len);
    const char *comma = value.len > 0 ? memchr(value.data, ',', value.len) : NULL;
    if (comma != NULL)
        value.len = (size_t)(comma - value.data);
    r2d_text_copy(out, out_size, value.data, value.len);
}

static const char *find_hint(R2dView message, const char *code)
{
    if (holds(message, "not authorized to assume IAM Role"))
        return "Check the server option iam_role: the role must exist, be attached to the "
               "warehouse, and let Redshift assume it.";
    if (strcmp(code, "NoSuchBucket") == 0)
        return "Check the bucket in the server option stage.";
    if (strcmp(code, "AccessDenied") == 0 || holds(message, "not authorized to perform: s3:"))
        return "The role of the server option iam_role needs s3:PutObject below the stage, and "
               "s3:ListBucket and s3:GetBucketLocation on its bucket.";
    if (strcmp(code, "PermanentRedirect") == 0 || holds(message, "in a different region") ||
        holds(message, "must be addressed using the specified endpoint"))
        return "Set the server option stage_region to the Region of the stage's bucket.";
    return "";
}

void r2d_refusal_read(R2dView message, R2dError *err)
{
    const char *hint;
    err->code[0] = err->request_id[0] = '\0';
    if (holds(message, "S3ServiceException")) {
        copy_field(message, ",Error ", err->code, sizeof err->code);
        copy_field(message, ",Rid ", err->request_id, sizeof err->request_id);
    }
    hint = find_hint(message, err->code);
    r2d_text_copy(err->hint, sizeof err->hint, hint, strlen(hint));
}
