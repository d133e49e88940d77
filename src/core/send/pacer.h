/*
 * pacer.h - write units per second: how fast batches may be sent.
 *
 * A token bucket that holds at most R2D_PACER_BURST_US of its rate, or one batch. Units are
 * charged by estimate when a batch is sent, and corrected by what DynamoDB says it consumed. The
 * rate follows the table: writes that come back throttled cut it to what the table took, calm
 * raises it again, slowly first. Writes that come back although the rate is well below what the
 * table took before do not come back for the rate: then the cuts are taken back. `max_wcu` is a
 * hard bound.
 *
 * Time is handed in (microseconds, monotonic).
 */
#ifndef R2D_PACER_H
#define R2D_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define R2D_PACER_BURST_US 50000

typedef struct R2dPacer {
    double rate;     /* units per second, as the table seems to take them */
    double rate_min; /* cuts end here */
    double max_wcu;  /* 0: no bound */
    double tokens;   /* may be below zero: owed */
    double scale;    /* units consumed per unit estimated: indexes, larger old items */
    int64_t last_us; /* tokens are right for this instant */
    int starting;    /* the limit was not told: grow fast until so many cuts; 0: no more */
    double rtt_us;   /* smoothed */
    int64_t cut_us;  /* last cut; writes sent before say nothing about the rate since */
    /* The cuts of late, one soon after the other. */
    int cuts;
    double rate_before; /* the first of them */
    double taken_then;  /* units per second that the table took at the second */
    int futile;         /* how many came well below that */
    /* Share of the writes that comes back whatever the rate, until when that is believed. */
    double stray;
    int64_t stray_until_us;
    double cuts_accepted, cuts_throttled;
    /* The open observation epoch. */
    int64_t epoch_us;
    double taken;
    double accepted;
    double throttled;
} R2dPacer;

/* initial_wcu 0: unknown. */
void r2d_pacer_init(R2dPacer *pacer, double initial_wcu, double max_wcu, int64_t now_us);
void r2d_pacer_set_max(R2dPacer *pacer, double max_wcu, int64_t now_us);

/* Units per second that may be sent now. */
double r2d_pacer_rate(const R2dPacer *pacer);

/* Microseconds until `units` (estimated) may be sent; 0: now. */
int64_t r2d_pacer_wait_us(R2dPacer *pacer, int units, int64_t now_us);
/* Charges them. Returns the charge, to be handed back with the reply. */
double r2d_pacer_take(R2dPacer *pacer, int units, int64_t now_us);
/* Gives back the charge of a call that was refused as a whole: it consumed nothing. */
void r2d_pacer_refund(R2dPacer *pacer, double charge);

/* What became of one call. Units are estimates, as handed to take. */
typedef struct R2dPacerReply {
    int64_t sent_us;
    double charge;
    int accepted_units;
    int throttled_units;
    double consumed;    /* as DynamoDB says; negative: it did not say */
    bool one_partition; /* throttled for a key range: the rate of the table is not at fault */
} R2dPacerReply;

void r2d_pacer_reply(R2dPacer *pacer, const R2dPacerReply *reply, int64_t now_us);

#endif
