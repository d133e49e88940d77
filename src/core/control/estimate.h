/*
 * estimate.h - how fast rows are settled, from counts and times; percent and time left follow from
 * it in the view rs2ddb.progress. Pure arithmetic: no clock of its own, nothing allocated.
 */
#ifndef R2D_ESTIMATE_H
#define R2D_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#define R2D_ESTIMATE_SAMPLES   16
#define R2D_ESTIMATE_WINDOW_US ((int64_t)6 * 1000 * 1000)

typedef struct R2dEstimateSample {
    int64_t at_us; /* of one clock that does not go back */
    int64_t rows;  /* settled so far */
} R2dEstimateSample;

/* The last samples, oldest first. A zeroed struct is empty. */
typedef struct R2dEstimate {
    R2dEstimateSample samples[R2D_ESTIMATE_SAMPLES];
    int count;
} R2dEstimate;

/*
 * Notes that `rows` were settled at at_us. Samples closer than a second replace the last one (but
 * never the first), so the ring reaches back over the window however often it is fed. A time or a
 * count that goes back (another loader took over, the server restarted) begins anew.
 */
void r2d_estimate_add(R2dEstimate *estimate, int64_t at_us, int64_t rows);

/* Rows a second over the samples of the last window before now_us; the time since the last sample
 * counts, so a stalled job slows down. Negative: not known yet. */
double r2d_estimate_rate(const R2dEstimate *estimate, int64_t now_us);

#endif
