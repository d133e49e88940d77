/*
 * test_transfer.c - a whole file through the real chain (decompress, scan, encode, batch, send)
 * against the fake DynamoDB: every row is settled once, the last row of a key wins, and the ledger
 * balances, whatever breaks on the way.
 */
#include "send_rig.h"

#include "fetch/source_memory.h"
#include "transfer/chain.h"
#include "transfer/ledger.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 120000, KEYS_MAX = 60000 };

static SendRig rig;
static R2dTransfer *transfer;
static R2dBytes lines;
static int64_t rows, rejects;
static bool rejected[ROWS_MAX + 1];
static int steps;
static bool source_pauses; /* the source says "again" without a reason to wait for */
static int64_t last_checkpoint;

static void line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void line(const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_true(r2d_bytes_append_text(&lines, text));
    assert_true(r2d_bytes_append_char(&lines, '\n'));
    rows++;
}

static void item(int key, const char *v)
{
    line("{\"c0\":\"k%d\",\"c1\":\"%s\"}", key, v);
}

static R2dStatus open_transfer(int in_flight_max, double max_wcu, R2dError *err)
{
    R2dTransferOptions options = {.alloc = &rig.unit.alloc,
                                  .clock = &rig.clock.clock,
                                  .http = &rig.fake.client,
                                  .s3 = &rig.service,
                                  .dynamodb = &rig.service,
                                  .mapping = &rig.mapping,
                                  .table_name = "table",
                                  .requests_in_flight_max = in_flight_max,
                                  .initial_wcu = 1000000,
                                  .max_wcu = max_wcu};
    return r2d_transfer_open(&transfer, &options, err);
}

static void begin_quietly(uint64_t seed)
{
    send_rig_init(&rig, RIG_STRING, seed);
    r2d_bytes_init(&lines, &r2d_alloc_libc);
    memset(rejected, 0, sizeof rejected);
    rows = rejects = last_checkpoint = 0;
    steps = 0;
}

static void begin(uint64_t seed)
{
    R2dError err;
    begin_quietly(seed);
    assert_int_equal(open_transfer(8, 0, &err), R2D_OK);
}

static void end(void)
{
    r2d_transfer_close(transfer);
    r2d_bytes_free(&lines);
    send_rig_free(&rig);
}

static R2dStatus open_source(size_t chunk_bytes, bool again, int64_t skip_rows, R2dError *err)
{
    R2dSource *source =
        r2d_source_memory_open(&rig.unit.alloc, r2d_bytes_view(&lines), chunk_bytes, again);
    if (source == NULL)
        return r2d_fail_memory(err);
    last_checkpoint = skip_rows;
    source_pauses = again;
    return r2d_transfer_source_open(transfer, source, skip_rows, err);
}

static void take_rejects(void)
{
    R2dReject reject;
    while (r2d_transfer_next_reject(transfer, &reject) == R2D_OK) {
        assert_in_range(reject.row, 1, rows);
        assert_false(rejected[reject.row]);
        assert_true(reject.code.len > 0 && reject.reason.len > 0 && reject.item.len > 0);
        rejected[reject.row] = true;
        rejects++;
    }
}

static void check_progress(int64_t skip_rows)
{
    R2dTransferProgress progress;
    r2d_transfer_progress(transfer, &progress);
    assert_int_equal(progress.checkpoint - skip_rows,
                     progress.written + progress.collapsed + progress.rejected);
    assert_true(progress.checkpoint >= last_checkpoint);
    assert_true(progress.rows_read >= progress.checkpoint || progress.rows_read <= skip_rows);
    last_checkpoint = progress.checkpoint;
}

static void pass_time(void)
{
    int wait_ms = r2d_transfer_wait_ms(transfer);
    int64_t next_us = fake_dynamodb_next_us(&rig.fake);
    assert_true(wait_ms >= 0 || source_pauses); /* else nothing would ever happen again */
    if (source_pauses && (wait_ms < 0 || wait_ms > 15))
        wait_ms = wait_ms < 0 ? 1 : 15;
    rig.clock.mono_us += next_us > 0 && next_us < wait_ms * 1000 ? next_us : wait_ms * 1000;
}

