/* load.h - what load_open.c and load_file.c share. */
#ifndef R2D_PG_LOAD_H
#define R2D_PG_LOAD_H

#include "load_file.h"
#include "meter.h"

struct R2dLoad {
    MemoryContext context;      /* life of the worker */
    MemoryContext file_context; /* reset after every file */
    const R2dJob *job;
    R2dAwsSession *aws;
    R2dMapping mapping;
    R2dTransfer *transfer;
    R2dFile file;
    bool file_locked;
    bool file_busy; /* the last claim met a file that a leaving worker still holds */
    R2dOrders orders;
    R2dMeter meter;
    R2dShare share; /* of the bound of the table */
    int64_t next_commit_us;
    int64_t lost_until_us; /* r2d_mono_us: until then a file may have been begun by a lost loader
                            * although nothing says so; 0: no loader was lost */
    bool rejects_full;     /* as many of the job are stored as may be: others are only counted */
    int given_up; /* of the transfer's rows that the service failed on, so many are stored */
};

#endif
