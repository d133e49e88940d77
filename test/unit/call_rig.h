/* call_rig.h - one AWS call over a client that answers from a script. */
#ifndef R2D_TEST_CALL_RIG_H
#define R2D_TEST_CALL_RIG_H

#include "unit.h"

#include "aws/call.h"

enum { CALL_REPLIES_MAX = 16 };

/* A client that answers each start with the next scripted reply: "404\nname:
   value\r\n...\r\n\nbody", or "cut"; NULL ends the script. */
typedef struct CallFakeClient {
    R2dHttpClient base;
    const char *replies[CALL_REPLIES_MAX];
    int starts;
    char dates[CALL_REPLIES_MAX][17]; /* the x-amz-date of each start */
} CallFakeClient;

typedef struct CallRig {
    UnitAlloc unit;
    UnitClock clock;
    R2dCredentials credentials;
    R2dAwsService service;
    R2dAwsCall call;
    CallFakeClient client;
    int64_t slept_us;
    int waits;
} CallRig;

/* A service in us-west-2 at http://127.0.0.1:8000/, on 2026-01-01 00:00 UTC. */
void call_rig_init(CallRig *rig, const char *signing_name, const char *token);
void call_rig_free(CallRig *rig); /* checks that nothing is left allocated */

/* A BatchWriteItem with the body {}; one is in use at a time. */
R2dAwsRequest call_rig_dynamodb_request(void);
/* A header of the request as prepared; .data is NULL when there is none. */
R2dView call_rig_header(const R2dHttpExchange *exchange, const char *name);

/* Prepares the request and judges the reply, written like those of the fake client. */
R2dStatus call_rig_judge(CallRig *rig, const R2dAwsRequest *request, const char *reply,
                         R2dError *err);
/* The BatchWriteItem through the fake client; waiting only moves the clock, and the 1000th wait
   cancels. */
R2dStatus call_rig_perform(CallRig *rig, int attempts, R2dError *err);

#endif
