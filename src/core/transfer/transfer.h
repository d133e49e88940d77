/*
 * transfer.h - the whole chain for one file: open, step, close. The only place
 * where the chain is built:
 *
 *   s3_object -> decompress -> scan_json -> item -> batch -> sender
 *
 * A loader opens one R2dTransfer for its life (client, sender, connections) and
 * runs file after file through it.
 */
#ifndef R2D_TRANSFER_H
#define R2D_TRANSFER_H

#include "../aws/call.h"
#include "../encode/mapping.h"

typedef struct R2dTransfer R2dTransfer;

typedef struct R2dTransferOptions {
    const R2dAlloc *alloc;
    const R2dClock *clock;
    R2dHttpClient *http;       /* borrowed */
    R2dAwsService *s3;         /* borrowed; endpoint of the stage's bucket */
    R2dAwsService *dynamodb;   /* borrowed */
    const R2dMapping *mapping; /* borrowed */
    const char *table_name;
    int requests_in_flight_max; /* the sender adapts between 1 and this */
    double initial_wcu;         /* units per second to begin with; 0: unknown, start gently */
    double max_wcu;             /* never more; 0: no bound */
    /* How long a request may still be applied after its connection was closed without an answer;
     * 0: not at all. A row waits while that may happen with an older one of its key. */
    int64_t late_write_grace_us;
    int64_t rejects_max; /* rows rejected before any was written; 0: R2D_TRANSFER_REJECTS_MAX */
    int64_t service_error_patience_us; /* send/service_error.h; 0: its default */
} R2dTransferOptions;

/* So many rows rejected one after the other while none was ever written: not the rows are at fault,
 * but the query, the key or the table, and the transfer fails. */
#define R2D_TRANSFER_REJECTS_MAX 1000

/* One file to load. Texts are borrowed until the file is closed. */
typedef struct R2dTransferFile {
    const char *bucket;
    const char *key;
    int64_t size_bytes; /* as the manifest says; -1: not told */
    int64_t skip_rows;  /* the checkpoint: rows up to here are settled already */
    /* Of a file that was begun before. was_lost: requests of rows behind the checkpoint may have
     * been in flight when its loader ended, which was not later than now. late_for_us: as the
     * progress said: nothing is written for so long. */
    bool was_lost;
    int64_t late_for_us;
} R2dTransferFile;

/*
 * The ledger of the file, for the rows after skip_rows up to the checkpoint:
 * checkpoint - skip_rows = written + collapsed + rejected, always.
 */
typedef struct R2dTransferProgress {
    int64_t checkpoint; /* every row up to this number is settled */
    int64_t rows_read;  /* rows scanned, skipped ones included */
    int64_t written;
    int64_t collapsed; /* superseded by a later row with the same key */
    int64_t rejected;
    int64_t bytes_received; /* from S3 */
    double write_units;     /* consumed, as DynamoDB says; all of them, beyond the checkpoint too */
    int64_t throttled;      /* writes that came back unprocessed or throttled, so far */
    int64_t requests;       /* BatchWriteItem calls answered */
    /* So long requests that nobody answered, of rows up to the checkpoint, may still be applied: no
     * other transfer may go on with the file before; 0: none. */
    int64_t late_for_us;
} R2dTransferProgress;

/* A row that was not written. Lent until the next call of r2d_transfer_next_reject. Bytes may be
 * anything (not valid UTF-8, zero bytes). */
typedef struct R2dReject {
    int64_t row;
    R2dView key; /* JSON text, or empty */
    R2dView code;
    R2dView reason;
    R2dView item; /* the line of the file, or the item as sent when the service refused it; cut at
                   * 64 KB */
} R2dReject;

/* R2D_ERR_ARGUMENT when the table's name cannot be one. *transfer is NULL unless R2D_OK. */
R2dStatus r2d_transfer_open(R2dTransfer **transfer, const R2dTransferOptions *options,
                            R2dError *err);

/* Begins a file, and closes the one that is open. */
R2dStatus r2d_transfer_file_open(R2dTransfer *transfer, const R2dTransferFile *file, R2dError *err);

/*
 * Moves everything that can move. R2D_OK: call again at once (a bounded amount of work was done).
 * R2D_AGAIN: wait on the client's wait_fd for at most r2d_transfer_wait_ms, then call again.
 * R2D_END: every row of the file is settled. R2D_FAILED: systemic; what is settled stays settled,
 * progress and rejects can still be read.
 */
R2dStatus r2d_transfer_step(R2dTransfer *transfer, R2dError *err);
int r2d_transfer_wait_ms(R2dTransfer *transfer); /* -1: no limit */

/* The ledger now. Counts never go back. */
void r2d_transfer_progress(const R2dTransfer *transfer, R2dTransferProgress *progress);

/* Rejects not taken yet, oldest first; R2D_END when there are none. Those of rows beyond the
 * checkpoint may be returned too: the catalog keeps them unique on (job, file, row). While many are
 * not taken, step reads no further and says R2D_OK. Those left are dropped when the next file is
 * opened. */
R2dStatus r2d_transfer_next_reject(R2dTransfer *transfer, R2dReject *reject);

/* Rows that were rejected because the service always failed on them, in all files so far, and how
 * too many of them are said to be an outage (outage may be NULL). Each transfer fails so by itself
 * beyond R2D_SERVICE_ERROR_ROWS_MAX; a job that has several adds them up. */
int r2d_transfer_given_up(const R2dTransfer *transfer, R2dError *outage);

/* Goes on with max_wcu from now (the share of this loader). */
void r2d_transfer_set_max_wcu(R2dTransfer *transfer, double max_wcu);

void r2d_transfer_file_close(R2dTransfer *transfer); /* cancels what is in flight */
void r2d_transfer_close(R2dTransfer *transfer);

#endif
