/*
 * reject_queue.h - rows that were not written, until the caller takes them.
 */
#ifndef R2D_REJECT_QUEUE_H
#define R2D_REJECT_QUEUE_H

#include "../encode/item.h"
#include "transfer.h"

/* Reading waits while as many rejects, or as many bytes, are queued. */
#define R2D_REJECT_QUEUE_ROWS  256
#define R2D_REJECT_QUEUE_BYTES (1024 * 1024)
#define R2D_REJECT_ITEM_MAX    (64 * 1024)

typedef struct R2dRejectNode R2dRejectNode;

typedef struct R2dRejectQueue {
    const R2dAlloc *alloc;
    R2dRejectNode *first;
    R2dRejectNode *last;
    R2dRejectNode *lent; /* handed out last */
    R2dBytes key;        /* scratch */
    int rows;
    size_t bytes;
} R2dRejectQueue;

void r2d_reject_queue_init(R2dRejectQueue *queue, const R2dAlloc *alloc);
void r2d_reject_queue_clear(R2dRejectQueue *queue);
void r2d_reject_queue_free(R2dRejectQueue *queue);

static inline bool r2d_reject_queue_full(const R2dRejectQueue *queue)
{
    return queue->rows >= R2D_REJECT_QUEUE_ROWS || queue->bytes >= R2D_REJECT_QUEUE_BYTES;
}

/* Keeps a row that the scanner (it may lack values) or the encoder refused. R2D_FAILED: memory. */
R2dStatus r2d_reject_queue_row(R2dRejectQueue *queue, const R2dMapping *mapping, const R2dRow *row,
                               const R2dReason *reason, R2dError *err);
/* The same for one that the service refused; request is its write request as sent. */
R2dStatus r2d_reject_queue_request(R2dRejectQueue *queue, const R2dMapping *mapping, int64_t row,
                                   R2dView request, const R2dError *why, R2dError *err);

/* The oldest, lent until the next call; R2D_END when there is none. */
R2dStatus r2d_reject_queue_next(R2dRejectQueue *queue, R2dReject *reject);

#endif
