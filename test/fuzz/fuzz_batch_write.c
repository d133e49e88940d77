/*
 * fuzz_batch_write.c - whatever BatchWriteItem is said to have replied: only items that were sent
 * come back, and units are none or a number that can be added up.
 *
 * The first byte chooses how many of the four items were sent, and the mode.
 */
#include "decode/row.h"
#include "send/batch_write.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void make_mapping(R2dMapping *mapping, R2dWriteMode mode)
{
    R2dColumn columns[] = {
        {.name = R2D_VIEW("pk"), .key = R2D_KEY_PARTITION, .type = R2D_COL_TEXT, .piece_count = 1},
        {.name = R2D_VIEW("n"), .key = R2D_KEY_SORT, .type = R2D_COL_DECIMAL, .piece_count = 1},
        {.name = R2D_VIEW("v"), .type = R2D_COL_TEXT, .piece_count = 1}};
    check(r2d_mapping_init(mapping, &r2d_alloc_libc, columns, 3, mode, NULL) == R2D_OK);
}

static void add(R2dBatch *batch, const R2dMapping *mapping, int64_t number, const char *pk,
                const char *n)
{
    R2dValue values[] = {{.kind = R2D_VALUE_STRING, .raw = r2d_view_of(pk)},
                         {.kind = R2D_VALUE_STRING, .raw = r2d_view_of(n)},
                         {.kind = R2D_VALUE_STRING, .raw = R2D_VIEW("text")}};
    R2dRow row = {.number = number, .values = values, .value_count = 3};
    R2dReason reason;
    check(r2d_batch_encode(batch, mapping, &row, &reason, NULL) == R2D_OK);
    check(r2d_batch_commit(batch) == 0);
}

static void read_reply(const R2dBatch *batch, int sent, const R2dMapping *mapping, R2dView text)
{
    R2dBytes scratch;
    R2dBatchReply reply;
    R2dError err = {.kind = R2D_ERR_NONE};
    r2d_bytes_init(&scratch, &r2d_alloc_libc);
    if (r2d_batch_write_reply(batch, sent, mapping, text, &scratch, &reply, &err) == R2D_OK) {
        check(reply.unprocessed >> sent == 0);
        check(isfinite(reply.consumed) && (reply.consumed >= 0 || reply.consumed == -1));
    } else {
        check(err.message[0] != '\0');
    }
    (void)r2d_batch_write_one_partition(text);
    r2d_bytes_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dMapping mapping;
    R2dBatch batch;
    if (size == 0)
        return 0;
    make_mapping(&mapping, data[0] & 4 ? R2D_WRITE_DELETE : R2D_WRITE_PUT);
    check(r2d_batch_init(&batch, &r2d_alloc_libc, "table"));
    add(&batch, &mapping, 1, "a", "1");
    add(&batch, &mapping, 2, "a", "2.50");
    add(&batch, &mapping, 3, "b\\\"", "-7");
    add(&batch, &mapping, 4, "\\u00e9", "1e3");
    read_reply(&batch, data[0] % 4 + 1, &mapping, r2d_view((const char *)data + 1, size - 1));
    r2d_batch_free(&batch);
    r2d_mapping_free(&mapping);
    return 0;
}
