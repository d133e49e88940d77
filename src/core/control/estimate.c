/* estimate.c - see estimate.h: the rate over a ring of samples. */
#include "estimate.h"

#include <string.h>

#define SPACING_US ((int64_t)1000 * 1000)

static void drop_oldest(R2dEstimate *estimate)
{
    estimate->count--;
    memmove(estimate->samples, estimate->samples + 1,
            (size_t)estimate->count * sizeof estimate->samples[0]);
}

void r2d_estimate_add(R2dEstimate *estimate, int64_t at_us, int64_t rows)
{
    R2dEstimateSample *samples = estimate->samples;
    int last = estimate->count - 1;
    if (last >= 0 && (at_us < samples[last].at_us || rows < samples[last].rows))
        estimate->count = 0;
    else if (last > 0 && at_us - samples[last - 1].at_us < SPACING_US)
        estimate->count--;
    if (estimate->count == R2D_ESTIMATE_SAMPLES)
        drop_oldest(estimate);
    samples[estimate->count++] = (R2dEstimateSample){.at_us = at_us, .rows = rows};
}

double r2d_estimate_rate(const R2dEstimate *estimate, int64_t now_us)
{
    if (estimate->count == 0)
        return -1;
    const R2dEstimateSample *last = &estimate->samples[estimate->count - 1];
    int first = 0;
    while (first < estimate->count - 1 &&
           now_us - estimate->samples[first].at_us > R2D_ESTIMATE_WINDOW_US)
        first++;
    const R2dEstimateSample *from = &estimate->samples[first];
    int64_t until_us = now_us > last->at_us ? now_us : last->at_us;
    int64_t span_us = until_us - from->at_us;
    if (span_us <= 0 || (first == estimate->count - 1 && span_us < SPACING_US))
        return -1;
    return (double)(last->rows - from->rows) * 1e6 / (double)span_us;
}
