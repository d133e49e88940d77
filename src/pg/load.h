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
    R2dOrders orders;
    R2dMeter meter;
    R2dShare share; /* of the bound of the table */
    int64_t next_commit_us;
    int given_up; /* of the transfer's rows that the service failed on, so many are stored */
};

#endif
