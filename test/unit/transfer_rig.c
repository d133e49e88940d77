/* transfer_rig.c - see transfer_rig.h. */
#include "transfer_rig.h"

#include "source_memory.h"
#include "transfer/chain.h"

#include <stdio.h>

void transfer_rig_line(TransferRig *t, const char *format, ...)
{
    static char text[300000];
    va_list args;
    va_start(args, format);
    assert_in_range(vsnprintf(text, sizeof text, format, args), 0, sizeof text - 1);
    va_end(args);
    assert_true(r2d_bytes_append_text(&t->lines, text));
    assert_true(r2d_bytes_append_char(&t->lines, '\n'));
    t->rows++;
}

void transfer_rig_item(TransferRig *t, int key, const char *v)
{
    transfer_rig_line(t, "{\"c0\":\"k%d\",\"c1\":\"%s\"}", key, v);
}

R2dStatus transfer_rig_open(TransferRig *t, int in_flight_max, R2dError *err)
{
    R2dTransferOptions options = {.alloc = &t->base.unit.alloc,
                                  .clock = &t->base.clock.clock,
                                  .http = &t->base.fake.client,
                                  .s3 = &t->base.service,
                                  .dynamodb = &t->base.service,
                                  .mapping = &t->base.mapping,
                                  .table_name = "table",
                                  .requests_in_flight_max = in_flight_max,
                                  .initial_wcu = 1000000,
                                  .rejects_max = t->rejects_max,
                                  .late_write_grace_us = t->late_write_grace_us};
    return r2d_transfer_open(&t->transfer, &options, err);
}

void transfer_rig_sorted_item(TransferRig *t, int key, int n, const char *v)
{
    transfer_rig_line(t, "{\"c0\":\"k%d\",\"c1\":%d,\"c2\":\"%s\"}", key, n, v);
}

void transfer_rig_begin_quietly(TransferRig *t, uint64_t seed)
{
    transfer_rig_begin_key(t, RIG_STRING, seed);
}

void transfer_rig_begin_key(TransferRig *t, RigKey key, uint64_t seed)
{
    send_rig_init(&t->base, key, seed);
    r2d_bytes_init(&t->lines, &r2d_alloc_libc);
    memset(t->rejected, 0, sizeof t->rejected);
    t->rows = t->rejects = t->last_checkpoint = t->rejects_max = 0;
    t->late_write_grace_us = 0;
    t->steps = 0;
}

void transfer_rig_begin(TransferRig *t, uint64_t seed)
{
    R2dError err;
    transfer_rig_begin_quietly(t, seed);
    assert_int_equal(transfer_rig_open(t, 8, &err), R2D_OK);
}

void transfer_rig_end(TransferRig *t)
{
    r2d_transfer_close(t->transfer);
    r2d_bytes_free(&t->lines);
    send_rig_free(&t->base);
}

R2dStatus transfer_rig_source(TransferRig *t, size_t chunk_bytes, bool again, int64_t skip_rows,
                              R2dError *err)
{
    R2dSource *source =
        r2d_source_memory_open(&t->base.unit.alloc, r2d_bytes_view(&t->lines), chunk_bytes, again);
    if (source == NULL)
        return r2d_fail_memory(err);
    t->last_checkpoint = skip_rows;
    t->source_pauses = again;
    return r2d_transfer_source_open(t->transfer, source, skip_rows, err);
}

static void take_rejects(TransferRig *t)
{
    R2dReject reject;
    while (r2d_transfer_next_reject(t->transfer, &reject) == R2D_OK) {
        assert_in_range(reject.row, 1, t->rows);
        assert_false(t->rejected[reject.row]);
        assert_true(reject.code.len > 0 && reject.reason.len > 0 && reject.item.len > 0);
        t->rejected[reject.row] = true;
        t->rejects++;
    }
}

static void check_progress(TransferRig *t, int64_t skip_rows)
{
    R2dTransferProgress progress;
    r2d_transfer_progress(t->transfer, &progress);
    assert_int_equal(progress.checkpoint - skip_rows,
                     progress.written + progress.collapsed + progress.rejected);
    assert_true(progress.checkpoint >= t->last_checkpoint);
    assert_true(progress.rows_read >= progress.checkpoint || progress.rows_read <= skip_rows);
    t->last_checkpoint = progress.checkpoint;
}

static void pass_time(TransferRig *t)
{
    int wait_ms = r2d_transfer_wait_ms(t->transfer);
    int64_t next_us = fake_dynamodb_next_us(&t->base.fake);
    assert_true(wait_ms >= 0 || t->source_pauses); /* else nothing would ever happen again */
    if (t->source_pauses && (wait_ms < 0 || wait_ms > 15))
        wait_ms = wait_ms < 0 ? 1 : 15;
    t->base.clock.mono_us += next_us > 0 && next_us < wait_ms * 1000 ? next_us : wait_ms * 1000;
}

R2dStatus transfer_rig_run_to(TransferRig *t, int64_t skip_rows, int64_t stop_at, R2dError *err)
{
    for (;; t->steps++) {
        R2dStatus status = r2d_transfer_step(t->transfer, err);
        take_rejects(t);
        check_progress(t, skip_rows);
        if (status == R2D_END || status == R2D_FAILED || t->last_checkpoint >= stop_at)
            return status;
        if (status == R2D_AGAIN)
            pass_time(t);
        if (t->steps > 1000000)
            fail_msg("the transfer does not come to an end");
    }
}

R2dStatus transfer_rig_run(TransferRig *t, R2dError *err)
{
    return transfer_rig_run_to(t, 0, INT64_MAX, err);
}

R2dTransferProgress transfer_rig_progress(const TransferRig *t)
{
    R2dTransferProgress progress;
    r2d_transfer_progress(t->transfer, &progress);
    return progress;
}
