/*
 * number.h - numbers as DynamoDB takes, stores and counts them (facts: aws 2.2, 2.3);
 * private to encode.
 */
#ifndef R2D_NUMBER_H
#define R2D_NUMBER_H

#include "../base/bytes.h"

#define R2D_NUMBER_EXPONENT_MAX 125 /* of the first significant digit */
#define R2D_NUMBER_EXPONENT_MIN -130

#define R2D_NUMBER_BYTES_MAX 21 /* none counts more (measured on DynamoDB Local) */

typedef enum R2dNumberFault {
    R2D_NUMBER_OK = 0,
    R2D_NUMBER_SYNTAX,
    R2D_NUMBER_NAN,    /* NaN or an infinity, in any spelling */
    R2D_NUMBER_DIGITS, /* more than 38 significant digits */
    R2D_NUMBER_RANGE,
} R2dNumberFault;

typedef struct R2dNumber {
    bool negative;
    bool zero;
    const char *first; /* first significant digit; a point may stand between first and last */
    const char *last;  /* last one that is not zero */
    int digits;        /* from first to last */
    int64_t high;      /* power of ten of the first significant digit */
    int64_t low;       /* ... of the last */
} R2dNumber;

/* Reads the text and checks it against grammar, digits and range. *number points into text; it is
 * set unless the fault is SYNTAX or NAN. */
R2dNumberFault r2d_number_read(R2dView text, R2dNumber *number);

/* Bytes DynamoDB counts for it. The documentation leaves one byte open (facts: aws 2.3); this is
 * the higher count. */
size_t r2d_number_bytes(const R2dNumber *number);

/* One text per value: "0", "-15e-1", "1e2". */
#define R2D_NUMBER_CANONICAL_MAX 80
size_t r2d_number_canonical(const R2dNumber *number, char out[R2D_NUMBER_CANONICAL_MAX]);

/* Code and words for a reject. */
const char *r2d_number_fault_code(R2dNumberFault fault);
const char *r2d_number_fault_text(R2dNumberFault fault);

#endif
