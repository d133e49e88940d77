/*
 * job_table.h - is the DynamoDB table of a job still the one that it has written to? DynamoDB's own
 * id tells: a table that was deleted and made again has another, and so has one of another Region
 * or account that has the same name.
 */
#ifndef R2D_PG_JOB_TABLE_H
#define R2D_PG_JOB_TABLE_H

#include "aws_session.h"
#include "catalog.h"

/* Asks DynamoDB: false when the table is gone, or another has its name; *table is set otherwise. A
 * job that has not seen its table yet takes any. Throws when the call fails, and goes on failing
 * for patience_ms (0: for some seconds). */
extern bool r2d_job_table_is_the_same(R2dAwsSession *session, const R2dJob *job, int patience_ms,
                                      R2dTable *table);

/* The same for those who can only go on when it is: throws also in that case. */
extern void r2d_job_table_require(R2dAwsSession *session, const R2dJob *job, int patience_ms,
                                  R2dTable *table);

#endif