/* Steps until the file ends, fails, or the checkpoint reaches `stop_at`. */
static R2dStatus run_to(int64_t skip_rows, int64_t stop_at, R2dError *err)
{
    for (;; steps++) {
        R2dStatus status = r2d_transfer_step(transfer, err);
        take_rejects();
        check_progress(skip_rows);
        if (status == R2D_END || status == R2D_FAILED || last_checkpoint >= stop_at)
            return status;
        if (status == R2D_AGAIN)
            pass_time();
        if (steps > 1000000)
            fail_msg("the transfer does not come to an end");
    }
}

static R2dStatus run(R2dError *err)
{
    return run_to(0, INT64_MAX, err);
}

static R2dTransferProgress progress_now(void)
{
    R2dTransferProgress progress;
    r2d_transfer_progress(transfer, &progress);
    return progress;
}

static void rows_flow_in_full_batches(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    for (int i = 0; i < 1000; i++)
        item(i, "some text");
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    assert_int_equal(run(&err), R2D_END);
    R2dTransferProgress progress = progress_now();
    assert_int_equal(progress.checkpoint, 1000);
    assert_int_equal(progress.rows_read, 1000);
    assert_int_equal(progress.written, 1000);
    assert_int_equal(progress.requests, 40);
    assert_int_equal(rig.fake.full, 40);
    assert_int_equal(rig.fake.item_count, 1000);
    assert_true(progress.write_units == 1000);
    assert_string_equal(fake_dynamodb_item(&rig.fake, "{\"S\":\"k7\"}"),
                        "{\"id\":{\"S\":\"k7\"},\"v\":{\"S\":\"some text\"}}");
    assert_int_equal(r2d_transfer_step(transfer, &err), R2D_END);
    end();
}

static void an_empty_file_ends_at_once(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    assert_int_equal(run(&err), R2D_END);
    assert_int_equal(progress_now().checkpoint, 0);
    assert_int_equal(rig.fake.requests, 0);
    end();
}

static void a_source_that_comes_in_drops_still_fills_batches(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    for (int i = 0; i < 500; i++)
        item(i, "some text that is longer than a chunk");
    assert_int_equal(open_source(7, true, 0, &err), R2D_OK);
    rig.clock.mono_us += 1;
    /* The source has nothing in every other read, but never for long. */
    R2dStatus status;
    while ((status = r2d_transfer_step(transfer, &err)) == R2D_OK || status == R2D_AGAIN)
        rig.clock.mono_us += 10;
    assert_int_equal(status, R2D_END);
    assert_int_equal(rig.fake.full, 20);
    assert_int_equal(rig.fake.item_count, 500);
    end();
}

/* A source that says "again" until it is told to go on. */
typedef struct Tap {
    R2dSource source;
    R2dView left;
    bool open;
} Tap;

static R2dStatus tap_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    Tap *tap = (Tap *)source;
    (void)err;
    if (tap->left.len == 0)
        return tap->open ? R2D_END : R2D_AGAIN;
    *chunk = tap->left;
    tap->left.len = 0;
    return R2D_OK;
}

static void tap_close(R2dSource *source)
{
    (void)source;
}

static void a_silent_source_does_not_hold_rows_back(void **state)
{
    (void)state;
    R2dError err;
    static const R2dSourceOps ops = {.read = tap_read, .close = tap_close};
    begin(1);
    for (int i = 0; i < 30; i++)
        item(i, "x");
    Tap tap = {.source = {.ops = &ops}, .left = r2d_bytes_view(&lines)};
    assert_int_equal(r2d_transfer_source_open(transfer, &tap.source, 0, &err), R2D_OK);
    int64_t start_us = rig.clock.mono_us;
    assert_int_equal(run_to(0, 30, &err), R2D_OK);
    assert_in_range(rig.clock.mono_us - start_us, 20000, 40000);
    assert_int_equal(rig.fake.item_count, 30);
    assert_int_equal(rig.fake.requests, 2);
    assert_int_equal(r2d_transfer_step(transfer, &err), R2D_AGAIN);
    tap.open = true;
    assert_int_equal(run(&err), R2D_END);
    end();
}

