/*
 * backoff.h - how long to wait before the same request is sent again: full jitter.
 *
 * Pure functions; the random state belongs to the caller. It spreads retries, and protects nothing.
 */
#ifndef R2D_BACKOFF_H
#define R2D_BACKOFF_H

#include <stdint.h>

typedef struct R2dRandom {
    uint64_t state; /* any number begins a sequence */
} R2dRandom;

uint64_t r2d_random_next(R2dRandom *random);
double r2d_random_unit(R2dRandom *random); /* in [0, 1) */

typedef struct R2dBackoff {
    int64_t base_us; /* at most so long after the first failure, twice as long after each further */
    int64_t cap_us;  /* never longer */
} R2dBackoff;

/* unit * min(cap, base * 2^(attempt - 1)), where unit in [0, 1) is random and attempt starts at 1.
 */
int64_t r2d_backoff_delay_us(const R2dBackoff *backoff, int attempt, double unit);

#endif
