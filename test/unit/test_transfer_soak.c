/*
 * test_transfer_soak.c - whatever breaks on the way, every row is settled once, the last row of a
 * key wins, and the ledger balances. Random files, random faults, a crash now and then; in every
 * other seed rows in runs of one partition key, and partitions that throttle; now and then rows so
 * large that a few fill a batch. Requests that were cut, and those in flight at a crash, may be
 * applied up to ten seconds later. R2D_SOAK sets the number of seeds.
 */
#include "transfer_rig.h"

#include "transfer/chain.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 2000, KEYS_PER_PARTITION_KEY = 200 };

#define GRACE_US (10 * R2D_US_PER_S)

static TransferRig t;

/* A file with duplicates, bad rows and poison; what must be in the table at its end. */
typedef struct Expected {
    int last[KEYS];    /* by key: the number in the last good row; -1: none */
    bool poison[KEYS]; /* the key's rows are all poison */
} Expected;

/* Rows of one partition key after the other, and now and then one of any. */
static int key_of_run(R2dRandom *random, int row, int count, int keys)
{
    int first = (int)((int64_t)row * keys / count);
    first -= first % KEYS_PER_PARTITION_KEY;
    if (r2d_random_next(random) % 30 == 0)
        return (int)(r2d_random_next(random) % (unsigned)keys);
    return first + (int)(r2d_random_next(random) % KEYS_PER_PARTITION_KEY);
}

/* Text that makes a row larger than its number does. */
static const char *padding(R2dRandom *random, bool large)
{
    static char text[200001];
    if (text[0] == '\0')
        memset(text, 'x', sizeof text - 1);
    return text + (large ? r2d_random_next(random) % sizeof text : sizeof text - 1);
}

static void write_soak_file(R2dRandom *random, bool sorted, bool large, Expected *expected)
{
    int keys = sorted && !large ? KEYS : 20 + (int)(r2d_random_next(random) % 180);
    int count = 100 + (int)(r2d_random_next(random) % (large ? 50 : sorted ? 1500 : 500));
    static char v[300000];
    for (int k = 0; k < KEYS; k++) {
        expected->last[k] = -1;
        expected->poison[k] = r2d_random_next(random) % 25 == 0;
    }
    for (int i = 0; i < count; i++) {
        int key = sorted ? key_of_run(random, i, count, keys)
                         : (int)(r2d_random_next(random) % (unsigned)keys);
        if (r2d_random_next(random) % 50 == 0) {
            transfer_rig_line(&t, "{\"c0\":\"k%d\",\"c1\":broken", key);
            continue;
        }
        snprintf(v, sizeof v, "%s<%d>%s", expected->poison[key] ? "POISON" : "", i,
                 padding(random, large));
        if (sorted)
            transfer_rig_sorted_item(&t, key / KEYS_PER_PARTITION_KEY, key % KEYS_PER_PARTITION_KEY,
                                     v);
        else
            transfer_rig_item(&t, key, v);
        expected->last[key] = i;
    }
}

static void check_soak(const Expected *expected, bool sorted)
{
    long items = 0;
    for (int k = 0; k < KEYS; k++) {
        char key[48], v[32];
        snprintf(key, sizeof key, "{\"S\":\"k%d\"}", k);
        if (sorted)
            snprintf(key, sizeof key, "{\"S\":\"k%d\"},{\"N\":\"%d\"}", k / KEYS_PER_PARTITION_KEY,
                     k % KEYS_PER_PARTITION_KEY);
        const char *found = fake_dynamodb_item(&t.base.fake, key);
        if (expected->last[k] < 0 || expected->poison[k]) {
            assert_null(found);
            continue;
        }
        snprintf(v, sizeof v, "<%d>", expected->last[k]);
        assert_non_null(found);
        assert_non_null(strstr(found, v));
        items++;
    }
    assert_int_equal(t.base.fake.item_count, items);
}

static void limit_partitions(R2dRandom *random, FakeDynamodb *fake)
{
    fake->partitions = 1 + (int)(r2d_random_next(random) % 6);
    fake->partition_wcu = 10 + (double)(r2d_random_next(random) % 200);
    fake->burst_s = 0.1 + r2d_random_unit(random) * 0.2;
}

/* What a loader has committed, and how long ago. */
typedef struct Stored {
    R2dTransferProgress progress;
    int64_t at_us;
} Stored;

static Stored store(void)
{
    return (Stored){.progress = transfer_rig_progress(&t), .at_us = t.base.clock.mono_us};
}

