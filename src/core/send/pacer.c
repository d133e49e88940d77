/*
 * pacer.c - see pacer.h.
 *
 * The control law, per epoch of about one round trip (at least EPOCH_US):
 *  - some writes throttled: what the table takes is the rate times the share that was accepted;
 *    go on a little below that. Not a fixed factor: a table that is overrun by 1 % costs 1 %, one
 *    that halved costs half, in one step. Writes sent before the cut are not counted again.
 *  - throttled at a rate well below what the table took at the cuts before: the rate is not the
 *    cause (faults inside the service, one hot partition that it does not name). It goes back to
 *    what it was, and for a while only more throttling than that counts.
 *  - none throttled and the rate was really used: grow, by CALM_GROWTH per second at first, then
 *    accelerating, so that a steady table is probed gently and a doubled one is found within
 *    seconds. Units not taken by the table fill its burst bucket, so a probe is often free.
 */
#include "pacer.h"

#define RATE_MIN           1.0
#define RATE_MIN_MOST      25.0 /* a batch of small items per second */
#define RATE_MIN_SHARE     0.01 /* of the rate to begin with */
#define START_WCU          500.0
#define START_DOUBLE_S     0.5 /* time in which an unknown rate doubles */
#define START_CUTS         2   /* the first one may only say that the table had no burst saved */
#define EPOCH_US           100000
#define CUT_MARGIN         0.985
#define CUT_MIN            0.1
#define CUTS_APART_US      1000000
#define CUTS_APART_MOST_US 20000000
#define FUTILE_SHARE       0.7 /* throttled at so little of what was taken: not for the rate */
#define FUTILE_TIMES       3   /* so often: not because the table takes less now */
#define STRAY_US           10000000
#define STRAY_MAX          0.9
#define STRAY_SLACK        0.5 /* of what should be accepted: its share varies */
#define CALM_GROWTH        0.01
#define CALM_S             1.5 /* of growth at CALM_GROWTH before it accelerates */
#define FASTER_S           0.8 /* time in which the growth doubles then */
#define GROWTH_MAX         1.4 /* per second */
#define USED_SHARE         0.8
#define SCALE_MAX          64.0

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

void r2d_pacer_init(R2dPacer *pacer, double initial_wcu, double max_wcu, int64_t now_us)
{
    *pacer = (R2dPacer){
        .rate = initial_wcu > 0 ? initial_wcu : START_WCU,
        .rate_min = clamp((initial_wcu > 0 ? initial_wcu : START_WCU) * RATE_MIN_SHARE, RATE_MIN,
                          RATE_MIN_MOST),
        .max_wcu = max_wcu,
        .scale = 1,
        .tokens = 25, /* one batch may go at once */
        .last_us = now_us,
        .starting = initial_wcu <= 0 ? START_CUTS : 0,
        .rtt_us = 20000,
        .cut_us = now_us,
        .epoch_us = now_us,
    };
}

double r2d_pacer_rate(const R2dPacer *pacer)
{
    return pacer->max_wcu > 0 && pacer->rate > pacer->max_wcu ? pacer->max_wcu : pacer->rate;
}

static double burst_of(const R2dPacer *pacer)
{
    double burst = r2d_pacer_rate(pacer) * R2D_PACER_BURST_US / 1e6;
    double batch = 25 * pacer->scale;
    return burst > batch ? burst : batch;
}

static void refill(R2dPacer *pacer, int64_t now_us)
{
    if (now_us <= pacer->last_us)
        return;
    double burst = burst_of(pacer);
    pacer->tokens += r2d_pacer_rate(pacer) * (double)(now_us - pacer->last_us) / 1e6;
    if (pacer->tokens > burst)
        pacer->tokens = burst;
    pacer->last_us = now_us;
}

void r2d_pacer_set_max(R2dPacer *pacer, double max_wcu, int64_t now_us)
{
    refill(pacer, now_us);
    pacer->max_wcu = max_wcu;
    if (pacer->tokens > burst_of(pacer))
        pacer->tokens = burst_of(pacer);
}

int64_t r2d_pacer_wait_us(R2dPacer *pacer, int units, int64_t now_us)
{
    refill(pacer, now_us);
    double need = units * pacer->scale;
    double burst = burst_of(pacer);
    double missing = (need < burst ? need : burst) - pacer->tokens;
    if (missing <= 1e-6)
        return 0;
    double wait_us = missing / r2d_pacer_rate(pacer) * 1e6;
    return wait_us < 3.6e9 ? (int64_t)wait_us + 1 : (int64_t)3600 * 1000000;
}

double r2d_pacer_take(R2dPacer *pacer, int units, int64_t now_us)
{
    refill(pacer, now_us);
    double charge = units * pacer->scale;
    pacer->tokens -= charge;
    pacer->taken += charge;
    return charge;
}

void r2d_pacer_refund(R2dPacer *pacer, double charge)
{
    pacer->tokens += charge;
}

static void next_epoch(R2dPacer *pacer, int64_t now_us)
{
    pacer->epoch_us = now_us;
    pacer->taken = pacer->accepted = pacer->throttled = 0;
}

/* Of the writes of this epoch, of those that do not come back at any rate. */
static double accepted_share(const R2dPacer *pacer, int64_t now_us)
{
    double share = pacer->accepted / (pacer->accepted + pacer->throttled);
    if (now_us >= pacer->stray_until_us)
        return share;
    share /= 1 - pacer->stray;
    return share < STRAY_SLACK ? share : 1;
}

