/*
 * clock.h - time as an interface, so that tests own it.
 *
 * Two clocks: `mono_us` never goes back (timers, rates), `wall_us` is UTC since
 * 1970 (signatures, expiry). Both in microseconds.
 */
#ifndef R2D_CLOCK_H
#define R2D_CLOCK_H

#include "bytes.h"

typedef struct R2dClock {
    int64_t (*mono_us)(void *context);
    int64_t (*wall_us)(void *context);
    void *context;
} R2dClock;

extern const R2dClock r2d_clock_system;

#define R2D_US_PER_MS ((int64_t)1000)
#define R2D_US_PER_S  ((int64_t)1000000)

static inline int64_t r2d_mono_us(const R2dClock *clock)
{
    return clock->mono_us(clock->context);
}

static inline int64_t r2d_wall_us(const R2dClock *clock)
{
    return clock->wall_us(clock->context);
}

/* "20260131T235959Z" of a wall time; 16 characters and a zero. */
void r2d_clock_amz_date(int64_t wall_us, char out[17]);

/* Wall time of an HTTP Date header ("Sun, 06 Nov 1994 08:49:37 GMT"); false when it is not one. */
bool r2d_clock_parse_http_date(R2dView text, int64_t *wall_us);

/* Wall time of an ISO 8601 UTC instant ("2026-01-31T23:59:59Z", fraction allowed). */
bool r2d_clock_parse_iso(R2dView text, int64_t *wall_us);

#endif
