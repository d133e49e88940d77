/* share.c - see share.h. */
#include "share.h"

void r2d_share_join(R2dShare *share, int64_t now_us)
{
    if (share->left_us == 0 || now_us - share->left_us >= R2D_SHARE_INTERVAL_US)
        share->counted_us = now_us + R2D_SHARE_INTERVAL_US;
}

void r2d_share_leave(R2dShare *share, int64_t now_us)
{
    share->left_us = now_us;
}

/* At a claim other loaders may be on their way to the files that wait. */
static int expected_sharers(const R2dSharers *sharers, int loaders_max)
{
    int open_files = sharers->running + sharers->pending;
    int expected = open_files < loaders_max ? open_files : loaders_max;
    return expected > sharers->running ? expected : sharers->running;
}

/* Loaders of another job that do not count this one yet take all of the bound: until they have
 * looked, it takes next to nothing, however often it looks itself. */
double r2d_share_wcu(const R2dShare *share, const R2dSharers *sharers, int loaders_max,
                     int64_t now_us)
{
    if (sharers->max_wcu <= 0)
        return 0;
    if (now_us >= share->counted_us)
        return (double)sharers->max_wcu / (sharers->running + sharers->elsewhere);
    if (sharers->elsewhere > 0)
        return 1;
    return (double)sharers->max_wcu / expected_sharers(sharers, loaders_max);
}
