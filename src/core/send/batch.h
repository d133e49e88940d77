/*
 * batch.h - the write requests of one BatchWriteItem call, built in place.
 *
 * A row is encoded behind the items that are there already (pending), and then either committed or
 * moved out again. A whole batch is sent from where it was built. Rows of one batch have distinct
 * keys: a later row supersedes an earlier one.
 */
#ifndef R2D_BATCH_H
#define R2D_BATCH_H

#include "../encode/item.h"
#include "service_error.h"

#define R2D_BATCH_ITEMS_MAX 25
/* Body size at which a batch takes no further item; a single item may be larger. The service's
 * limit is 16 MB (facts: aws 1.2); ours bounds the memory of the batches in flight. */
#define R2D_BATCH_BYTES_MAX (512 * 1024)

/* Room that a batch keeps. An item's text may be ten times its size; more is only taken by rows
 * that are refused, and given back. */
#define R2D_BATCH_ROOM_KEPT ((size_t)4 * 1024 * 1024)

typedef struct R2dBatchEntry {
    int64_t row;
    uint64_t key_hash;
    uint64_t partition_hash;
    size_t body_at;
    size_t body_len;
    size_t key_at;
    size_t key_len;
    int units;
    R2dTrial trial; /* of the row alone; the sender's */
} R2dBatchEntry;

typedef struct R2dBatch {
    R2dBytes body;
    R2dBytes keys;
    size_t head_bytes;
    int count;
    R2dBatchEntry entries[R2D_BATCH_ITEMS_MAX];
    R2dBatchEntry pending;
} R2dBatch;

/* An encoded row outside any batch. Its buffers are reused. */
typedef struct R2dLooseItem {
    bool held; /* false: empty */
    int64_t row;
    R2dItem item;
    R2dBytes request;
    R2dBytes keys;
} R2dLooseItem;

/* table_name must be valid (r2d_table_name_valid). false when memory is out. */
bool r2d_batch_init(R2dBatch *batch, const R2dAlloc *alloc, const char *table_name);
void r2d_batch_free(R2dBatch *batch);
void r2d_batch_clear(R2dBatch *batch);

/* Encodes row as the pending item; statuses of r2d_item_encode. The batch must not be full. */
R2dStatus r2d_batch_encode(R2dBatch *batch, const R2dMapping *mapping, const R2dRow *row,
                           R2dReason *reason, R2dError *err);
/* The same for a row that was encoded before. false when memory is out. */
bool r2d_batch_append(R2dBatch *batch, const R2dLooseItem *loose);

/* Whether the batch with its pending item is within the limits of a batch; whether it would be with
 * a further item of so many bytes. */
bool r2d_batch_fits(const R2dBatch *batch);
bool r2d_batch_has_room(const R2dBatch *batch, size_t request_bytes);

/* Keeps the pending item. Returns the number of the row it supersedes, 0 for none. */
int64_t r2d_batch_commit(R2dBatch *batch);
/* Drops the pending item; or moves it out (false when memory is out: it is still pending). */
void r2d_batch_rollback(R2dBatch *batch);
bool r2d_batch_move_out(R2dBatch *batch, R2dLooseItem *loose);

/* Keeps only the entries whose bit is set in keep; their order stays. */
void r2d_batch_keep(R2dBatch *batch, uint32_t keep);

/* Moves the first entry behind the others. false when memory is out: nothing has changed. */
bool r2d_batch_rotate(R2dBatch *batch, R2dBytes *scratch);

int r2d_batch_units(const R2dBatch *batch, int count); /* of the first `count` entries */
R2dView r2d_batch_key(const R2dBatch *batch, int index);
R2dView r2d_batch_request(const R2dBatch *batch, int index);

/* The body of a call that writes the first `count` entries: in place for all of them, else in
 * `scratch`. Lent until the batch changes. false when memory is out. */
bool r2d_batch_body(R2dBatch *batch, int count, R2dBytes *scratch, R2dView *body);

void r2d_loose_item_init(R2dLooseItem *loose, const R2dAlloc *alloc);
void r2d_loose_item_free(R2dLooseItem *loose);

#endif
