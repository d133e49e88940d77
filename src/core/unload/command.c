/* command.c - writes the UNLOAD statement; see command.h. */
#include "command.h"

#include "query.h"

#include <stdio.h>
#include <strings.h>

#define STATEMENT_BYTES_MAX 16000000 /* "16 MB" */
#define FILE_COLUMNS_MAX    1600     /* of a Redshift table, and so of a select list */
#define FILE_MB_MIN         5
#define FILE_MB_MAX         6200
#define PREFIX_BYTES_MAX    1060 /* s3://, a bucket of 63, a key of 1,024 with room for file names */

static const char *const compressions[] = {
    [R2D_COMPRESS_ZSTD] = "zstd", [R2D_COMPRESS_GZIP] = "gzip", [R2D_COMPRESS_NONE] = "none"};

bool r2d_compression_from_name(R2dView name, R2dCompression *compression)
{
    for (size_t i = 0; i < sizeof compressions / sizeof compressions[0]; i++) {
        if (r2d_view_equal(name, r2d_view_of(compressions[i]))) {
            *compression = (R2dCompression)i;
            return true;
        }
    }
    return false;
}

static R2dStatus fail_argument(R2dError *err, R2dView value, const char *what, const char *hint)
{
    r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.*s\" is not %s", (int)(value.len < 300 ? value.len : 300),
             value.len > 0 ? value.data : "", what);
    if (err != NULL)
        snprintf(err->hint, sizeof err->hint, "%s", hint);
    return R2D_FAILED;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_in(R2dView text, const char *others)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_letter_or_digit(text.data[i]) &&
            (text.data[i] == '\0' || strchr(others, text.data[i]) == NULL))
            return false;
    return text.len > 0;
}

/* Takes `literal` off the front of *rest. */
static bool take(R2dView *rest, const char *literal)
{
    size_t len = strlen(literal);
    if (!r2d_view_starts(*rest, r2d_view(literal, len)))
        return false;
    *rest = r2d_view(rest->data + len, rest->len - len);
    return true;
}

/* Takes the run up to the next ':' off the front. */
static R2dView take_field(R2dView *rest)
{
    const char *colon = rest->len > 0 ? memchr(rest->data, ':', rest->len) : NULL;
    if (colon == NULL)
        return r2d_view(rest->data, 0);
    R2dView field = r2d_view(rest->data, (size_t)(colon - rest->data));
    *rest = r2d_view(colon + 1, rest->len - field.len - 1);
    return field;
}

/* arn:<partition>:iam::<12 digits>:role/<path and name> */
static bool is_role_arn(R2dView arn)
{
    int64_t account;
    if (!take(&arn, "arn:"))
        return false;
    R2dView partition = take_field(&arn);
    if (!r2d_view_starts(partition, R2D_VIEW("aws")) || !all_in(partition, "-") ||
        !take(&arn, "iam::"))
        return false;
    R2dView number = take_field(&arn);
    return number.len == 12 && r2d_view_to_int64(number, &account) && take(&arn, "role/") &&
           arn.len <= 576 && all_in(arn, "+=,.@_/-") && arn.data[arn.len - 1] != ',';
}

/* A role's name may hold commas: only one that another ARN follows ends it. */
R2dStatus r2d_unload_check_role(R2dView role, R2dError *err)
{
    R2dView rest = role;
    if (role.len == 7 && strncasecmp(role.data, "default", 7) == 0)
        return R2D_OK;
    for (;;) {
        const char *next = memmem(rest.data, rest.len, ",arn:", 5);
        size_t len = next != NULL ? (size_t)(next - rest.data) : rest.len;
        if (!is_role_arn(r2d_view(rest.data, len)))
            return fail_argument(err, role, "a role that Redshift can take",
                                 "Give the ARN of an IAM role "
                                 "(arn:aws:iam::123456789012:role/name), several joined by commas "
                                 "without blanks, or default.");
        if (next == NULL)
            return R2D_OK;
        rest = r2d_view(next + 1, rest.len - len - 1);
    }
}

static R2dStatus check_prefix(R2dView prefix, R2dError *err)
{
    static const char hint[] = "Write s3://bucket/folder/, with the slash at the end.";
    R2dView rest = prefix;
    bool ok = take(&rest, "s3://") && rest.len > 0 && rest.data[rest.len - 1] == '/';
    const char *slash = ok ? memchr(rest.data, '/', rest.len) : NULL;
    size_t bucket_len = ok ? (size_t)(slash - rest.data) : 0;
    ok = ok && bucket_len >= 3 && bucket_len + 1 < rest.len &&
         all_in(r2d_view(rest.data, bucket_len), ".-_") && prefix.len <= PREFIX_BYTES_MAX;
    for (size_t i = 0; ok && i < prefix.len; i++)
        ok = (unsigned char)prefix.data[i] >= 0x20 && prefix.data[i] != 0x7F;
    return ok ? R2D_OK : fail_argument(err, prefix, "a place for files on S3", hint);
}

