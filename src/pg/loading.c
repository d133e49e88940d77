/* loading.c - the leader while files are loaded: starts loaders, watches them, helps itself. */
#include "leader.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "load_file.h"
#include "pool.h"
#include "settings.h"

#define WATCH_INTERVAL_MS 1000

/* Reset with the loading context: whoever leaves, also through an error, stops them first. */
typedef struct Loaders {
    BackgroundWorkerHandle **handles;
    int count;       /* alive, as far as we know */
    int limit;       /* alive at once */
    int starts_left; /* a loader that always dies must not be started for ever */
    R2dLoad *own;    /* the leader's own, once it had to help itself */
} Loaders;

static void forget_ended(Loaders *loaders)
{
    int kept = 0;
    for (int i = 0; i < loaders->count; i++) {
        pid_t pid;
        if (GetBackgroundWorkerPid(loaders->handles[i], &pid) != BGWH_STOPPED)
            loaders->handles[kept++] = loaders->handles[i];
    }
    loaders->count = kept;
}

static void start_loaders(R2dLeader *leader, Loaders *loaders, const R2dFileCounts *counts,
                          int slots)
{
    int wanted = (int)Min(counts->pending + counts->running, loaders->limit) - loaders->count;

    for (int i = 0; i < Min(wanted, slots) && loaders->starts_left > 0; i++) {
        BackgroundWorkerHandle *handle = r2d_pool_start_loader(leader->job->job_id);
        if (handle == NULL)
            return;
        loaders->handles[loaders->count++] = handle;
        loaders->starts_left--;
    }
}

static void stop_loaders(void *arg)
{
    Loaders *loaders = arg;
    for (int i = 0; i < loaders->count; i++)
        TerminateBackgroundWorker(loaders->handles[i]);
}

/* Where the files stand, after those of lost loaders went back to pending; and slots to be had. */
static R2dFileCounts look(R2dLeader *leader, int *slots)
{
    R2dFileCounts counts;

    r2d_tx_begin();
    r2d_catalog_files_release(leader->job->job_id);
    counts = r2d_catalog_file_counts(leader->job->job_id);
    *slots = r2d_pool_slots_free();
    r2d_tx_commit();
    MemoryContextSwitchTo(leader->context);
    return counts;
}

/* No loader to be had: one file in this process, then look again. */
static void help_yourself(R2dLeader *leader, Loaders *loaders)
{
    if (loaders->own == NULL)
        loaders->own = r2d_load_open(leader->context, leader->job, leader->options);
    (void)r2d_load_next(loaders->own);
}

static Loaders *open_loaders(R2dLeader *leader, MemoryContext context, int64 files)
{
    Loaders *loaders = MemoryContextAllocZero(context, sizeof *loaders);
    int most = leader->job->workers > 0 ? leader->job->workers : r2d_max_workers;

    loaders->limit = Max(Min(most, r2d_max_workers - 1), 0);
    loaders->starts_left = loaders->limit * 3 + (int)Min(files, 1000);
    loaders->handles =
        MemoryContextAllocZero(context, sizeof(BackgroundWorkerHandle *) * (loaders->limit + 1));
    r2d_on_reset(context, stop_loaders, loaders);
    return loaders;
}

static void end_loaders(Loaders *loaders)
{
    stop_loaders(loaders);
    for (int i = 0; i < loaders->count; i++)
        (void)WaitForBackgroundWorkerShutdown(loaders->handles[i]);
    loaders->count = 0;
}

void r2d_loading(R2dLeader *leader)
{
    MemoryContext context =
        AllocSetContextCreate(leader->context, "rs2ddb loaders", ALLOCSET_SMALL_SIZES);
    int slots;
    R2dFileCounts counts = look(leader, &slots);
    Loaders *loaders = open_loaders(leader, context, counts.pending);

    MemoryContextSwitchTo(context);
    while (counts.pending + counts.running > 0 && counts.systemic == 0) {
        MemoryContextSwitchTo(context);
        start_loaders(leader, loaders, &counts, slots);
        MemoryContextSwitchTo(leader->context);
        if (loaders->count == 0)
            help_yourself(leader, loaders);
        else
            r2d_sleep(WATCH_INTERVAL_MS);
        forget_ended(loaders);
        counts = look(leader, &slots);
    }
    end_loaders(loaders);
    MemoryContextDelete(context);
}