static void begin_cuts(R2dPacer *pacer)
{
    pacer->cuts = pacer->futile = 0;
    pacer->rate_before = r2d_pacer_rate(pacer);
    pacer->taken_then = pacer->cuts_accepted = pacer->cuts_throttled = 0;
}

/* Enough for some batches at a low rate. */
static double cuts_apart_us(const R2dPacer *pacer)
{
    return clamp(4 * 25e6 / r2d_pacer_rate(pacer), CUTS_APART_US, CUTS_APART_MOST_US);
}

/* The first epoch may be half from before the table refused: the second one tells what it takes. */
static void note_cut(R2dPacer *pacer, double share, int64_t now_us)
{
    if (pacer->cuts == 0 || (double)(now_us - pacer->cut_us) > cuts_apart_us(pacer))
        begin_cuts(pacer);
    if (++pacer->cuts == 2)
        pacer->taken_then = r2d_pacer_rate(pacer) * share;
    if (r2d_pacer_rate(pacer) < FUTILE_SHARE * pacer->taken_then)
        pacer->futile++;
    if (pacer->cuts >= 2) {
        pacer->cuts_accepted += pacer->accepted;
        pacer->cuts_throttled += pacer->throttled;
    }
}

static void take_cuts_back(R2dPacer *pacer, int64_t now_us)
{
    double all = pacer->cuts_accepted + pacer->cuts_throttled;
    pacer->stray = clamp(pacer->cuts_throttled / all, 0, STRAY_MAX);
    pacer->stray_until_us = now_us + STRAY_US;
    pacer->rate = pacer->rate_before;
    pacer->cuts = 0;
    pacer->cut_us = now_us;
}

static void cut(R2dPacer *pacer, double share, int64_t now_us)
{
    note_cut(pacer, share, now_us);
    if (pacer->futile == FUTILE_TIMES) {
        take_cuts_back(pacer, now_us);
        return;
    }
    double rate = r2d_pacer_rate(pacer) * (share > CUT_MIN ? share : CUT_MIN) * CUT_MARGIN;
    pacer->rate = rate > pacer->rate_min ? rate : pacer->rate_min;
    pacer->starting -= pacer->starting > 0 ? 1 : 0;
    pacer->cut_us = now_us;
    if (pacer->tokens > 0)
        pacer->tokens = 0;
}

static double growth_per_s(const R2dPacer *pacer, int64_t now_us)
{
    double calm_s = (double)(now_us - pacer->cut_us) / 1e6 - CALM_S;
    double growth = CALM_GROWTH;
    for (; calm_s > 0 && growth < GROWTH_MAX; calm_s -= FASTER_S)
        growth *= calm_s >= FASTER_S ? 2 : 1 + calm_s / FASTER_S;
    return growth < GROWTH_MAX ? growth : GROWTH_MAX;
}

/* A rate that is not used, or that max_wcu hides, is not raised: nothing would be learned. */
static void grow(R2dPacer *pacer, int64_t now_us)
{
    double epoch_s = (double)(now_us - pacer->epoch_us) / 1e6;
    double rate = r2d_pacer_rate(pacer);
    if (pacer->taken < USED_SHARE * rate * epoch_s || rate < pacer->rate)
        return;
    if (epoch_s > 1)
        epoch_s = 1;
    double per_s = pacer->starting > 0 ? 1 / START_DOUBLE_S : growth_per_s(pacer, now_us);
    pacer->rate *= 1 + per_s * epoch_s;
}

static void end_epoch(R2dPacer *pacer, int64_t now_us)
{
    double least_us = pacer->rtt_us > EPOCH_US ? pacer->rtt_us : EPOCH_US;
    if ((double)(now_us - pacer->epoch_us) < least_us)
        return;
    double share = pacer->throttled > 0 ? accepted_share(pacer, now_us) : 1;
    if (share < 1)
        cut(pacer, share, now_us);
    else if (pacer->throttled == 0 && pacer->accepted > 0)
        grow(pacer, now_us);
    next_epoch(pacer, now_us);
}

/* Learns what an estimated unit costs, and pays or returns the difference of this call. */
static void correct(R2dPacer *pacer, const R2dPacerReply *reply)
{
    double paid = reply->charge * reply->accepted_units /
                  (double)(reply->accepted_units + reply->throttled_units);
    pacer->tokens += paid - reply->consumed;
    double scale = reply->consumed / reply->accepted_units;
    pacer->scale += 0.2 * (scale - pacer->scale);
    if (pacer->scale < 1)
        pacer->scale = 1;
    if (pacer->scale > SCALE_MAX)
        pacer->scale = SCALE_MAX;
}

void r2d_pacer_reply(R2dPacer *pacer, const R2dPacerReply *reply, int64_t now_us)
{
    refill(pacer, now_us);
    pacer->rtt_us += 0.1 * ((double)(now_us - reply->sent_us) - pacer->rtt_us);
    if (reply->accepted_units > 0 && reply->consumed >= 0)
        correct(pacer, reply);
    if (reply->sent_us < pacer->cut_us)
        return;
    pacer->accepted += reply->accepted_units;
    if (!reply->one_partition)
        pacer->throttled += reply->throttled_units;
    end_epoch(pacer, now_us);
}
