/* transfer_rig.h - a transfer of a file in memory to the fake DynamoDB, stepped in simulated time.
 */
#ifndef R2D_TRANSFER_RIG_H
#define R2D_TRANSFER_RIG_H

#include "send_rig.h"

#include "transfer/transfer.h"

enum { TRANSFER_ROWS_MAX = 120000 };

typedef struct TransferRig {
    SendRig base;
    R2dTransfer *transfer;
    R2dBytes lines; /* the file */
    int64_t rows;
    int64_t rejects;
    bool rejected[TRANSFER_ROWS_MAX + 1];
    int steps;
    bool source_pauses; /* the source says "again" without a reason to wait for */
    int64_t last_checkpoint;
    int64_t rejects_max; /* options of the transfer */
    int64_t late_write_grace_us;
} TransferRig;

/* Everything but the transfer; then with one that has 8 requests in flight. */
void transfer_rig_begin_quietly(TransferRig *t, uint64_t seed);
void transfer_rig_begin_key(TransferRig *t, RigKey key, uint64_t seed);
void transfer_rig_begin(TransferRig *t, uint64_t seed);
R2dStatus transfer_rig_open(TransferRig *t, int in_flight_max, R2dError *err);
void transfer_rig_end(TransferRig *t);

void transfer_rig_line(TransferRig *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void transfer_rig_item(TransferRig *t, int key, const char *v); /* the row of key "k<key>" */
/* The same with a sort key, for RIG_STRING_SORTED. */
void transfer_rig_sorted_item(TransferRig *t, int key, int n, const char *v);

R2dStatus transfer_rig_source(TransferRig *t, size_t chunk_bytes, bool again, int64_t skip_rows,
                              R2dError *err);
/* Steps until the file ends, fails, or the checkpoint reaches `stop_at`; takes all rejects and
 * checks after each step that the ledger balances. */
R2dStatus transfer_rig_run_to(TransferRig *t, int64_t skip_rows, int64_t stop_at, R2dError *err);
R2dStatus transfer_rig_run(TransferRig *t, R2dError *err); /* to the end, from row 1 */
R2dTransferProgress transfer_rig_progress(const TransferRig *t);

#endif
