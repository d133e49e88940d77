/* unload.c - one UNLOAD after the other, until one has worked: a prefix of its own, the statement,
 * the manifest, the file rows. */
#include "leader.h"

#include "../core/unload/command.h"
#include "../core/unload/manifest.h"
#include "../core/unload/refusal.h"
#include "leftover.h"
#include "pool.h"
#include "stage.h"

#define UNLOADS_MAX    3
#define RETRY_PAUSE_MS 1000
#define STOP_WAIT_MS   10000

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
static void begin_attempt(R2dLeader *leader, const char *message)
{
    int unload_pid = r2d_redshift_pid(r2d_leader_session(leader));
    char uuid[37];

    random_uuid(uuid);
    r2d_aws_session_use_stage(leader->aws, leader->options, leader->options->stage);
    leader->stage_prefix =
        psprintf("s3://%s/%s%s/", leader->aws->bucket, leader->aws->folder, uuid);
    r2d_tx_begin();
    r2d_catalog_job_unload(leader->job_id, leader->stage_prefix, unload_pid, message);
    r2d_tx_commit();
    leader->job->stage_prefix = leader->stage_prefix;
    leader->stage_may_run = false;
    leader->job->attempt++;
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
        r2d_throw_memory();
}

typedef enum Outcome {
    UNLOAD_DONE,
    UNLOAD_NO_COMPRESSION, /* with JSON the warehouse takes another compression, or none */
    UNLOAD_AGAIN,          /* failed for a reason that may pass: *error */
    UNLOAD_FAILED,         /* failed for good: *error */
} Outcome;

/* The error that is being handled ends here if it is the warehouse's. One of this server tells
 * nothing of the UNLOAD, which may go on: whoever catches it stops that. */
static ErrorData *take_error(R2dLeader *leader)
{
    bool interrupted = geterrcode() == ERRCODE_QUERY_CANCELED;
    ErrorData *error;

    MemoryContextSwitchTo(leader->context);
    if (!r2d_redshift_refused(leader->redshift) &&
        (interrupted || !r2d_redshift_lost(leader->redshift)))
        PG_RE_THROW();
    error = CopyErrorData();
    FlushErrorState();
    return error;
}

static Outcome judge(const ErrorData *error)
{
    char *message = r2d_to_utf8(error->message);
    char *detail = r2d_to_utf8(error->detail ? error->detail : "");

    return r2d_refusal_may_pass(unpack_sql_state(error->sqlerrcode), r2d_view_of(message),
                                r2d_view_of(detail))
               ? UNLOAD_AGAIN
               : UNLOAD_FAILED;
}

static void store_rows(void *arg, int64 rows)
{
    R2dLeader *leader = arg;

    r2d_tx_begin();
    r2d_catalog_job_unload_rows(leader->job_id, rows);
    r2d_tx_commit();
}

static Outcome send_unload(R2dLeader *leader, const char *command, int64 *rows, ErrorData **error)
{
    volatile Outcome outcome = UNLOAD_DONE;

    leader->unload_pid = r2d_redshift_pid(leader->redshift);
    PG_TRY();
    {
        r2d_redshift_watch_begin(leader->redshift, leader->options, leader->stage_prefix,
                                 store_rows, leader);
        if (r2d_redshift_unload(leader->redshift, command, rows) != R2D_UNLOAD_DONE)
            outcome = UNLOAD_NO_COMPRESSION;
        r2d_redshift_watch_end(leader->redshift);
    }
    PG_CATCH();
    {
        r2d_redshift_watch_end(leader->redshift);
        *error = take_error(leader);
        outcome = judge(*error);
    }
    PG_END_TRY();
    return outcome;
}

/* One UNLOAD under a new prefix, followed to its end if the connection is lost. */
static Outcome try_unload(R2dLeader *leader, R2dCompression compression, const char *message,
                          int64 *rows, ErrorData **error)
{
    R2dBytes command;
    Outcome outcome;

    begin_attempt(leader, message);
    r2d_bytes_init(&command, leader->aws->alloc);
    build_command(leader, compression, &command);
    outcome = send_unload(leader, command.data, rows, error);
    leader->unload_pid = 0; /* of a lost session it may be another's soon */
    if (outcome > UNLOAD_NO_COMPRESSION && r2d_redshift_lost(leader->redshift)) {
        leader->unload_open = true;
        ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": connection lost during UNLOAD: %s",
                             leader->job_id, (*error)->message)));
        outcome = r2d_unload_follow(leader, rows) ? UNLOAD_DONE : UNLOAD_AGAIN;
        leader->unload_open = false;
    }
    r2d_bytes_free(&command);
    return outcome;
}

static R2dCompression wanted_compression(const R2dLeader *leader)
{
    R2dCompression compression = R2D_COMPRESS_ZSTD;

    if (leader->options->compression != NULL)
        (void)r2d_compression_from_name(r2d_view_of(leader->options->compression), &compression);
    return compression;
}

static void give_up(ErrorData *error, int tries)
{
    if (tries > 1 && error->hint == NULL)
        error->hint = psprintf("The UNLOAD was tried %d times, each time under a new prefix. Mend "
                               "the cause and call rs2ddb_resume.",
                               tries);
    ReThrowError(error);
}

