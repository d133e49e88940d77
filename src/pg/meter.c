/* meter.c - see meter.h. */
#include "meter.h"

#include "../core/base/clock.h"

void r2d_meter_measure(R2dMeter *meter, const R2dTransferProgress *progress)
{
    const R2dTransferProgress *before = &meter->before;
    int64_t now_us = r2d_mono_us(&r2d_clock_system);
    R2dRates *rates = &meter->rates;
    double returned;

    r2d_estimate_add(&meter->rows, now_us, before->checkpoint + progress->checkpoint);
    r2d_estimate_add(&meter->units, now_us, (int64_t)(before->write_units + progress->write_units));
    r2d_estimate_add(&meter->returned, now_us, before->throttled + progress->throttled);
    rates->rows_per_s = Max(r2d_estimate_rate(&meter->rows, now_us), 0);
    rates->units_per_s = Max(r2d_estimate_rate(&meter->units, now_us), 0);
    returned = Max(r2d_estimate_rate(&meter->returned, now_us), 0);
    rates->throttled_share = returned > 0 ? returned / (returned + rates->rows_per_s) : 0;
}

void r2d_meter_begin(R2dMeter *meter, int64 checkpoint)
{
    R2dTransferProgress begun = {.checkpoint = checkpoint};

    meter->before.checkpoint -= checkpoint;
    r2d_meter_measure(meter, &begun);
}

void r2d_meter_end(R2dMeter *meter, const R2dTransferProgress *progress)
{
    meter->before.checkpoint += progress->checkpoint;
    meter->before.write_units += progress->write_units;
    meter->before.throttled += progress->throttled;
}
