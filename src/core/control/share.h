/*
 * share.h - what a loader may take of a bound that holds for the whole table.
 *
 * Loaders do not speak to each other: each counts the others from time to time and takes an equal
 * part. One that has just begun is not counted by the others until they have looked again, one
 * interval later at the most. Pure arithmetic: no clock of its own, nothing allocated.
 */
#ifndef R2D_SHARE_H
#define R2D_SHARE_H

#include <stdint.h>

/* Every loader counts the others at least so often. */
#define R2D_SHARE_INTERVAL_US ((int64_t)1000 * 1000)

/* What a loader has counted. */
typedef struct R2dSharers {
    int max_wcu; /* the bound, units per second; 0: none */
    /* Counted only under a bound: */
    int running;   /* files of the job that are being loaded, its own included: at least 1 */
    int pending;   /* files of the job that wait for a loader; 100 means that or more */
    int elsewhere; /* files that other jobs load into the same table, under a bound too */
} R2dSharers;

/* A loader. A zeroed struct has not loaded yet. */
typedef struct R2dShare {
    int64_t counted_us; /* from then on the others have counted it */
    int64_t left_us;    /* when its last file ended; 0: none yet */
} R2dShare;

/* It begins a file: it is counted anew, unless it was at work until just now. */
void r2d_share_join(R2dShare *share, int64_t now_us);
/* Its file has ended. */
void r2d_share_leave(R2dShare *share, int64_t now_us);

/* Units per second that are this loader's, whose job may have `loaders_max` of them (0: it loads
 * without any); 0: no bound. */
double r2d_share_wcu(const R2dShare *share, const R2dSharers *sharers, int loaders_max,
                     int64_t now_us);

#endif
