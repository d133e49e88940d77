/*
 * aws_session.h - the AWS side of one worker: credentials, HTTP client, S3 and DynamoDB.
 */
#ifndef R2D_PG_AWS_SESSION_H
#define R2D_PG_AWS_SESSION_H

#include "options.h"
#include "wait.h"

#include "../core/aws/call.h"
#include "../core/send/table.h"

typedef struct R2dAwsSession {
    const R2dAlloc *alloc;
    MemoryContext context;
    const char *server; /* whose user mapping has the credentials */
    Oid server_oid;
    Oid role;
    R2dCredentials credentials;
    R2dHttpClient *http;
    R2dWaiter *waiter;
    R2dWait wait;
    R2dAwsService s3;
    R2dAwsService dynamodb;
    const char *bucket; /* of the stage */
    const char *folder; /* below it: "" or "folder/" */
} R2dAwsSession;

/* Everything lives in the context and is closed with it. Throws. Credentials that a service does
 * not take any more are read again, in a transaction of their own: a call to a service must not be
 * made in one. */
extern R2dAwsSession *r2d_aws_session_open(MemoryContext context, const R2dOptions *options,
                                           int max_connections);

/* Points the S3 side at the bucket and folder of `stage` ("s3://bucket/folder/"). It begins with
 * the server's option; an older attempt may lie elsewhere, for the option can be changed. */
extern void r2d_aws_session_use_stage(R2dAwsSession *session, const R2dOptions *options,
                                      const char *stage);

/* Asks DynamoDB for the table; false when it does not exist. What may pass is tried again for
 * patience_ms at least (0: for some seconds). Throws. */
extern bool r2d_aws_session_describe_table(R2dAwsSession *session, const char *table_name,
                                           int patience_ms, R2dTable *table);

#endif