static R2dStatus check_region(R2dView region, R2dError *err)
{
    bool ok = region.len < 64 && all_in(region, "-");
    for (size_t i = 0; ok && i < region.len; i++)
        ok = region.data[i] < 'A' || region.data[i] > 'Z';
    return ok ? R2D_OK
              : fail_argument(err, region, "an AWS region", "Give the bucket's, like us-west-2.");
}

static R2dStatus check_columns(const R2dUnload *unload, R2dError *err)
{
    int64_t count = 0;
    for (int i = 0; i < unload->column_count; i++)
        count += unload->columns[i].piece_count;
    if (count == 0)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "the query has no columns");
    if (count <= FILE_COLUMNS_MAX)
        return R2D_OK;
    r2d_fail(err, R2D_ERR_LIMIT, "the query needs %lld columns in its files, Redshift takes %d",
             (long long)count, FILE_COLUMNS_MAX);
    if (err != NULL)
        snprintf(err->hint, sizeof err->hint,
                 "Select fewer columns; a VARBYTE column without a length counts %d times.",
                 R2D_BYTES_PIECES_MAX);
    return R2D_FAILED;
}

static R2dStatus check(const R2dUnload *unload, R2dError *err)
{
    if (check_prefix(unload->s3_prefix, err) != R2D_OK ||
        r2d_unload_check_role(unload->iam_role, err) != R2D_OK ||
        check_region(unload->region, err) != R2D_OK || check_columns(unload, err) != R2D_OK)
        return R2D_FAILED;
    if (unload->max_file_mb != 0 &&
        (unload->max_file_mb < FILE_MB_MIN || unload->max_file_mb > FILE_MB_MAX))
        return r2d_fail(err, R2D_ERR_ARGUMENT, "files of %d MB: Redshift takes %d to %d MB",
                        unload->max_file_mb, FILE_MB_MIN, FILE_MB_MAX);
    return R2D_OK;
}

/* The newline keeps a comment at the query's end from hiding the parenthesis. */
static bool append_select(const R2dUnload *unload, R2dBytes *out)
{
    bool ok = r2d_bytes_append_text(out, "SELECT ");
    for (int i = 0; ok && i < unload->column_count; i++)
        ok = (i == 0 || r2d_bytes_append_text(out, ", ")) &&
             r2d_projection_expression(&unload->remote[i], &unload->columns[i], i, out);
    ok = ok && r2d_bytes_append_text(out, " FROM (") && r2d_bytes_append_view(out, unload->query) &&
         r2d_bytes_append_text(out, "\n) AS q(");
    for (int i = 0; ok && i < unload->column_count; i++)
        ok = r2d_bytes_appendf(out, i == 0 ? "c%d" : ", c%d", i);
    return ok && r2d_bytes_append_char(out, ')');
}

static bool append_role(const R2dUnload *unload, R2dBytes *out)
{
    if (unload->iam_role.len == 7)
        return r2d_bytes_append_text(out, "default");
    return r2d_query_literal(out, unload->iam_role);
}

static bool append_options(const R2dUnload *unload, R2dBytes *out)
{
    static const char *const words[] = {
        [R2D_COMPRESS_ZSTD] = "\nZSTD", [R2D_COMPRESS_GZIP] = "\nGZIP", [R2D_COMPRESS_NONE] = ""};
    bool ok = r2d_bytes_append_text(out, "\nFORMAT JSON\nMANIFEST VERBOSE") &&
              r2d_bytes_append_text(out, words[unload->compression]);
    if (ok && unload->max_file_mb != 0)
        ok = r2d_bytes_appendf(out, "\nMAXFILESIZE %d MB", unload->max_file_mb);
    return ok && r2d_bytes_append_text(out, "\nREGION ") && r2d_query_literal(out, unload->region);
}

static bool append_statement(const R2dUnload *unload, R2dBytes *select, R2dBytes *out)
{
    return append_select(unload, select) && r2d_bytes_append_text(out, "UNLOAD (") &&
           r2d_query_literal(out, r2d_bytes_view(select)) && r2d_bytes_append_text(out, ")\nTO ") &&
           r2d_query_literal(out, unload->s3_prefix) && r2d_bytes_append_text(out, "\nIAM_ROLE ") &&
           append_role(unload, out) && append_options(unload, out);
}

R2dStatus r2d_unload_command(const R2dUnload *unload, R2dBytes *out, R2dError *err)
{
    size_t before = out->len;
    R2dBytes select;
    if (check(unload, err) != R2D_OK)
        return R2D_FAILED;
    r2d_bytes_init(&select, out->alloc);
    bool ok = append_statement(unload, &select, out);
    r2d_bytes_free(&select);
    if (ok && out->len - before <= STATEMENT_BYTES_MAX)
        return R2D_OK;
    size_t bytes = out->len - before;
    out->len = before;
    if (!ok)
        return r2d_fail_memory(err);
    return r2d_fail(err, R2D_ERR_LIMIT,
                    "the UNLOAD statement would be %zu bytes long, Redshift takes 16 MB", bytes);
}
