/*
 * backoff.h - how long to wait before the same request is sent again: full jitter.
 *
 * Pure functions; the random state belongs to the caller.
 */
#ifndef R2D_BACKOFF_H
#define R2D_BACKOFF_H

#include <stdint.h>

typedef struct R2dRandom {
    uint64_t state;
} R2dRandom;

uint64_t r2d_random_next(R2dRandom *random);
double r2d_random_unit(R2dRandom *random); /* in [0, 1) */

typedef enum R2dBackoffKind {
    R2D_BACKOFF_THROTTLE,  /* base 50 ms, cap 5 s: the pacer slows down as well */
    R2D_BACKOFF_PARTITION, /* base 50 ms, cap 20 s: one hot key range; the pacer does not help */
    R2D_BACKOFF_TRANSIENT, /* base 25 ms, cap 20 s */
} R2dBackoffKind;

/* unit * min(cap, base * 2^(attempt - 1)), where unit in [0, 1) is random and attempt starts at 1.
 */
int64_t r2d_backoff_delay_us(R2dBackoffKind kind, int attempt, double unit);

#endif
