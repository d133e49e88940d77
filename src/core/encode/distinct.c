/* distinct.c - finds names that occur twice in an object. */
#include "distinct.h"

#include "../base/text.h"

#include <stdalign.h>

typedef struct Name {
    uint64_t hash;
    R2dView raw;
} Name;

static Name *name_at(const R2dDistinct *names, size_t index)
{
    return (Name *)(void *)(names->scratch->data + names->offset) + index;
}

void r2d_distinct_begin(R2dDistinct *names, R2dBytes *scratch)
{
    size_t align = alignof(Name);
    *names =
        (R2dDistinct){.scratch = scratch, .offset = (scratch->len + align - 1) / align * align};
}

bool r2d_distinct_add(R2dDistinct *names, R2dView raw)
{
    size_t behind = names->offset + (names->count + 1) * sizeof(Name);
    if (!r2d_bytes_reserve(names->scratch, behind - names->scratch->len))
        return false;
    *name_at(names, names->count) = (Name){.hash = r2d_text_hash(raw), .raw = raw};
    names->count++;
    return true;
}

/* Shell sort by hash: in place and without recursion. */
static void sort(Name *names, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3)
        gap = gap * 3 + 1;
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            Name name = names[i];
            size_t j = i;
            for (; j >= gap && names[j - gap].hash > name.hash; j -= gap)
                names[j] = names[j - gap];
            names[j] = name;
        }
    }
}

bool r2d_distinct_check(R2dDistinct *names, size_t first)
{
    size_t count = names->count - first;
    if (count < 2) {
        names->count = first;
        return true;
    }
    Name *sorted = name_at(names, first);
    bool distinct = true;
    sort(sorted, count);
    for (size_t i = 1; i < count && distinct; i++) {
        for (size_t j = i; j > 0 && distinct && sorted[j - 1].hash == sorted[i].hash; j--)
            distinct = !r2d_text_equal(sorted[j - 1].raw, sorted[i].raw);
    }
    names->count = first;
    return distinct;
}