/* Runs until about row `stop_at` is settled, and after that the progress is stored no more. */
static R2dStatus run_until_crash(R2dRandom *random, int64_t skip_rows, int64_t stop_at,
                                 Stored *stored)
{
    R2dError err;
    R2dStatus status = transfer_rig_run_to(&t, skip_rows, stop_at, &err);
    *stored = store();
    if (status == R2D_END || status == R2D_FAILED || stop_at == INT64_MAX)
        return status;
    for (unsigned steps = (unsigned)(r2d_random_next(random) % 200); steps > 0; steps--) {
        int64_t checkpoint = transfer_rig_progress(&t).checkpoint;
        if (checkpoint >= t.rows - 50)
            break;
        (void)transfer_rig_run_to(&t, skip_rows, checkpoint, &err); /* one step */
        t.base.clock.mono_us += (int64_t)(r2d_random_next(random) % 20000);
    }
    return R2D_AGAIN;
}

static void take_over(const Stored *stored)
{
    int64_t ago_us = t.base.clock.mono_us - stored->at_us;
    R2dTransferFile file = {.was_lost = true};
    if (stored->progress.late_for_us > ago_us)
        file.late_for_us = stored->progress.late_for_us - ago_us;
    r2d_transfer_take_over(t.transfer, &file);
}

static void soak(uint64_t seed, int64_t *requests, int64_t *hot, int64_t *late)
{
    R2dError err;
    R2dRandom random = {.state = seed};
    static Expected expected;
    bool sorted = seed % 2 == 0, large = seed % 16 == 0 || seed % 32 == 5;
    transfer_rig_begin_key(&t, sorted ? RIG_STRING_SORTED : RIG_STRING, seed * 977);
    FakeDynamodb *fake = &t.base.fake;
    fake->odd_shapes = true;
    fake->poison = "POISON";
    fake->cancels_late = true;
    fake->late_max_us = (int64_t)(r2d_random_unit(&random) * GRACE_US);
    t.late_write_grace_us = GRACE_US;
    fake->delay_max_us = 2000 + (int64_t)(r2d_random_next(&random) % 60000);
    for (int kind = FAKE_PARTIAL; kind <= FAKE_STRANGER; kind++)
        fake->chance[kind] = r2d_random_unit(&random) * (kind == FAKE_PARTIAL ? 0.4 : 0.06);
    if (sorted)
        limit_partitions(&random, fake);
    assert_int_equal(transfer_rig_open(&t, 1 + (int)(r2d_random_next(&random) % 12), &err), R2D_OK);
    write_soak_file(&random, sorted, large, &expected);
    size_t chunk_bytes = 1 + r2d_random_next(&random) % (large ? 300000 : 3000);
    bool again = r2d_random_next(&random) % 2 == 0;
    int64_t skip_rows = 0, settled = 0;
    int crashes = seed % 3 == 0 ? 1 + (int)(seed % 4) : 0;
    Stored stored = {.at_us = 0};
    R2dStatus status = R2D_OK;
    while (status != R2D_END) { /* with a crash or two on the way */
        bool crash = crashes > 0 && skip_rows < t.rows / 2;
        assert_int_equal(transfer_rig_source(&t, chunk_bytes, again, skip_rows, &err), R2D_OK);
        if (stored.at_us > 0)
            take_over(&stored);
        int64_t stop_at =
            skip_rows + 1 + (int64_t)(r2d_random_next(&random) % (unsigned)t.rows) / 3;
        status = run_until_crash(&random, skip_rows, crash ? stop_at : INT64_MAX, &stored);
        assert_int_not_equal(status, R2D_FAILED);
        crashes--;
        R2dTransferProgress progress = stored.progress;
        settled += progress.written + progress.collapsed + progress.rejected;
        skip_rows = progress.checkpoint;
        r2d_transfer_file_close(t.transfer);
        for (int64_t row = skip_rows + 1; row <= t.rows; row++) /* a crash loses what is beyond */
            t.rejected[row] = false;
    }
    fake_dynamodb_settle(fake);
    assert_int_equal(settled, t.rows);
    check_soak(&expected, sorted);
    *requests += fake->requests;
    *late += fake->applied_late;
    *hot += fake->hot > 0;
    transfer_rig_end(&t);
}

static void random_faults_never_lose_or_double_a_row(void **state)
{
    (void)state;
    int64_t requests = 0, hot = 0, late = 0;
    int seeds = getenv("R2D_SOAK") != NULL ? atoi(getenv("R2D_SOAK")) : 400;
    for (int seed = 1; seed <= seeds; seed++)
        soak((uint64_t)seed, &requests, &hot, &late);
    printf("    %d seeds, %lld requests (%lld applied late), %lld with throttled partitions\n",
           seeds, (long long)requests, (long long)late, (long long)hot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_faults_never_lose_or_double_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
