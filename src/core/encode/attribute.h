/*
 * attribute.h - one value of a row to one attribute of an item, `"name":{"S":"text"},`;
 * private to encode.
 */
#ifndef R2D_ATTRIBUTE_H
#define R2D_ATTRIBUTE_H

#include "../decode/row.h"
#include "mapping.h"

/* Constant text is copied in steps of this size, over its end. */
#define R2D_ATTRIBUTE_STRIDE 32

/* Room kept for each attribute beside its name and the bytes of its value. */
#define R2D_ATTRIBUTE_SPARE 96

/* The work on one row. */
typedef struct R2dEncoding {
    R2dBytes *out;     /* has `reserved` bytes of room before the first attribute */
    R2dBytes *scratch; /* only the room behind its length is used */
    R2dReason *reason;
    size_t reserved;   /* room for the rest of a row without SUPER and bare control bytes */
    size_t item_bytes; /* size so far, the higher count */
    size_t numbers;    /* numbers so far: each may count one byte less (facts: aws 2.3) */
} R2dEncoding;

/* What stands between `"name":` and the text of a value of this type; "" for SUPER. */
const char *r2d_attribute_opening(R2dColumnType type);

/* True when the column has no value in this row. `values` is its first file column. */
static inline bool r2d_attribute_is_null(const R2dValue *values)
{
    return values->kind == R2D_VALUE_NULL || values->kind == R2D_VALUE_ABSENT;
}

/*
 * Appends the attribute with a comma behind it, or nothing for a NULL that is left out. R2D_OK,
 * R2D_END: rejected, see the reason; R2D_FAILED: memory (no error text).
 */
R2dStatus r2d_attribute_encode(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                               const R2dValue *values);

/* Makes room for `more` bytes and for the rest of the row. */
bool r2d_attribute_reserve(R2dEncoding *encoding, size_t more);

/* Fills the reason, naming the column, and returns R2D_END. `text` completes "column \"x\" ". */
R2dStatus r2d_attribute_reject(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                               const char *code, const char *text);

/* Appends without checking for room. */
static inline void r2d_attribute_put(R2dBytes *out, const char *data, size_t len)
{
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

#endif
