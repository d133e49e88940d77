/*
 * fuzz_plan.c - a job's plan is read or refused; what was read makes a mapping or says why not, and
 * written again it is the same plan.
 */
#include "encode/mapping.h"
#include "encode/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void check_same(const R2dColumn *columns, int count)
{
    R2dBytes text;
    R2dColumn *again;
    int again_count;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    check(r2d_plan_write(columns, count, &text));
    check(r2d_plan_read(&r2d_alloc_libc, r2d_bytes_view(&text), &again, &again_count, NULL) ==
              R2D_OK &&
          again_count == count);
    for (int i = 0; i < count; i++)
        check(r2d_view_equal(columns[i].name, again[i].name) && columns[i].type == again[i].type &&
              columns[i].null_rule == again[i].null_rule && columns[i].key == again[i].key &&
              columns[i].piece_count == again[i].piece_count);
    r2d_release(&r2d_alloc_libc, again);
    r2d_bytes_free(&text);
}

static void check_mapping(const R2dColumn *columns, int count)
{
    R2dMapping mapping;
    R2dError err = {.kind = R2D_ERR_NONE};
    if (r2d_mapping_init(&mapping, &r2d_alloc_libc, columns, count, R2D_WRITE_PUT, &err) != R2D_OK)
        check(err.message[0] != '\0');
    else
        check(mapping.partition_key.column >= 0 && mapping.partition_key.column < count &&
              mapping.sort_key.column < count && mapping.file_column_count >= count);
    r2d_mapping_free(&mapping);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dColumn *columns = NULL;
    R2dError err = {.kind = R2D_ERR_NONE};
    int count = 0;
    if (r2d_plan_read(&r2d_alloc_libc, r2d_view((const char *)data, size), &columns, &count,
                      &err) != R2D_OK) {
        check(err.message[0] != '\0');
        return 0;
    }
    for (int i = 0; i < count; i++)
        check(columns[i].piece_count >= 1 && columns[i].piece_count <= R2D_BYTES_PIECES_MAX);
    if (count > 0) {
        check_same(columns, count);
        check_mapping(columns, count);
    }
    r2d_release(&r2d_alloc_libc, columns);
    return 0;
}
