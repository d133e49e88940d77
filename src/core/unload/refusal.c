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
    if (holds(message, "not supported on Redshift tables"))
        return "A function or table that exists on the leader node only (generate_series, version, "
               "now, pg_ tables, information_schema) cannot be part of an UNLOAD: use another "
               "(GETDATE for now), or put its result into a table first.";
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

/* Of an error of S3: throttles and its own failures pass, refusals do not. */
static bool s3_may_pass(R2dView message)
{
    char status[8];
    copy_field(message, ",Status ", status, sizeof status);
    return status[0] == '5' || strcmp(status, "429") == 0;
}

bool r2d_refusal_may_pass(const char *sqlstate, R2dView message, R2dView detail)
{
    /* connection, rollback, resources, operator, system */
    static const char *const classes[] = {"08", "40", "53", "57", "58"};
    static const char *const texts[] = {"Disk Full", "disk full",
                                        "Serializable isolation violation",
                                        "Concurrent DDL committed", "ut of memory"};
    if (holds(message, "S3ServiceException"))
        return s3_may_pass(message);
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strncmp(sqlstate, classes[i], 2) == 0)
            return true;
    if (strcmp(sqlstate, "XX000") != 0)
        return false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (holds(message, texts[i]) || holds(detail, texts[i]))
            return true;
    return false;
}
