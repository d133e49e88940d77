/* s3_delete.c - everything below a prefix, deleted (r2d_s3_delete_prefix in s3_list.h). */
#include "../aws/digest.h"
#include "../base/xml.h"
#include "s3_list.h"
#include "s3_name.h"

#include <stdio.h>

#define ATTEMPTS         8
#define KEYS_PER_REQUEST 1000

typedef struct Deletion {
    R2dAwsService *service;
    R2dHttpClient *http;
    const R2dWait *wait;
    const char *bucket;
    R2dView prefix;
    R2dBytes path;
    R2dBytes body; /* of the next request, while key_count > 0 without its end */
    int key_count;
    R2dAwsCall call;
    int64_t deleted;
    R2dStatus status; /* why the listing was stopped */
    R2dError error;
    /* Objects that could not be deleted, and the first of them. */
    int64_t refused;
    char first_key[256];
    char first_code[64];
    char first_message[256];
} Deletion;

/* A reply, read. */
typedef struct DeleteReply {
    Deletion *deletion;
    int64_t refused;
    bool complete;
} DeleteReply;

static bool is(R2dView text, const char *literal)
{
    return r2d_view_equal(text, r2d_view_of(literal));
}

static bool visit_element(void *context, R2dView path, R2dView text)
{
    DeleteReply *reply = context;
    Deletion *deletion = reply->deletion;
    bool first = deletion->refused + reply->refused == 0;
    if (first && is(path, "DeleteResult/Error/Key"))
        r2d_text_copy(deletion->first_key, sizeof deletion->first_key, text.data, text.len);
    else if (first && is(path, "DeleteResult/Error/Code"))
        r2d_text_copy(deletion->first_code, sizeof deletion->first_code, text.data, text.len);
    else if (first && is(path, "DeleteResult/Error/Message"))
        r2d_text_copy(deletion->first_message, sizeof deletion->first_message, text.data, text.len);
    else if (is(path, "DeleteResult/Error"))
        reply->refused++;
    else if (is(path, "DeleteResult"))
        reply->complete = true;
    return true;
}

static R2dStatus read_reply(Deletion *deletion)
{
    DeleteReply reply = {.deletion = deletion};
    R2dView text = r2d_bytes_view(&deletion->call.exchange.response);
    if (r2d_xml_read(deletion->service->alloc, text, visit_element, &reply, &deletion->error) !=
        R2D_OK)
        return R2D_FAILED;
    if (!reply.complete || reply.refused > deletion->key_count)
        return r2d_fail(&deletion->error, R2D_ERR_DATA, "the reply is none to a deletion");
    deletion->refused += reply.refused;
    deletion->deleted += deletion->key_count - reply.refused;
    return R2D_OK;
}

static R2dStatus send_request(Deletion *deletion)
{
    char checksum[R2D_SHA256_BASE64_LEN + 1];
    R2dAwsPair query[] = {{R2D_VIEW("delete"), R2D_VIEW("")}};
    R2dAwsPair headers[3] = {
        {R2D_VIEW("content-type"), R2D_VIEW("application/xml")},
        {R2D_VIEW("x-amz-sdk-checksum-algorithm"), R2D_VIEW("SHA256")},
    };
    r2d_digest_sha256_base64(r2d_bytes_view(&deletion->body), checksum);
    headers[2] = (R2dAwsPair){R2D_VIEW("x-amz-checksum-sha256"), r2d_view_of(checksum)};
    R2dAwsRequest request = {.method = "POST",
                             .path = r2d_bytes_view(&deletion->path),
                             .query = query,
                             .query_count = 1,
                             .headers = headers,
                             .header_count = 3,
                             .body = r2d_bytes_view(&deletion->body)};
    return r2d_aws_perform(deletion->service, &deletion->call, &request, deletion->http,
                           deletion->wait, ATTEMPTS, &deletion->error);
}

/* Sends what was collected. */
static R2dStatus flush(Deletion *deletion)
{
    if (deletion->key_count == 0)
        return R2D_OK;
    R2dStatus status = R2D_OK;
    if (!r2d_bytes_append_text(&deletion->body, "</Delete>"))
        status = r2d_fail_memory(&deletion->error);
    if (status == R2D_OK)
        status = send_request(deletion);
    if (status == R2D_OK)
        status = read_reply(deletion);
    deletion->key_count = 0;
    return status;
}

