/*
 * distinct.h - finds names that occur twice in an object, while objects are nested;
 * private to encode.
 *
 * Draws on the room of a scratch buffer behind its length, which it leaves as it is, so that a row
 * costs no allocation.
 */
#ifndef R2D_DISTINCT_H
#define R2D_DISTINCT_H

#include "../base/bytes.h"

typedef struct R2dDistinct {
    R2dBytes *scratch;
    size_t offset; /* of the names in scratch */
    size_t count;
} R2dDistinct;

void r2d_distinct_begin(R2dDistinct *names, R2dBytes *scratch);

/* Adds a name as it is escaped in the file; the text is borrowed. False when memory is out. */
bool r2d_distinct_add(R2dDistinct *names, R2dView raw);

/* True when the names from index `first` on are distinct once decoded; takes them away. */
bool r2d_distinct_check(R2dDistinct *names, size_t first);

#endif
