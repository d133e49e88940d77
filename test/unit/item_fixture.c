/* item_fixture.c - one line of a file encoded as an item, and what became of it. */
#include "item_fixture.h"

#include "decode/scan_json.h"
#include "source_memory.h"

Fixture fixture;

int fixture_begin(void **state)
{
    (void)state;
    fixture = (Fixture){.column_count = 2, .mode = R2D_WRITE_PUT};
    fixture.columns[0] = (R2dColumn){
        .name = R2D_VIEW("k"), .type = R2D_COL_TEXT, .key = R2D_KEY_PARTITION, .piece_count = 1};
    fixture.columns[1] = (R2dColumn){.name = R2D_VIEW("v"), .type = R2D_COL_TEXT, .piece_count = 1};
    r2d_bytes_init(&fixture.outcome.request, &r2d_alloc_libc);
    r2d_bytes_init(&fixture.outcome.keys, &r2d_alloc_libc);
    return 0;
}

int fixture_end(void **state)
{
    (void)state;
    r2d_bytes_free(&fixture.outcome.request);
    r2d_bytes_free(&fixture.outcome.keys);
    return 0;
}

void with_row(R2dView line, void (*use)(const R2dMapping *, const R2dRow *, void *), void *context)
{
    R2dMapping mapping;
    R2dError err = {0};
    R2dRow row;
    R2dReason reason;
    bool bad;
    if (r2d_mapping_init(&mapping, &r2d_alloc_libc, fixture.columns, fixture.column_count,
                         fixture.mode, &err) != R2D_OK)
        fail_msg("%s", err.message);
    R2dScanJsonOptions options = {mapping.file_columns, mapping.file_column_count, 64 << 20, 200};
    R2dSource *source = r2d_source_memory_open(&r2d_alloc_libc, line, 0, false);
    R2dScanJson *scan = r2d_scan_json_open(&r2d_alloc_libc, source, &options, &err);
    assert_int_equal(r2d_scan_json_next(scan, &row, &bad, &reason, &err), R2D_OK);
    if (bad)
        fail_msg("%s: %s", line.data, reason.text);
    use(&mapping, &row, context);
    r2d_scan_json_close(scan);
    r2d_mapping_free(&mapping);
}

void encode_row(const R2dMapping *mapping, const R2dRow *row, void *context)
{
    Outcome *outcome = context;
    R2dError err = {0};
    outcome->request.len = outcome->keys.len = 0;
    assert_true(r2d_bytes_append_text(&outcome->request, "before"));
    assert_true(r2d_bytes_append_text(&outcome->keys, "b"));
    outcome->status = r2d_item_encode(mapping, row, &outcome->request, &outcome->keys,
                                      &outcome->item, &outcome->reason, &err);
    assert_memory_equal(outcome->request.data, "before", 6);
    assert_memory_equal(outcome->keys.data, "b", 1);
    if (outcome->status == R2D_FAILED)
        fail_msg("%s", err.message);
    if (outcome->status == R2D_OK) {
        assert_int_equal(outcome->item.request_bytes, outcome->request.len - 6);
        assert_int_equal(outcome->item.key_bytes, outcome->keys.len - 1);
    } else {
        assert_int_equal(outcome->request.len, 6);
        assert_int_equal(outcome->keys.len, 1);
    }
}

Outcome *encode(R2dView line)
{
    with_row(line, encode_row, &fixture.outcome);
    return &fixture.outcome;
}

void of_type(R2dColumnType type)
{
    fixture.columns[1].type = type;
}

void append_x(R2dBytes *line, size_t count, const char *x)
{
    for (size_t i = 0; i < count; i++)
        assert_true(r2d_bytes_append_text(line, x));
}