/* Control characters as references: S3 takes them, though XML 1.0 would not. */
static bool append_xml_text(R2dBytes *out, R2dView text)
{
    bool ok = true;
    for (size_t i = 0; ok && i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        ok = c < 0x20 || c == '&' || c == '<' || c == '>' || c == '"' || c == '\''
                 ? r2d_bytes_appendf(out, "&#%d;", c)
                 : r2d_bytes_append_char(out, (char)c);
    }
    return ok;
}

static bool append_key(Deletion *deletion, R2dView key)
{
    if (deletion->key_count == 0) {
        deletion->body.len = 0;
        if (!r2d_bytes_append_text(&deletion->body,
                                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                                   "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                   "<Quiet>true</Quiet>"))
            return false;
    }
    deletion->key_count++;
    return r2d_bytes_append_text(&deletion->body, "<Object><Key>") &&
           append_xml_text(&deletion->body, key) &&
           r2d_bytes_append_text(&deletion->body, "</Key></Object>");
}

static bool collect(void *context, R2dView key, int64_t size_bytes)
{
    Deletion *deletion = context;
    (void)size_bytes;
    if (!r2d_view_starts(key, deletion->prefix))
        deletion->status = r2d_fail(&deletion->error, R2D_ERR_DATA,
                                    "the listing names an object that does not lie there");
    else if (!append_key(deletion, key))
        deletion->status = r2d_fail_memory(&deletion->error);
    else if (deletion->key_count == KEYS_PER_REQUEST)
        deletion->status = flush(deletion);
    return deletion->status == R2D_OK;
}

static R2dStatus fail_refused(const Deletion *deletion, R2dError *err)
{
    r2d_fail(err, R2D_ERR_REMOTE, "s3://%s/%s cannot be deleted: %s", deletion->bucket,
             deletion->first_key, deletion->first_code);
    if (err == NULL)
        return R2D_FAILED;
    r2d_text_copy(err->code, sizeof err->code, deletion->first_code, strlen(deletion->first_code));
    r2d_text_copy(err->detail, sizeof err->detail, deletion->first_message,
                  strlen(deletion->first_message));
    snprintf(err->hint, sizeof err->hint,
             "%lld of %lld objects were not deleted; the AWS keys need s3:DeleteObject below the "
             "stage.",
             (long long)deletion->refused, (long long)(deletion->refused + deletion->deleted));
    return R2D_FAILED;
}

/* Lists and deletes; `listed` is false when deleting failed, true when listing did. */
static R2dStatus run(Deletion *deletion, const char *prefix, bool *listed)
{
    *listed = false;
    if (!r2d_s3_append_path(deletion->service, deletion->bucket, "", &deletion->path))
        return r2d_fail_memory(&deletion->error);
    R2dStatus status = r2d_s3_list(deletion->service, deletion->http, deletion->wait,
                                   deletion->bucket, prefix, collect, deletion, &deletion->error);
    if (status == R2D_END)
        return deletion->status;
    *listed = status != R2D_OK;
    return status == R2D_OK ? flush(deletion) : status;
}

static R2dStatus check_prefix(const char *bucket, const char *prefix, R2dError *err)
{
    size_t len = strlen(prefix);
    if (len > 1 && prefix[len - 1] == '/' && prefix[0] != '/')
        return R2D_OK;
    return r2d_fail(err, R2D_ERR_ARGUMENT,
                    "s3://%s/%s is no folder of a job: nothing below it is deleted", bucket,
                    prefix);
}

R2dStatus r2d_s3_delete_prefix(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                               const char *bucket, const char *prefix, int64_t *deleted,
                               R2dError *err)
{
    Deletion deletion = {.service = service,
                         .http = http,
                         .wait = wait,
                         .bucket = bucket,
                         .prefix = r2d_view_of(prefix)};
    bool listed;
    *deleted = 0;
    if (check_prefix(bucket, prefix, err) != R2D_OK)
        return R2D_FAILED;
    r2d_bytes_init(&deletion.path, service->alloc);
    r2d_bytes_init(&deletion.body, service->alloc);
    r2d_aws_call_init(&deletion.call, service->alloc);
    R2dStatus status = run(&deletion, prefix, &listed);
    if (status == R2D_FAILED && !listed)
        r2d_s3_explain(&deletion.error, &deletion.call, R2D_S3_DELETE, bucket, prefix);
    if (status == R2D_FAILED && err != NULL)
        *err = deletion.error;
    if (status == R2D_OK && deletion.refused > 0)
        status = fail_refused(&deletion, err);
    *deleted = deletion.deleted;
    r2d_aws_call_free(http, &deletion.call);
    r2d_bytes_free(&deletion.path);
    r2d_bytes_free(&deletion.body);
    return status;
}
