/* super.h - nested JSON to the M and L of DynamoDB; private to encode. */
#ifndef R2D_SUPER_H
#define R2D_SUPER_H

#include "attribute.h"

/*
 * Appends the value of a NESTED, `{"M":{...}}` or `{"L":[...]}`, and adds its size. Numbers and
 * strings stay as written. What r2d_attribute_encode returns.
 */
R2dStatus r2d_super_encode(R2dEncoding *encoding, const R2dMappedColumn *mapped, R2dView raw);

#endif
