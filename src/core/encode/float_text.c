/* float_text.c - the shortest decimal that reads back to the same float. */
#include "float_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool terminated(R2dView text, char copy[R2D_FLOAT_TEXT_MAX])
{
    if (text.len >= R2D_FLOAT_TEXT_MAX)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return true;
}

bool r2d_float_text_double(R2dView text, const R2dNumber *number, char buffer[R2D_FLOAT_TEXT_MAX],
                           R2dView *shortest)
{
    char copy[R2D_FLOAT_TEXT_MAX];
    *shortest = text;
    if (number->digits <= DBL_DIG) /* every decimal this short survives the way there and back */
        return true;
    if (!terminated(text, copy))
        return false;
    double value = strtod(copy, NULL);
    if (isinf(value))
        return false;
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        int len = snprintf(buffer, R2D_FLOAT_TEXT_MAX, "%.*g", digits, value);
        *shortest = r2d_view(buffer, (size_t)len);
        if (strtod(buffer, NULL) == value)
            break;
    }
    return true;
}

bool r2d_float_text_real(R2dView text, const R2dNumber *number, char buffer[R2D_FLOAT_TEXT_MAX],
                         R2dView *shortest)
{
    char copy[R2D_FLOAT_TEXT_MAX];
    *shortest = text;
    if (number->zero || (number->digits <= FLT_DIG && number->high > FLT_MIN_10_EXP &&
                         number->high < FLT_MAX_10_EXP))
        return true;
    if (!terminated(text, copy))
        return false;
    float value = strtof(copy, NULL);
    if (isinf(value))
        return false;
    for (int digits = FLT_DIG; digits <= FLT_DECIMAL_DIG; digits++) {
        int len = snprintf(buffer, R2D_FLOAT_TEXT_MAX, "%.*g", digits, (double)value);
        *shortest = r2d_view(buffer, (size_t)len);
        if (strtof(buffer, NULL) == value)
            break;
    }
    return true;
}
