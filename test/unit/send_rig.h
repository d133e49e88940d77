/* send_rig.h - what the unit tests of send and transfer share: a mapping, a service, rows. */
#ifndef R2D_SEND_RIG_H
#define R2D_SEND_RIG_H

#include "fake_dynamodb.h"

#include "aws/call.h"
#include "encode/item.h"
#include "send/batch.h"

/* Columns: id (the partition key), v (text); with a sort key also n (integer) between them. */
typedef struct SendRig {
    UnitAlloc unit;
    UnitClock clock;
    FakeDynamodb fake;
    R2dMapping mapping;
    R2dCredentials credentials;
    R2dAwsService service;
    R2dValue values[3];
    char text[3][512];
} SendRig;

typedef enum RigKey { RIG_STRING, RIG_NUMBER, RIG_STRING_SORTED } RigKey;

void send_rig_init(SendRig *rig, RigKey key, uint64_t seed);
/* Checks that the fake saw no offence and that every block of the core is released. */
void send_rig_free(SendRig *rig);

/* A row with this key and text; lent until the next call. */
R2dRow send_rig_row(SendRig *rig, int64_t number, const char *id, const char *v);
/* Encodes and commits it. */
int64_t send_rig_add(SendRig *rig, R2dBatch *batch, int64_t number, const char *id, const char *v);

#endif
