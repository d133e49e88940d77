/* flow.h - rows from the scanner into batches. Private to the transfer. */
#ifndef R2D_FLOW_H
#define R2D_FLOW_H

#include "../decode/scan_json.h"
#include "../send/sender.h"
#include "held_rows.h"
#include "ledger.h"
#include "reject_queue.h"
#include "transfer.h"

struct R2dTransfer {
    R2dTransferOptions options;
    R2dSender *sender;
    R2dLedger ledger;
    R2dRejectQueue rejects;
    R2dSpread spread;
    R2dLooseItem held; /* read and encoded, waits for its key or for room; never out of the window:
                        * an older row of its key could come back into that */
    R2dHeldRows late; /* wait because of requests that nobody answered; with a window, they go there
                       * before any other */
    bool ledger_broken;
    int64_t fruitless_rejects; /* rows rejected before the first write; -1: there was one */
    bool batch_ready;          /* a batch became full since the last pump */
    bool blocked;              /* no batch could take a row when r2d_flow was called last */
    /* The open file. */
    R2dScanJson *scan; /* NULL: no file is open */
    R2dSource *object; /* the S3 object below the scanner, or NULL */
    int64_t skip_left;
    int64_t skipped;
    R2dStatus reading; /* R2D_OK: goes on; R2D_END; R2D_FAILED: settle what was read first */
    R2dError read_error;
    int64_t quiet_since_us; /* no row can be had since; 0: it can */
    R2dSenderCounts counts_before;
    int64_t received; /* bytes, of a file that was closed */
    R2dStatus failure;
    R2dError error;
};

/* Counts a row that was rejected; R2D_FAILED when there were only such for too long. why: what the
 * service said, or NULL when it was not asked. */
R2dStatus r2d_flow_count_reject(R2dTransfer *transfer, const char *reason, const R2dError *why,
                                R2dError *err);

/* Reads, encodes and batches a bounded number of rows; sets *moved when any was. */
R2dStatus r2d_flow(R2dTransfer *transfer, bool *moved, R2dError *err);
/* No row will come any more, and none is held. */
bool r2d_flow_over(const R2dTransfer *transfer);
/* Until r2d_flow must be called although nothing arrived; -1: no limit. */
int64_t r2d_flow_wait_us(const R2dTransfer *transfer);

#endif
