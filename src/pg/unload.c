/* unload.c - one UNLOAD: a prefix of its own, the statement, the manifest, the file rows. */
#include "leader.h"

#include "../core/fetch/s3_object.h"
#include "../core/unload/command.h"
#include "../core/unload/manifest.h"
#include "pool.h"

/* A random (version 4) UUID as text. */
static void random_uuid(char out[37])
{
    unsigned char b[16];

    if (!pg_strong_random(b, sizeof b))
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random bytes to be had")));
    b[6] = (b[6] & 0x0F) | 0x40;
    b[8] = (b[8] & 0x3F) | 0x80;
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

/* A new prefix, stored before the statement is sent: whatever happens next, we know where. */
static void begin_attempt(R2dLeader *leader)
{
    char uuid[37];

    random_uuid(uuid);
    r2d_aws_session_use_stage(leader->aws, leader->options, leader->options->stage);
    leader->stage_prefix =
        psprintf("s3://%s/%s%s/", leader->aws->bucket, leader->aws->folder, uuid);
    r2d_tx_begin();
    r2d_catalog_job_unload(leader->job_id, leader->stage_prefix,
                           r2d_redshift_pid(leader->redshift));
    r2d_tx_commit();
    MemoryContextSwitchTo(leader->context);
}

static void build_command(R2dLeader *leader, R2dCompression compression, R2dBytes *command)
{
    const R2dOptions *options = leader->options;
    R2dUnload unload = {
        .query = leader->query,
        .remote = leader->remote,
        .columns = leader->columns,
        .column_count = leader->column_count,
        .s3_prefix = r2d_view_of(leader->stage_prefix),
        .iam_role = r2d_view_of(options->iam_role),
        .region = r2d_view_of(options->stage_region ? options->stage_region : options->region),
        .compression = compression,
        .max_file_mb = options->max_file_mb ? atoi(options->max_file_mb) : 0};
    R2dError err;

    command->len = 0;
    r2d_check(r2d_unload_command(&unload, command, &err), &err);
    if (r2d_bytes_text(command) == NULL)
        ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

static R2dUnloadResult try_unload(R2dLeader *leader, R2dCompression compression, int64 *rows)
{
    R2dBytes command;
    R2dUnloadResult result;

    begin_attempt(leader);
    r2d_bytes_init(&command, leader->aws->alloc);
    build_command(leader, compression, &command);
    leader->unload_pid = r2d_redshift_pid(leader->redshift);
    result = r2d_redshift_unload(leader->redshift, command.data, rows);
    leader->unload_pid = 0;
    r2d_bytes_free(&command);
    return result;
}

static int64 run_unload(R2dLeader *leader)
{
    R2dCompression compression = R2D_COMPRESS_ZSTD;
    int64 rows = -1;

    if (leader->options->compression != NULL)
        (void)r2d_compression_from_name(r2d_view_of(leader->options->compression), &compression);
    if (try_unload(leader, compression, &rows) == R2D_UNLOAD_DONE)
        return rows;
    r2d_clean_stage(leader);
    if (compression == R2D_COMPRESS_NONE ||
        try_unload(leader, R2D_COMPRESS_NONE, &rows) != R2D_UNLOAD_DONE)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("the warehouse refuses to unload JSON, compressed or not")));
    return rows;
}

/* Reads the manifest into leader->context. Without one there must have been no rows: the count of
 * the session decides (facts: redshift 1.6). */
static void read_manifest(R2dLeader *leader, int64 rows, R2dManifest *manifest)
{
    R2dAwsSession *aws = leader->aws;
    R2dView bucket, prefix;
    R2dBytes text;
    R2dError err;
    R2dStatus status;

    memset(manifest, 0, sizeof *manifest);
    r2d_bytes_init(&text, aws->alloc);
    r2d_check(r2d_s3_parse_uri(r2d_view_of(leader->stage_prefix), &bucket, &prefix, &err), &err);
    status = r2d_s3_get_small(&aws->s3, aws->http, &aws->wait, aws->bucket,
                              psprintf("%.*smanifest", (int)prefix.len, prefix.data),
                              R2D_MANIFEST_LIMIT_BYTES, &text, &err);
    if (status == R2D_END && rows == 0)
        return;
    if (status == R2D_END)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("UNLOAD left no manifest at %smanifest", leader->stage_prefix),
                        errdetail("The warehouse counted " INT64_FORMAT " rows.", rows)));
    r2d_check(status, &err);
    r2d_check(r2d_manifest_parse(aws->alloc, r2d_bytes_view(&text),
                                 r2d_view_of(leader->stage_prefix), manifest, &err),
              &err);
    r2d_bytes_free(&text);
}

static int64 manifest_rows(const R2dManifest *manifest)
{
    int64 sum = 0;
    for (int i = 0; i < manifest->file_count; i++) {
        if (manifest->files[i].rows < 0)
            return -1;
        sum += manifest->files[i].rows;
    }
    return sum;
}

static void store_files(R2dLeader *leader, const R2dManifest *manifest, int64 rows)
{
    r2d_tx_begin();
    r2d_catalog_files_insert(leader->job_id, manifest);
    leader->job->rows_unloaded = rows;
    r2d_catalog_job_unloaded(leader->job_id, rows);
    r2d_tx_commit();
    MemoryContextSwitchTo(leader->context);
}

bool r2d_unload_adopt(R2dLeader *leader)
{
    R2dManifest manifest;

    if (leader->stage_prefix == NULL || leader->job->plan == NULL)
        return false;
    r2d_aws_session_use_stage(leader->aws, leader->options, leader->stage_prefix);
    read_manifest(leader, 0, &manifest);
    if (manifest.file_count == 0 || manifest_rows(&manifest) < 0)
        return false;
    store_files(leader, &manifest, manifest_rows(&manifest));
    return true;
}

void r2d_unload(R2dLeader *leader)
{
    R2dManifest manifest;
    int64 counted = run_unload(leader);
    int64 promised;

    read_manifest(leader, counted, &manifest);
    promised = manifest_rows(&manifest);
    if (counted >= 0 && promised >= 0 && counted != promised)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("the manifest promises " INT64_FORMAT
                               " rows, the warehouse unloaded " INT64_FORMAT,
                               promised, counted)));
    store_files(leader, &manifest, promised >= 0 ? promised : Max(counted, 0));
}
