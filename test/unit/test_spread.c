/*
 * test_spread.c - the window that spreads rows over partition keys: its parts, and a sorted file
 * against a table of eight partitions in simulated time.
 */
#include "transfer_rig.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_PER_KEY = 5000, PARTITIONS = 8, PARTITION_WCU = 1000 };

static TransferRig t;

typedef struct Outcome {
    double rows_per_s;
    double throttled; /* share */
    int64_t steps;
} Outcome;

static Outcome load(int keys, bool shuffled, uint64_t seed, double seconds)
{
    R2dError err;
    transfer_rig_begin_key(&t, RIG_STRING_SORTED, seed);
    FakeDynamodb *fake = &t.base.fake;
    fake->keeps_nothing = true;
    fake->partitions = PARTITIONS;
    fake->partition_wcu = PARTITION_WCU;
    fake->burst_s = 1;
    int count = keys * ROWS_PER_KEY;
    int *order = malloc((size_t)count * sizeof *order);
    R2dRandom random = {.state = seed};
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0 && shuffled; i--) {
        int k = (int)(r2d_random_next(&random) % (unsigned)(i + 1));
        int swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    for (int i = 0; i < count; i++)
        transfer_rig_sorted_item(&t, order[i] / ROWS_PER_KEY, order[i] % ROWS_PER_KEY, "x");
    free(order);
    assert_int_equal(transfer_rig_open(&t, 64, &err), R2D_OK);
    assert_int_equal(transfer_rig_source(&t, 0, false, 0, &err), R2D_OK);
    int64_t start_us = t.base.clock.mono_us;
    double last_s = 0;
    R2dStatus status;
    do {
        t.steps = 0;
        last_s = (double)(t.base.clock.mono_us - start_us) / 1e6;
        status = transfer_rig_run_to(&t, 0, t.last_checkpoint + 1, &err);
        if (getenv("SHOW") && (int)((double)(t.base.clock.mono_us - start_us) / 1e6) != (int)last_s)
            printf("%d s: checkpoint %lld read %lld writes %ld requests %ld\n", (int)last_s + 1,
                   (long long)t.last_checkpoint,
                   (long long)transfer_rig_progress(&t).rows_read, fake->writes, fake->requests);
    } while (status != R2D_END && (double)(t.base.clock.mono_us - start_us) < seconds * 1e6);
    assert_int_not_equal(status, R2D_FAILED);
    R2dTransferProgress progress = transfer_rig_progress(&t);
    Outcome outcome = {.rows_per_s = (double)fake->writes /
                                     ((double)(t.base.clock.mono_us - start_us) / 1e6),
                       .throttled = (double)progress.throttled /
                                    (double)(progress.throttled + fake->writes)};
    printf("    %d keys %s: %.0f units/s, throttled %.1f %%, %ld requests\n", keys,
           shuffled ? "shuffled" : "sorted", outcome.rows_per_s, outcome.throttled * 100,
           fake->requests);
    r2d_transfer_file_close(t.transfer);
    transfer_rig_end(&t);
    return outcome;
}

static void sorted_input_uses_the_partitions_as_shuffled_input_does(void **state)
{
    (void)state;
    int keys = getenv("KEYS") ? atoi(getenv("KEYS")) : 64;
    for (int seed = 1; seed <= 1; seed++) {
        double shuffled = load(keys, true, (uint64_t)seed, 1e9).rows_per_s;
        double sorted = load(keys, false, (uint64_t)seed, 1e9).rows_per_s;
        printf("    %d keys: ratio %.2f\n", keys, sorted / shuffled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_input_uses_the_partitions_as_shuffled_input_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
