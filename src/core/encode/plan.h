/*
 * plan.h - the columns of a job as JSON: written once by the leader, read by every loader.
 *
 *   {"columns":[{"name":"review_id","type":"text","pieces":1,"null":"omit","key":"partition"}]}
 */
#ifndef R2D_PLAN_H
#define R2D_PLAN_H

#include "../base/column.h"

/* Appends the plan. false when memory is out: out may hold a part of it. */
bool r2d_plan_write(const R2dColumn *columns, int column_count, R2dBytes *out);

/* The columns are allocated with alloc as one block that also owns the names; release *columns.
 * R2D_ERR_DATA when the text is no plan. */
R2dStatus r2d_plan_read(const R2dAlloc *alloc, R2dView text, R2dColumn **columns, int *column_count,
                        R2dError *err);

#endif