static void the_last_row_of_a_key_wins(void **state)
{
    (void)state;
    R2dError err;
    char v[32];
    begin(3);
    for (int i = 0; i < 3000; i++) {
        snprintf(v, sizeof v, "v%d", i);
        item(i * 7 % 90, v);
    }
    assert_int_equal(open_source(100, true, 0, &err), R2D_OK);
    assert_int_equal(run(&err), R2D_END);
    R2dTransferProgress progress = progress_now();
    assert_int_equal(progress.checkpoint, 3000);
    assert_int_equal(rig.fake.item_count, 90);
    assert_int_equal(progress.written, rig.fake.writes);
    for (int i = 3000 - 90; i < 3000; i++) {
        char key[32];
        snprintf(key, sizeof key, "{\"S\":\"k%d\"}", i * 7 % 90);
        snprintf(v, sizeof v, "\"v%d\"", i);
        assert_non_null(strstr(fake_dynamodb_item(&rig.fake, key), v));
    }
    end();
}

static void bad_rows_become_rejects_with_key_and_reason(void **state)
{
    (void)state;
    R2dError err;
    R2dReject reject;
    begin(1);
    item(1, "fine");
    line("not json");
    line("{\"c0\":\"\",\"c1\":\"empty key\"}");
    line("{\"c0\":null,\"c1\":\"null key\"}");
    item(2, "POISON");
    item(3, "fine");
    rig.fake.poison = "POISON";
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    R2dStatus status;
    while ((status = r2d_transfer_step(transfer, &err)) != R2D_END) {
        assert_int_not_equal(status, R2D_FAILED);
        rig.clock.mono_us += 1000;
    }
    assert_int_equal(r2d_transfer_next_reject(transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 2);
    assert_view(reject.item, "not json");
    assert_int_equal(r2d_transfer_next_reject(transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 3);
    assert_view(reject.code, "key_empty");
    assert_view(reject.key, "{\"id\":\"\"}");
    assert_int_equal(r2d_transfer_next_reject(transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 4);
    assert_view(reject.code, "key_null");
    assert_view(reject.key, "{\"id\":null}");
    assert_view(reject.item, "{\"c0\":null,\"c1\":\"null key\"}");
    assert_int_equal(r2d_transfer_next_reject(transfer, &reject), R2D_OK);
    assert_int_equal(reject.row, 5);
    assert_view(reject.code, "ValidationException");
    assert_view(reject.reason, "an item is poisoned");
    assert_view(reject.key, "{\"id\":\"k2\"}");
    assert_view(reject.item, "{\"id\":{\"S\":\"k2\"},\"v\":{\"S\":\"POISON\"}}");
    assert_int_equal(r2d_transfer_next_reject(transfer, &reject), R2D_END);
    R2dTransferProgress progress = progress_now();
    assert_int_equal(progress.written, 2);
    assert_int_equal(progress.rejected, 4);
    assert_int_equal(progress.checkpoint, 6);
    end();
}

static void many_rejects_are_bounded_and_none_is_lost(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    for (int i = 0; i < 5000; i++)
        line("{\"c0\":\"\",\"c1\":\"%d\"}", i);
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    /* A caller that does not take them is asked to, and memory stays where it is. */
    for (int i = 0; i < 100; i++)
        assert_int_equal(r2d_transfer_step(transfer, &err), R2D_OK);
    assert_true(progress_now().rows_read < 500);
    assert_int_equal(run(&err), R2D_END);
    assert_int_equal(rejects, 5000);
    assert_int_equal(progress_now().rejected, 5000);
    end();
}

static void reading_goes_on_behind_the_checkpoint(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    for (int i = 0; i < 50000; i++)
        item(i, "x");
    assert_int_equal(open_source(5000, true, 0, &err), R2D_OK);
    assert_int_equal(run_to(0, 30000, &err), R2D_OK);
    R2dTransferProgress first = progress_now();
    r2d_transfer_file_close(transfer);
    assert_int_equal(rig.fake.flying, 0);
    assert_int_equal(open_source(5000, true, first.checkpoint, &err), R2D_OK);
    assert_int_equal(run_to(first.checkpoint, INT64_MAX, &err), R2D_END);
    R2dTransferProgress second = progress_now();
    assert_int_equal(second.checkpoint, 50000);
    assert_int_equal(first.written + second.written, 50000);
    assert_int_equal(rig.fake.item_count, 50000);
    end();
}

static void a_checkpoint_behind_the_end_is_an_error(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    item(1, "x");
    item(2, "x");
    assert_int_equal(open_source(0, false, 2, &err), R2D_OK);
    assert_int_equal(run_to(2, INT64_MAX, &err), R2D_END);
    assert_int_equal(open_source(0, false, 3, &err), R2D_OK);
    assert_int_equal(run_to(3, INT64_MAX, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    end();
}

/* What was read before a file breaks is settled before the failure is told. */
static void a_broken_file_fails_after_its_good_rows_are_settled(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    static const char head[] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c};
    assert_true(r2d_bytes_append(&lines, head, sizeof head));
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    assert_int_equal(run(&err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    R2dError again;
    assert_int_equal(r2d_transfer_step(transfer, &again), R2D_FAILED);
    assert_string_equal(again.message, err.message);
    end();
}

static void a_systemic_failure_keeps_what_is_settled(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    for (int i = 0; i < 20000; i++)
        item(i, "x");
    for (int i = 0; i < 20; i++)
        fake_dynamodb_push(&rig.fake, FAKE_OK);
    fake_dynamodb_push(&rig.fake, FAKE_NO_TABLE);
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    assert_int_equal(run(&err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_int_equal(r2d_transfer_step(transfer, &err), R2D_FAILED);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_in_range(progress_now().checkpoint, 1, 19999);
    r2d_transfer_file_close(transfer);
    assert_int_equal(open_source(0, false, last_checkpoint, &err), R2D_OK);
    assert_int_equal(run_to(last_checkpoint, INT64_MAX, &err), R2D_END);
    assert_int_equal(rig.fake.item_count, 20000);
    end();
}

static void large_items_travel_in_smaller_batches(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    static char v[100001];
    memset(v, 'x', 100000);
    for (int i = 0; i < 40; i++) {
        char key[64];
        snprintf(key, sizeof key, "{\"c0\":\"k%d\",\"c1\":\"", i);
        assert_true(r2d_bytes_append_text(&lines, key) && r2d_bytes_append_text(&lines, v) &&
                    r2d_bytes_append_text(&lines, "\"}\n"));
        rows++;
    }
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    assert_int_equal(run(&err), R2D_END);
    assert_int_equal(rig.fake.item_count, 40);
    assert_int_equal(rig.fake.requests, 8);
    end();
}

static void a_row_that_is_never_settled_stops_reading_not_memory(void **state)
{
    (void)state;
    R2dError err;
    begin(1);
    for (int i = 0; i < 100000; i++)
        item(i, "x");
    /* The first batch is throttled again and again; the others pass. */
    rig.fake.poison = NULL;
    assert_int_equal(open_source(0, false, 0, &err), R2D_OK);
    rig.fake.delay_min_us = rig.fake.delay_max_us = 3600 * R2D_US_PER_S;
    assert_int_equal(r2d_transfer_step(transfer, &err), R2D_OK);
    rig.fake.delay_min_us = rig.fake.delay_max_us = 1000;
    for (int i = 0; i < 30000; i++) {
        R2dStatus status = r2d_transfer_step(transfer, &err);
        assert_true(status == R2D_OK || status == R2D_AGAIN);
        if (status == R2D_AGAIN)
            rig.clock.mono_us += 500;
    }
    assert_true(progress_now().rows_read <= R2D_LEDGER_WINDOW);
    assert_int_equal(progress_now().checkpoint, 0);
    end();
}

static void names_that_are_none_are_refused(void **state)
{
    (void)state;
    R2dError err;
    begin_quietly(1);
    R2dTransferOptions options = {.alloc = &rig.unit.alloc,
                                  .clock = &rig.clock.clock,
                                  .http = &rig.fake.client,
                                  .mapping = &rig.mapping,
                                  .table_name = "a\"b"};
    assert_int_equal(r2d_transfer_open(&transfer, &options, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_null(transfer);
    end();
}

/* A file with duplicates, bad rows and poison; what must be in the table at its end. */
typedef struct Expected {
    int last[200];    /* by key: the number in the last good row; -1: none */
    bool poison[200]; /* the key's rows are all poison */
} Expected;

static void write_soak_file(R2dRandom *random, Expected *expected)
{
    int keys = 20 + (int)(r2d_random_next(random) % 180);
    int count = 100 + (int)(r2d_random_next(random) % 500);
    char v[64];
    for (int k = 0; k < 200; k++) {
        expected->last[k] = -1;
        expected->poison[k] = r2d_random_next(random) % 25 == 0;
    }
    for (int i = 0; i < count; i++) {
        int key = (int)(r2d_random_next(random) % (unsigned)keys);
        if (r2d_random_next(random) % 50 == 0) {
            line("{\"c0\":\"k%d\",\"c1\":broken", key);
            continue;
        }
        snprintf(v, sizeof v, "%s<%d>", expected->poison[key] ? "POISON" : "", i);
        item(key, v);
        expected->last[key] = i;
    }
}

static void check_soak(const Expected *expected)
{
    long items = 0;
    for (int k = 0; k < 200; k++) {
        char key[32], v[32];
        snprintf(key, sizeof key, "{\"S\":\"k%d\"}", k);
        const char *found = fake_dynamodb_item(&rig.fake, key);
        if (expected->last[k] < 0 || expected->poison[k]) {
            assert_null(found);
            continue;
        }
        snprintf(v, sizeof v, "<%d>", expected->last[k]);
        assert_non_null(found);
        assert_non_null(strstr(found, v));
        items++;
    }
    assert_int_equal(rig.fake.item_count, items);
}

static void soak(uint64_t seed, int64_t *requests)
{
    R2dError err;
    R2dRandom random = {.state = seed};
    Expected expected;
    begin_quietly(seed * 977);
    FakeDynamodb *fake = &rig.fake;
    fake->odd_shapes = true;
    fake->poison = "POISON";
    fake->delay_max_us = 2000 + (int64_t)(r2d_random_next(&random) % 60000);
    for (int kind = FAKE_PARTIAL; kind <= FAKE_STRANGER; kind++)
        fake->chance[kind] = r2d_random_unit(&random) * (kind == FAKE_PARTIAL ? 0.4 : 0.06);
    assert_int_equal(open_transfer(1 + (int)(r2d_random_next(&random) % 12), 0, &err), R2D_OK);
    write_soak_file(&random, &expected);
    size_t chunk_bytes = 1 + r2d_random_next(&random) % 3000;
    bool again = r2d_random_next(&random) % 2 == 0;
    int64_t skip_rows = 0, settled = 0;
    R2dStatus status = R2D_OK;
    while (status != R2D_END) { /* with a crash or two on the way */
        bool crash = skip_rows == 0 && seed % 3 == 0;
        assert_int_equal(open_source(chunk_bytes, again, skip_rows, &err), R2D_OK);
        status = run_to(skip_rows, crash ? rows / 2 : INT64_MAX, &err);
        assert_int_not_equal(status, R2D_FAILED);
        R2dTransferProgress progress = progress_now();
        settled += progress.written + progress.collapsed + progress.rejected;
        skip_rows = progress.checkpoint;
        r2d_transfer_file_close(transfer);
        for (int64_t row = skip_rows + 1; row <= rows; row++) /* a crash loses what is beyond */
            rejected[row] = false;
    }
    assert_int_equal(settled, rows);
    check_soak(&expected);
    *requests += fake->requests;
    end();
}

static void random_faults_never_lose_or_double_a_row(void **state)
{
    (void)state;
    int64_t requests = 0;
    int seeds = getenv("R2D_SOAK") != NULL ? atoi(getenv("R2D_SOAK")) : 400;
    for (int seed = 1; seed <= seeds; seed++)
        soak((uint64_t)seed, &requests);
    printf("    %d seeds, %lld requests\n", seeds, (long long)requests);
}

static void each_allocation_may_fail_at_open(void **state)
{
    (void)state;
    R2dError err;
    begin_quietly(1);
    long before = rig.unit.live;
    int failures = 0;
    for (long at = 1;; at++, failures++) {
        rig.unit.fail_at = rig.unit.calls + at;
        if (open_transfer(4, 0, &err) == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
        assert_null(transfer);
        assert_int_equal(rig.unit.live, before);
    }
    assert_in_range(failures, 6, 200);
    rig.unit.fail_at = 0;
    end();
}

static void each_allocation_may_fail_on_the_way(void **state)
{
    (void)state;
    int failures = 0, ends = 0;
    for (long at = 1; ends == 0; at++) {
        R2dError err;
        begin(2);
        for (int i = 0; i < 120; i++)
            item(i % 100, "some text");
        line("bad");
        item(200, "POISON");
        item(201, "fine");
        rig.fake.poison = "POISON";
        fake_dynamodb_push(&rig.fake, FAKE_PARTIAL);
        fake_dynamodb_push(&rig.fake, FAKE_THROTTLE);
        rig.unit.fail_at = rig.unit.calls + at;
        R2dStatus status = open_source(50, true, 0, &err);
        if (status == R2D_OK)
            status = run(&err);
        failures += status == R2D_FAILED;
        if (status == R2D_END && rig.unit.calls < rig.unit.fail_at)
            ends++;
        else if (status == R2D_FAILED)
            /* A refusal that could not be read for want of memory has no code. */
            assert_true(err.kind == R2D_ERR_MEMORY || err.code[0] == '\0');
        rig.unit.fail_at = 0;
        end();
    }
    printf("    %d failures\n", failures);
    assert_true(failures > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_flow_in_full_batches),
        cmocka_unit_test(an_empty_file_ends_at_once),
        cmocka_unit_test(a_source_that_comes_in_drops_still_fills_batches),
        cmocka_unit_test(a_silent_source_does_not_hold_rows_back),
        cmocka_unit_test(the_last_row_of_a_key_wins),
        cmocka_unit_test(bad_rows_become_rejects_with_key_and_reason),
        cmocka_unit_test(many_rejects_are_bounded_and_none_is_lost),
        cmocka_unit_test(reading_goes_on_behind_the_checkpoint),
        cmocka_unit_test(a_checkpoint_behind_the_end_is_an_error),
        cmocka_unit_test(a_broken_file_fails_after_its_good_rows_are_settled),
        cmocka_unit_test(a_systemic_failure_keeps_what_is_settled),
        cmocka_unit_test(large_items_travel_in_smaller_batches),
        cmocka_unit_test(a_row_that_is_never_settled_stops_reading_not_memory),
        cmocka_unit_test(names_that_are_none_are_refused),
        cmocka_unit_test(random_faults_never_lose_or_double_a_row),
        cmocka_unit_test(each_allocation_may_fail_at_open),
        cmocka_unit_test(each_allocation_may_fail_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
