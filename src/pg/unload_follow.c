/* unload_follow.c - an UNLOAD outlives its session: the warehouse goes on when the connection is
 * cut, or when the leader that sent it is gone. Its history and the manifest, which is written
 * last, tell how it ended (facts: redshift 3.5). */
#include "leader.h"

#include "access/xact.h"
#include "pool.h"

#include "../core/fetch/s3_object.h"

#define LOOK_FIRST_MS         200
#define LOOK_LAST_MS          5000
#define HISTORY_LAG_MS        5000 /* so long the history may not know of it */
#define RECONNECT_PATIENCE_MS 120000
#define RECONNECT_LAST_MS     16000

R2dStatus r2d_unload_manifest_text(R2dLeader *leader, R2dBytes *text)
{
    R2dAwsSession *aws = leader->aws;
    R2dView bucket, prefix;
    R2dStatus status;
    R2dError err;

    r2d_aws_session_use_stage(aws, leader->options, leader->stage_prefix);
    r2d_check(r2d_s3_parse_uri(r2d_view_of(leader->stage_prefix), &bucket, &prefix, &err), &err);
    status = r2d_s3_get_small(&aws->s3, aws->http, &aws->wait, pnstrdup(bucket.data, bucket.len),
                              psprintf("%.*smanifest", (int)prefix.len, prefix.data),
                              R2D_MANIFEST_LIMIT_BYTES, text, &err);
    if (status != R2D_END)
        r2d_check(status, &err);
    return status;
}

static bool manifest_is_there(R2dLeader *leader)
{
    R2dBytes text;
    R2dStatus status;

    r2d_bytes_init(&text, leader->aws->alloc);
    status = r2d_unload_manifest_text(leader, &text);
    r2d_bytes_free(&text);
    return status == R2D_OK;
}

/* False when it did not work, and may work later. */
static bool try_reconnect(R2dLeader *leader, bool last)
{
    volatile bool connected = false;

    PG_TRY();
    {
        connected = r2d_leader_session(leader) != NULL;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(leader->context);
        if (last || geterrcode() == ERRCODE_QUERY_CANCELED)
            PG_RE_THROW();
        FlushErrorState();
        r2d_error_mark_clear();
    }
    PG_END_TRY();
    return connected;
}

/* Unless there is a session. A warehouse that restarts is back after a while. */
static void reconnect(R2dLeader *leader)
{
    TimestampTz deadline =
        TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RECONNECT_PATIENCE_MS);
    int pause_ms = LOOK_FIRST_MS;

    while (!try_reconnect(leader, GetCurrentTimestamp() >= deadline)) {
        r2d_sleep(pause_ms);
        pause_ms = Min(pause_ms * 2, RECONNECT_LAST_MS);
    }
}

static R2dUnloadHistory look(R2dLeader *leader)
{
    reconnect(leader);
    return r2d_redshift_history(leader->redshift, leader->stage_prefix);
}

/* The history's view may lag, or be out of reach: then the manifest alone tells. */
static bool unknown_for_good(R2dLeader *leader, TimestampTz since)
{
    return manifest_is_there(leader) ||
           TimestampDifferenceExceeds(since, GetCurrentTimestamp(), HISTORY_LAG_MS);
}

bool r2d_unload_follow(R2dLeader *leader, int64 *rows)
{
    TimestampTz unknown_since = GetCurrentTimestamp();
    int pause_ms = LOOK_FIRST_MS;
    R2dUnloadHistory history;

    for (;;) {
        history = look(leader);
        if (history.state == R2D_UNLOAD_RUNNING)
            unknown_since = GetCurrentTimestamp();
        else if (history.state != R2D_UNLOAD_UNKNOWN || unknown_for_good(leader, unknown_since))
            break;
        r2d_sleep(pause_ms);
        pause_ms = Min(pause_ms * 2, LOOK_LAST_MS);
    }
    *rows = history.rows;
    if (history.state == R2D_UNLOAD_ABORTED)
        return false;
    return (history.state == R2D_UNLOAD_COMPLETED && history.rows == 0) ||
           manifest_is_there(leader);
}
