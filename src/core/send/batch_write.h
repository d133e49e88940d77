/*
 * batch_write.h - one BatchWriteItem call: its headers, and what its reply says about each item.
 */
#ifndef R2D_BATCH_WRITE_H
#define R2D_BATCH_WRITE_H

#include "../aws/call.h"
#include "batch.h"

/* A reply may carry the whole request back. */
#define R2D_BATCH_WRITE_REPLY_MAX (16 * 1024 * 1024)

/* Fills request (and pairs) for a body of r2d_batch_body. */
void r2d_batch_write_request(R2dAwsRequest *request, R2dAwsPair pairs[2], R2dView body);

typedef struct R2dBatchReply {
    uint32_t unprocessed; /* bit i: entry i was not written */
    double consumed;      /* write units, indexes included; negative: not told */
} R2dBatchReply;

/*
 * Reads the reply to a call that carried the first `sent` entries. Unprocessed items are found by
 * their keys. R2D_ERR_DATA when the reply is not one (UnprocessedItems is always there), or speaks
 * of items that were not sent: then nothing is known and the call must be repeated. `scratch` is
 * reused from call to call.
 */
R2dStatus r2d_batch_write_reply(const R2dBatch *batch, int sent, const R2dMapping *mapping,
                                R2dView text, R2dBytes *scratch, R2dBatchReply *reply,
                                R2dError *err);

/* Whether a throttled reply blames single partitions only (ThrottlingReasons; facts: aws 1.5). */
bool r2d_batch_write_one_partition(R2dView text);

#endif
