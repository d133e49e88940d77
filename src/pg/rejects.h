/*
 * rejects.h - what is said of rejects that are counted, but not stored.
 */
#ifndef R2D_PG_REJECTS_H
#define R2D_PG_REJECTS_H

#include "postgres.h"

/* "10000 of 2500000 rejects are stored in rs2ddb.reject", palloc'd; NULL when all of them are. */
extern char *r2d_rejects_remark(int64 stored, int64 rejected);

#endif
