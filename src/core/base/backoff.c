/* backoff.c - full-jitter delays and the generator behind them (splitmix64). */
#include "backoff.h"

uint64_t r2d_random_next(R2dRandom *random)
{
    uint64_t z = (random->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

double r2d_random_unit(R2dRandom *random)
{
    return (double)(r2d_random_next(random) >> 11) / 9007199254740992.0;
}

int64_t r2d_backoff_delay_us(const R2dBackoff *backoff, int attempt, double unit)
{
    int64_t bound_us = backoff->base_us;
    while (attempt-- > 1 && bound_us < backoff->cap_us)
        bound_us *= 2;
    if (bound_us > backoff->cap_us)
        bound_us = backoff->cap_us;
    return (int64_t)(unit * (double)bound_us);
}
