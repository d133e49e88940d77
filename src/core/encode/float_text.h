/* float_text.h - the shortest decimal that reads back to the same float; private to encode. */
#ifndef R2D_FLOAT_TEXT_H
#define R2D_FLOAT_TEXT_H

#include "number.h"

#define R2D_FLOAT_TEXT_MAX 64 /* the longest text of a float that is read */

/*
 * `text` was read as `number` (R2D_NUMBER_OK or _RANGE). *shortest is text itself when that is
 * short already, else it stands in buffer. False when the text is no float of this type (too long,
 * or beyond its range at either end).
 */
bool r2d_float_text_double(R2dView text, const R2dNumber *number, char buffer[R2D_FLOAT_TEXT_MAX],
                           R2dView *shortest);
bool r2d_float_text_real(R2dView text, const R2dNumber *number, char buffer[R2D_FLOAT_TEXT_MAX],
                         R2dView *shortest);

/* The text of 17 digits, in buffer, of the double that `text` (not of zero) denotes: the double
 * next to 1e126 lies below it, in DynamoDB's range, which its shortest text does not. False as
 * above. */
bool r2d_float_text_double_full(R2dView text, char buffer[R2D_FLOAT_TEXT_MAX], R2dView *full);

#endif
