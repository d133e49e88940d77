/* loading.c - the leader while files are loaded: starts loaders, watches them, helps itself. */
#include "leader.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"

#include "load_file.h"
#include "pool.h"

#define WATCH_INTERVAL_MS 1000
#define END_PATIENCE_MS   1000
#define FRUITLESS_STARTS  3 /* per loader */

/* Whoever leaves, also through an error, stops them: r2d_loading_end, the context's reset, or the
 * end of the process. */
struct R2dLoaders {
    BackgroundWorkerHandle **handles;
    int count;       /* alive, as far as we know */
    int capacity;    /* of handles */
    int limit;       /* alive at once; a reload may change it */
    int starts_left; /* without progress: loaders that always die are not started for ever */
    int64 settled;   /* rows, when starts_left was full */
    R2dLoad *own;    /* the leader's own, once it had to help itself */
};

static R2dLoaders *of_this_process;

static void forget_ended(R2dLoaders *loaders)
{
    int kept = 0;
    for (int i = 0; i < loaders->count; i++) {
        pid_t pid;
        if (GetBackgroundWorkerPid(loaders->handles[i], &pid) != BGWH_STOPPED)
            loaders->handles[kept++] = loaders->handles[i];
    }
    loaders->count = kept;
}

static void start_loaders(R2dLeader *leader, R2dLoaders *loaders, const R2dFileCounts *counts,
                          int slots)
{
    int wanted = (int)Min(counts->pending + counts->running, loaders->limit) - loaders->count;

    for (int i = 0; i < Min(wanted, slots) && loaders->starts_left > 0; i++) {
        BackgroundWorkerHandle *handle = r2d_pool_start_loader(leader->job_id);
        if (handle == NULL)
            return;
        loaders->handles[loaders->count++] = handle;
        loaders->starts_left--;
    }
}

static void stop_loaders(void *arg)
{
    R2dLoaders *loaders = arg;
    for (int i = 0; i < loaders->count; i++)
        TerminateBackgroundWorker(loaders->handles[i]);
    of_this_process = NULL;
}

/* A process that is terminated resets no context. One that leaves its database ends with 0, and its
 * loaders leave by themselves. */
static void stop_loaders_at_exit(int code, Datum arg)
{
    if (code != 0 && of_this_process != NULL)
        stop_loaders(of_this_process);
}

static void remember(R2dLoaders *loaders)
{
    static bool registered = false;

    of_this_process = loaders;
    if (!registered)
        before_shmem_exit(stop_loaders_at_exit, (Datum)0);
    registered = true;
}

/* Where the files stand, after those of lost loaders went back to pending; and slots to be had. */
static R2dFileCounts look(R2dLeader *leader, int *slots)
{
    R2dFileCounts counts;

    r2d_tx_begin();
    r2d_catalog_files_release(leader->job_id);
    counts = r2d_catalog_file_counts(leader->job_id);
    *slots = r2d_pool_slots_free();
    r2d_tx_commit();
    return counts;
}

static void show_progress(const R2dLeader *leader, const R2dFileCounts *counts)
{
    char text[160];
    int len = snprintf(text, sizeof text,
                       "rs2ddb job " INT64_FORMAT ": loading, " INT64_FORMAT " of " INT64_FORMAT
                       " files done, " INT64_FORMAT,
                       leader->job_id, counts->done,
                       counts->pending + counts->running + counts->done + counts->failed,
                       counts->settled);

    if (leader->job->rows_unloaded >= 0)
        len += snprintf(text + len, sizeof text - len, " of " INT64_FORMAT,
                        leader->job->rows_unloaded);
    snprintf(text + len, sizeof text - len, " rows");
    pgstat_report_activity(STATE_RUNNING, text);
}

/* No loader to be had: one file in this process, then look again. */
static void help_yourself(R2dLeader *leader, R2dLoaders *loaders)
{
    if (loaders->own == NULL) {
        r2d_leader_load_options(leader); /* as a loader does, which may have failed for them */
        loaders->own = r2d_load_open(leader->context, leader->job, leader->options);
    }
    (void)r2d_load_next(loaders->own, false);
}

/* Once loaders cannot be started any more the leader loads by itself, and meets what they met. */
static void note_progress(R2dLoaders *loaders, const R2dFileCounts *counts)
{
    if (counts->settled == loaders->settled)
        return;
    loaders->settled = counts->settled;
    loaders->starts_left = loaders->limit * FRUITLESS_STARTS;
}

static void set_limit(R2dLoaders *loaders, int limit)
{
    if (limit > loaders->capacity) {
        loaders->handles = repalloc(loaders->handles, sizeof(BackgroundWorkerHandle *) * limit);
        loaders->capacity = limit;
    }
    loaders->starts_left += Max(limit - loaders->limit, 0) * FRUITLESS_STARTS;
    loaders->limit = limit;
}

static R2dLoaders *open_loaders(R2dLeader *leader)
{
    R2dLoaders *loaders = MemoryContextAllocZero(leader->context, sizeof *loaders);

    loaders->capacity = 1;
    loaders->handles = MemoryContextAllocZero(leader->context, sizeof(BackgroundWorkerHandle *));
    r2d_on_reset(leader->context, stop_loaders, loaders);
    remember(loaders);
    return loaders;
}

/* Loaders that find no file any more end by themselves; one that has just begun may take long. */
static void let_end(R2dLoaders *loaders)
{
    TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), END_PATIENCE_MS);
    long left_ms = END_PATIENCE_MS;

    forget_ended(loaders);
    while (loaders->count > 0 && left_ms > 0) {
        r2d_sleep((int)left_ms);
        forget_ended(loaders);
        left_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
    }
}

void r2d_loading_end(R2dLeader *leader)
{
    R2dLoaders *loaders = leader->loaders;

    if (loaders == NULL)
        return;
    if (loaders->own != NULL)
        r2d_load_abandon(loaders->own);
    stop_loaders(loaders);
    for (int i = 0; i < loaders->count; i++)
        (void)WaitForBackgroundWorkerShutdown(loaders->handles[i]);
    loaders->count = 0;
    leader->loaders = NULL;
}

void r2d_loading(R2dLeader *leader)
{
    int slots;
    R2dFileCounts counts = look(leader, &slots);
    R2dLoaders *loaders = leader->loaders = open_loaders(leader);

    while (counts.pending + counts.running > 0 && counts.systemic == 0) {
        set_limit(loaders, r2d_load_limit(leader->job));
        note_progress(loaders, &counts);
        start_loaders(leader, loaders, &counts, slots);
        show_progress(leader, &counts);
        if (loaders->count == 0 && counts.pending > 0)
            help_yourself(leader, loaders);
        else
            r2d_sleep(WATCH_INTERVAL_MS);
        forget_ended(loaders);
        counts = look(leader, &slots);
        if (counts.cancel) /* loaders stop for it, so the leader must, should its signal be lost */
            ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceled")));
    }
    if (counts.systemic == 0)
        let_end(loaders);
    r2d_loading_end(leader);
}
