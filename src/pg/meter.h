/*
 * meter.h - how fast a loader is: its rates over the last seconds, whichever files they fell into.
 */
#ifndef R2D_PG_METER_H
#define R2D_PG_METER_H

#include "catalog.h"

#include "../core/control/estimate.h"

/* A zeroed struct begins. */
typedef struct R2dMeter {
    R2dTransferProgress before; /* sums of the files loaded by this process */
    R2dEstimate rows;
    R2dEstimate units;
    R2dEstimate returned;
    R2dRates rates; /* as measured last */
} R2dMeter;

/* A file begins, whose rows up to the checkpoint were settled by another process. */
extern void r2d_meter_begin(R2dMeter *meter, int64 checkpoint);

/* How far the file is; meter->rates are those of now. */
extern void r2d_meter_measure(R2dMeter *meter, const R2dTransferProgress *progress);

/* The file has ended there. */
extern void r2d_meter_end(R2dMeter *meter, const R2dTransferProgress *progress);

#endif
