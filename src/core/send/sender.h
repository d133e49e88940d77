/*
 * sender.h - many BatchWriteItem calls in flight: fills, sends, resends and settles batches.
 *
 * A sender owns a fixed number of slots; each is a batch and the call that carries it:
 *
 *   free -> filling -> ready -> flying -> free                      all written
 *                        ^         |----> backoff -> ready          the same again
 *                        |         |----> backoff -> due -> filling the rest, topped up with new
 * rows
 *                        |---------'                                clock corrected; halves of a
 *                                                                   refused batch, or of one that
 *                                                                   the service always fails on
 *
 * What came back for the sake of single partitions may leave its slot for the window (spread.h),
 * and comes again as a new row.
 *
 * A request that nobody answered may still be applied for a while after its connection was closed
 * (late_keys.h). It is sent again at once, as it is the same; a later row of one of its keys has to
 * wait, which is up to the owner (r2d_sender_late_until_us).
 *
 * It reports every row exactly once through its sink. It never waits, and it never drains the
 * client: the owner of the client hands over the exchanges that are the sender's.
 */
#ifndef R2D_SENDER_H
#define R2D_SENDER_H

#include "../aws/call.h"
#include "batch.h"
#include "outcome.h"
#include "spread.h"

typedef struct R2dSender R2dSender;

typedef struct R2dSenderSink {
    /* A row was written, or superseded. */
    void (*settled)(void *context, int64_t row, R2dOutcome outcome);
    /* The service refused this row alone, or always failed on it (code R2D_SERVICE_ERROR_CODE);
     * request is its write request as it was sent, why has the service's words. R2D_FAILED (err
     * filled) fails the sender. */
    R2dStatus (*rejected)(void *context, int64_t row, R2dView request, const R2dError *why,
                          R2dError *err);
    void *context;
} R2dSenderSink;

typedef struct R2dSenderOptions {
    const R2dAlloc *alloc;
    const R2dClock *clock;
    R2dHttpClient *http;       /* borrowed */
    R2dAwsService *service;    /* borrowed */
    const R2dMapping *mapping; /* borrowed */
    const char *table_name;    /* valid */
    int in_flight_max;
    double initial_wcu;
    double max_wcu;
    uint64_t seed;         /* of the jitter */
    int64_t late_grace_us; /* how long a request that nobody answered may be applied; 0: never */
    R2dSpread
        *spread; /* borrowed; takes rows that come back for one partition's sake; NULL: none */
    R2dSenderSink sink;
    int64_t service_error_patience_us; /* service_error.h; 0: the default */
} R2dSenderOptions;

typedef struct R2dSenderCounts {
    double write_units; /* consumed, as DynamoDB says */
    int64_t throttled;  /* writes that came back unprocessed or throttled */
    int64_t requests;   /* calls answered, in whatever way */
} R2dSenderCounts;

/* So long without any write accepted while there are failures: the sender fails. */
#define R2D_SENDER_PATIENCE_US ((int64_t)600 * R2D_US_PER_S)
/* So long a table that was described, but never written to, may be unknown to the part of the
 * service that writes: it was just created. */
#define R2D_SENDER_NEW_TABLE_US ((int64_t)20 * R2D_US_PER_S)
/* A rest that waits to be topped up is sent as it is after so long. The open batch is not timed:
 * its owner flushes it. */
#define R2D_SENDER_FILL_US ((int64_t)20 * R2D_US_PER_MS)

/* Rows that were rejected for errors of the service itself so far. `outage`, unless it is NULL:
 * what the service said of the last one, as the failure that too many of them are. */
int r2d_sender_given_up(const R2dSender *sender, R2dError *outage);

R2dStatus r2d_sender_open(R2dSender **sender, const R2dSenderOptions *options, R2dError *err);
void r2d_sender_close(R2dSender *sender); /* cancels what is in flight; NULL is fine */

/* The batch that takes the next row (it has room for at least one), or NULL while enough batches
 * wait to be sent. */
R2dBatch *r2d_sender_batch(R2dSender *sender);

/* Whether a key with this hash is in a batch other than the open one: then the row must wait. */
bool r2d_sender_key_busy(const R2dSender *sender, uint64_t key_hash);

/* Until when (r2d_mono_us) this row must not be committed, because an older row of its key may
 * still be written by a request that nobody answered; 0: it may be. */
int64_t r2d_sender_late_until_us(const R2dSender *sender, uint64_t key_hash, int64_t row);

/* For a file that another sender has begun, before its first row. `lost`: requests of rows that
 * come again may have been in flight; for as long as they may be applied, any row but the first of
 * its key waits. late_for_us: so long requests of rows that do not come again may be applied; no
 * row may be committed before. */
void r2d_sender_take_over(R2dSender *sender, bool lost, int64_t late_for_us);

/* How long requests of rows up to this one, which are settled, may still be applied; 0: none. */
int64_t r2d_sender_late_for_us(const R2dSender *sender, int64_t row);

/* Commits the pending item of the open batch; a superseded row is settled as collapsed. A full
 * batch becomes ready: returns true. */
bool r2d_sender_commit(R2dSender *sender);

/* The open batch becomes ready as it is, and so does what waits to be topped up: no row comes
 * now. */
void r2d_sender_flush(R2dSender *sender);

bool r2d_sender_owns(const R2dSender *sender, const R2dHttpExchange *exchange);
/* A finished exchange of the sender's: settles or reschedules its batch. */
R2dStatus r2d_sender_done(R2dSender *sender, R2dHttpExchange *exchange, R2dError *err);

/* Wakes what waited long enough and starts what the pacer and the window allow. */
R2dStatus r2d_sender_pump(R2dSender *sender, R2dError *err);
/* Microseconds until pump has something to do without any reply; -1: no limit. */
int64_t r2d_sender_wait_us(R2dSender *sender);

/* A row of this key goes into a batch, or is superseded before it did: while requests of a lost
 * sender may be applied, later rows of the key wait for this one. */
void r2d_sender_note_taken(R2dSender *sender, uint64_t key_hash, int64_t row);

bool r2d_sender_filling(const R2dSender *sender);    /* the open batch holds rows */
int64_t r2d_sender_started(const R2dSender *sender); /* calls started so far */
bool r2d_sender_idle(const R2dSender *sender);       /* no row is held */
/* Drops all batches, and what is known of late requests. Their rows stay unsettled; the owner
 * drains the client afterwards. */
void r2d_sender_cancel(R2dSender *sender);

void r2d_sender_set_max_wcu(R2dSender *sender, double max_wcu);
void r2d_sender_counts(const R2dSender *sender, R2dSenderCounts *counts);

#endif
