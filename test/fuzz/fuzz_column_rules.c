/*
 * fuzz_column_rules.c - the argument `attributes` is applied or refused; names that it gives are
 * texts of its own, and only columns that it names are touched.
 */
#include "base/json.h"
#include "encode/column_rules.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dView text = {(const char *)data, size},
            names[] = {R2D_VIEW("id"), R2D_VIEW("na\"me"), R2D_VIEW("")};
    R2dColumn columns[] = {{.name = names[0]}, {.name = names[1]}, {.name = names[2]}};
    R2dError err = {.kind = R2D_ERR_NONE};
    R2dBytes texts, again;
    r2d_bytes_init(&texts, &r2d_alloc_libc);
    r2d_bytes_init(&again, &r2d_alloc_libc);
    if (r2d_column_rules_apply(text, columns, 3, &texts, &err) != R2D_OK)
        check(err.message[0] != '\0');
    for (int i = 0; i < 3; i++) {
        R2dView name = columns[i].name;
        check(name.data == names[i].data ||
              (name.data >= texts.data && name.data + name.len <= texts.data + texts.len));
        check(r2d_json_append_string(&again, name)); /* reads every byte of it */
    }
    r2d_bytes_free(&texts);
    r2d_bytes_free(&again);
    return 0;
}
