/*
 * fuzz_scan_json.c - any bytes, cut in any way, give the same rows.
 *
 * The first byte chooses the chunk size. The rows of the cut input are compared with those of the
 * input in one piece; every lent view must lie in readable memory, which the sanitizer checks.
 */
#include "decode/scan_json.h"
#include "source_memory.h"

#include <stdlib.h>

enum { NAMES = 5, LINE_LIMIT = 6000, DEPTH_LIMIT = 20 };

static uint64_t mix(uint64_t sum, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001B3);
    return sum ^ len;
}

static uint64_t mix_row(uint64_t sum, const R2dRow *row, bool bad, const R2dReason *reason)
{
    sum = mix(sum, &row->number, sizeof row->number);
    sum = mix(sum, row->line.data, row->line.len);
    if (bad)
        return mix(mix(sum, reason->code, strlen(reason->code)), reason->text,
                   strlen(reason->text));
    for (int i = 0; i < row->value_count; i++) {
        const R2dValue *value = &row->values[i];
        sum = mix(sum, &value->kind, sizeof value->kind);
        if (value->kind >= R2D_VALUE_STRING)
            sum = mix(sum, value->raw.data, value->raw.len) ^ value->escaped << 1 ^ value->control;
    }
    return sum;
}

static uint64_t scan_all(R2dView text, size_t chunk, bool again, int64_t skip, int64_t *rows)
{
    static const R2dView names[NAMES] = {{"c0", 2}, {"c1", 2}, {"c2", 2}, {"c3_1", 4}, {"a\"b", 3}};
    R2dScanJsonOptions options = {names, NAMES, LINE_LIMIT, DEPTH_LIMIT};
    R2dSource *source = r2d_source_memory_open(&r2d_alloc_libc, text, chunk, again);
    R2dScanJson *scan = r2d_scan_json_open(&r2d_alloc_libc, source, &options, NULL);
    R2dRow row;
    R2dReason reason;
    bool bad;
    uint64_t sum = 0;
    R2dStatus status;
    while ((status = r2d_scan_json_skip(scan, skip, &skip, NULL)) == R2D_AGAIN)
        ;
    *rows = 0;
    while ((status = r2d_scan_json_next(scan, &row, &bad, &reason, NULL)) != R2D_END) {
        if (status == R2D_FAILED)
            abort();
        if (status == R2D_OK) {
            sum = mix_row(sum, &row, bad, &reason);
            (*rows)++;
        }
    }
    r2d_scan_json_close(scan);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    R2dView text = r2d_view((const char *)data + 1, size - 1);
    int64_t rows, cut_rows;
    uint64_t whole = scan_all(text, 0, false, 0, &rows);
    if (whole != scan_all(text, data[0] % 61 + 1, data[0] & 1, 0, &cut_rows) || rows != cut_rows)
        abort();
    int64_t skip = data[0] % 5;
    whole = scan_all(text, 0, true, skip, &cut_rows);
    if (cut_rows != (rows > skip ? rows - skip : 0) ||
        whole != scan_all(text, data[0] % 7 + 1, false, skip, &cut_rows))
        abort();
    return 0;
}
