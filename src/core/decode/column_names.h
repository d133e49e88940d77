/* column_names.h - which file column a key of a line names; private to decode. */
#ifndef R2D_COLUMN_NAMES_H
#define R2D_COLUMN_NAMES_H

#include "../base/bytes.h"

/* A key as it is expected, `"c3":`; len 0 when the name needs escapes. */
typedef struct R2dExpectedKey {
    const char *text;
    size_t len;
    uint64_t head; /* its first 8 bytes, those beyond len zero */
    uint64_t mask;
} R2dExpectedKey;

typedef struct R2dColumnNames {
    const R2dAlloc *alloc;
    const R2dView *names; /* borrowed */
    int count;
    R2dExpectedKey *expected;
    char *text; /* of all expected keys */
    int *slots; /* open addressing: column + 1, or 0 */
    size_t slot_mask;
} R2dColumnNames;

/* After a failure (memory) the struct is empty. */
bool r2d_column_names_init(R2dColumnNames *names, const R2dAlloc *alloc, const R2dView *columns,
                           int count);
void r2d_column_names_free(R2dColumnNames *names);

/* -1: no such column. */
int r2d_column_names_find(const R2dColumnNames *names, R2dView name);

/* True when the expected key of `column` stands at `at`; bytes up to `readable` may be loaded. */
static inline bool r2d_column_names_expected(const R2dColumnNames *names, int column,
                                             const char *at, const char *end, const char *readable)
{
    const R2dExpectedKey *key = &names->expected[column];
    uint64_t head;
    if (key->len == 0 || key->len > (size_t)(end - at))
        return false;
    if (readable - at < 8)
        return memcmp(at, key->text, key->len) == 0;
    memcpy(&head, at, sizeof head);
    return (head & key->mask) == key->head &&
           (key->len <= 8 || memcmp(at + 8, key->text + 8, key->len - 8) == 0);
}

#endif