/* Returns the rows that the warehouse counted; -1: it does not tell. */
static int64 run_unload(R2dLeader *leader)
{
    R2dCompression compression = wanted_compression(leader);
    const char *message = NULL;
    int64 rows = -1;

    for (int tries = 1;;) {
        ErrorData *error = NULL;
        Outcome outcome = try_unload(leader, compression, message, &rows, &error);
        if (outcome == UNLOAD_DONE)
            return rows;
        if (outcome == UNLOAD_NO_COMPRESSION && compression == R2D_COMPRESS_NONE)
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("the warehouse refuses to unload JSON, compressed or not")));
        if (outcome == UNLOAD_FAILED || (outcome == UNLOAD_AGAIN && tries == UNLOADS_MAX))
            give_up(error, tries);
        (void)r2d_stage_clean(leader);
        if (outcome == UNLOAD_NO_COMPRESSION) {
            compression = R2D_COMPRESS_NONE;
            continue;
        }
        message = psprintf("UNLOAD again, after: %s", error->message);
        ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": %s", leader->job_id, message)));
        r2d_sleep(RETRY_PAUSE_MS * tries++);
    }
}

/* An earlier leader's UNLOAD with the same plan is followed: it goes on without its leader. Any
 * other would write files that nobody knows: it is stopped, and its files deleted. */
static bool take_over(R2dLeader *leader, int64 *rows)
{
    bool done = false;

    if (leader->stage_prefix == NULL)
        return false;
    if (leader->unload_open && leader->plan_kept)
        done = r2d_unload_follow(leader, rows);
    leader->unload_open = false;
    if (done)
        return true;
    if (r2d_redshift_stop_unload(r2d_leader_session(leader), leader->stage_prefix, 0, STOP_WAIT_MS))
        (void)r2d_stage_clean(leader);
    else
        r2d_leftover_give_up(leader);
    return false;
}

/* Without a manifest there must have been no rows: the warehouse's count decides (facts: redshift
 * 1.6). It lies in leader->context. */
static void read_manifest(R2dLeader *leader, int64 rows, R2dManifest *manifest)
{
    R2dBytes text;
    R2dStatus status;
    R2dError err;

    memset(manifest, 0, sizeof *manifest);
    r2d_bytes_init(&text, leader->aws->alloc);
    leader->unload_open = true; /* until it is read: what fails now may work later */
    status = r2d_unload_manifest_text(leader, &text);
    leader->unload_open = false;
    if (status == R2D_END) {
        if (rows == 0)
            return;
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("UNLOAD left no manifest at %smanifest", leader->stage_prefix),
                        rows < 0 ? errdetail("The warehouse did not tell how many rows there are.")
                                 : errdetail_plural("The warehouse counted %lu row.",
                                                    "The warehouse counted %lu rows.",
                                                    (unsigned long)rows, (unsigned long)rows)));
    }
    r2d_check(r2d_manifest_parse(leader->aws->alloc, r2d_bytes_view(&text),
                                 r2d_view_of(leader->stage_prefix), manifest, &err),
              &err);
    r2d_bytes_free(&text);
}

/* -1: it does not tell. */
static int64 manifest_rows(const R2dManifest *manifest)
{
    int64 sum = 0;
    for (int i = 0; i < manifest->file_count; i++) {
        if (manifest->files[i].rows < 0)
            return manifest->total_rows;
        sum += manifest->files[i].rows;
    }
    return sum;
}

/* Loaders of the UNLOAD before this one may have left requests with other rows of the same keys. */
static void let_late_writes_pass(R2dLeader *leader, TimestampTz since)
{
    int grace_ms = r2d_options_late_write_grace_s(leader->options) * 1000;
    TimestampTz end = TimestampTzPlusMilliseconds(since, grace_ms);
    long left_ms;
    bool begun;

    r2d_tx_begin();
    begun = r2d_catalog_files_begun(leader->job_id);
    r2d_tx_commit();
    while (begun && (left_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end)) > 0)
        r2d_sleep((int)left_ms);
}

static void store_files(R2dLeader *leader, const R2dManifest *manifest, int64 rows,
                        TimestampTz since)
{
    leader->unload_open = true; /* until its files are known */
    let_late_writes_pass(leader, since);
    r2d_tx_begin();
    r2d_catalog_files_insert(leader->job_id, manifest);
    leader->job->rows_unloaded = rows;
    leader->job->unloaded = true;
    r2d_catalog_job_unloaded(leader->job_id, rows);
    r2d_tx_commit();
    leader->unload_open = false;
}

void r2d_unload(R2dLeader *leader)
{
    R2dManifest manifest;
    int64 counted = -1;
    int64 promised;
    TimestampTz begin = GetCurrentTimestamp(); /* the loaders of an earlier UNLOAD have ended */

    if (!take_over(leader, &counted))
        counted = run_unload(leader);
    read_manifest(leader, counted, &manifest);
    promised = manifest_rows(&manifest);
    if (counted >= 0 && promised >= 0 && counted != promised)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg_plural("the manifest promises %lu row, the warehouse unloaded %lu",
                                      "the manifest promises %lu rows, the warehouse unloaded %lu",
                                      (unsigned long)promised, (unsigned long)promised,
                                      (unsigned long)counted)));
    store_files(leader, &manifest, promised >= 0 ? promised : counted, begin);
}
