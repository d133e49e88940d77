/*
 * fuzz_item.c - whatever the scanner lets through becomes well-formed JSON or a reject.
 *
 * One column of each type; the first byte chooses the key columns, null rules and mode. What was
 * encoded is scanned again as nested JSON, and encoded a second time to the same bytes.
 */
#include "decode/scan_json.h"
#include "encode/item.h"
#include "source_memory.h"

#include <stdlib.h>

enum { TYPES = R2D_COL_EWKT + 1, LINE_LIMIT = 1 << 20, DEPTH_LIMIT = 100 };

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void make_mapping(R2dMapping *mapping, unsigned choice)
{
    static const char *const names[TYPES] = {"int",    "dec",  "real",  "dbl", "bool",
                                             "te\"xt", "char", "date",  "ts",  "tstz",
                                             "iv",     "hex",  "super", "ewkt"};
    static const int keys[] = {R2D_COL_TEXT, R2D_COL_INTEGER, R2D_COL_BYTES,   R2D_COL_DOUBLE,
                               R2D_COL_DATE, R2D_COL_CHAR,    R2D_COL_DECIMAL, R2D_COL_INTERVAL};
    R2dColumn columns[TYPES] = {0};
    for (int i = 0; i < TYPES; i++) {
        columns[i].name = r2d_view_of(names[i]);
        columns[i].type = (R2dColumnType)i;
        columns[i].null_rule = choice & 128 ? R2D_NULL_WRITE : R2D_NULL_OMIT;
        columns[i].piece_count = i == R2D_COL_BYTES ? 3 : 1;
    }
    columns[keys[choice & 7]].key = R2D_KEY_PARTITION;
    if ((choice & 7) != (choice >> 3 & 7))
        columns[keys[choice >> 3 & 7]].key = R2D_KEY_SORT;
    check(r2d_mapping_init(mapping, &r2d_alloc_libc, columns, TYPES,
                           choice & 64 ? R2D_WRITE_DELETE : R2D_WRITE_PUT, NULL) == R2D_OK);
}

static void check_json(R2dView request)
{
    static const R2dView name = {"c0", 2};
    R2dScanJsonOptions options = {&name, 1, (size_t)64 << 20, DEPTH_LIMIT};
    R2dBytes line;
    R2dRow row;
    R2dReason reason;
    bool bad;
    r2d_bytes_init(&line, &r2d_alloc_libc);
    check(r2d_bytes_append_text(&line, "{\"c0\":") && r2d_bytes_append_view(&line, request) &&
          r2d_bytes_append_text(&line, "}"));
    R2dSource *source = r2d_source_memory_open(&r2d_alloc_libc, r2d_bytes_view(&line), 0, false);
    R2dScanJson *scan = r2d_scan_json_open(&r2d_alloc_libc, source, &options, NULL);
    check(r2d_scan_json_next(scan, &row, &bad, &reason, NULL) == R2D_OK && !bad);
    check(row.values[0].kind == R2D_VALUE_NESTED && row.values[0].raw.len == request.len);
    for (size_t i = 0; i < request.len; i++)
        check((unsigned char)request.data[i] >= 0x20);
    r2d_scan_json_close(scan);
    r2d_bytes_free(&line);
}

static void encode_row(const R2dMapping *mapping, const R2dRow *row)
{
    R2dBytes request, keys;
    R2dItem item, again;
    R2dReason reason;
    r2d_bytes_init(&request, &r2d_alloc_libc);
    r2d_bytes_init(&keys, &r2d_alloc_libc);
    R2dStatus status = r2d_item_encode(mapping, row, &request, &keys, &item, &reason, NULL);
    check(status == R2D_OK || status == R2D_END);
    if (status == R2D_OK) {
        check(item.request_bytes == request.len && item.key_bytes == keys.len);
        check(item.item_bytes > 0 && item.write_units >= 1);
        check_json(r2d_bytes_view(&request));
        check(r2d_item_encode(mapping, row, &request, &keys, &again, &reason, NULL) == R2D_OK);
        check(item.key_hash == again.key_hash && request.len == 2 * item.request_bytes &&
              memcmp(request.data, request.data + item.request_bytes, item.request_bytes) == 0);
    } else {
        check(request.len == 0 && keys.len == 0 && reason.code[0] != '\0');
    }
    request.len = 0;
    check(r2d_item_key_text(mapping, row, &request));
    check_json(r2d_bytes_view(&request));
    r2d_bytes_free(&request);
    r2d_bytes_free(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dMapping mapping;
    R2dRow row;
    R2dReason reason;
    bool bad;
    if (size == 0)
        return 0;
    make_mapping(&mapping, data[0]);
    R2dScanJsonOptions options = {mapping.file_columns, mapping.file_column_count, LINE_LIMIT,
                                  DEPTH_LIMIT};
    R2dView text = r2d_view((const char *)data + 1, size - 1);
    R2dSource *source = r2d_source_memory_open(&r2d_alloc_libc, text, 0, false);
    R2dScanJson *scan = r2d_scan_json_open(&r2d_alloc_libc, source, &options, NULL);
    while (r2d_scan_json_next(scan, &row, &bad, &reason, NULL) == R2D_OK) {
        if (!bad)
            encode_row(&mapping, &row);
    }
    r2d_scan_json_close(scan);
    r2d_mapping_free(&mapping);
    return 0;
}
