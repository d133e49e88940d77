/*
 * float_text.c - the shortest decimal that reads back to the same float.
 *
 * Texts of 16 and more digits are the rule here (Redshift prints 17), and strtod and snprintf
 * take microseconds for them. So decimals of everyday size are converted with 128-bit integers,
 * exactly; all others go the slow way.
 */
#include "float_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 Wide;

enum { POWERS = 20, WIDE_BITS = 128 };

static const uint64_t power_of_ten[POWERS] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* digits times ten to the power; the digits are `count` long. */
typedef struct Decimal {
    uint64_t digits;
    int count;
    int power;
    bool negative;
} Decimal;

/* False when the number is not of everyday size. */
static bool to_decimal(const R2dNumber *number, Decimal *decimal)
{
    if (number->digits >= POWERS || number->low <= -POWERS || number->low >= POWERS)
        return false;
    *decimal =
        (Decimal){.count = number->digits, .power = (int)number->low, .negative = number->negative};
    for (const char *at = number->first; at <= number->last; at++) {
        if (*at != '.')
            decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
    }
    return true;
}

/* The double nearest to it, ties to even; its sign is left out. False as above. */
static bool to_double(const Decimal *decimal, double *value)
{
    int power = decimal->power;
    if (decimal->digits == 0 || power <= -POWERS || power >= POWERS)
        return false;
    if (power >= 0) {
        *value = (double)((Wide)decimal->digits * power_of_ten[power]);
        return true;
    }
    /* The quotient has at least 64 bits, so that what its division drops is below the rounding. */
    int shift = WIDE_BITS - 64 + __builtin_clzll(decimal->digits);
    Wide dividend = (Wide)decimal->digits << shift;
    uint64_t divisor = power_of_ten[-power];
    Wide quotient = dividend / divisor;
    quotient |= quotient * divisor != dividend;
    *value = ldexp((double)quotient, -shift);
    return true;
}

/* The first `count` digits, rounded; `half_up` decides a tie. */
static Decimal round_to(const Decimal *decimal, int count, bool half_up)
{
    uint64_t unit = power_of_ten[decimal->count - count];
    uint64_t rest = decimal->digits % unit;
    Decimal rounded = {.digits = decimal->digits / unit,
                       .count = count,
                       .power = decimal->power + decimal->count - count,
                       .negative = decimal->negative};
    if (rest > unit / 2 || (rest == unit / 2 && half_up))
        rounded.digits++;
    while (rounded.digits % 10 == 0) {
        rounded.digits /= 10;
        rounded.power++;
    }
    for (rounded.count = 1; rounded.digits >= power_of_ten[rounded.count];)
        rounded.count++;
    return rounded;
}

static char *put_zeros(char *out, int count)
{
    memset(out, '0', (size_t)count);
    return out + count;
}

/* e, sign and at least two digits. */
static char *put_exponent(char *out, int exponent)
{
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    exponent = abs(exponent);
    *out++ = (char)('0' + exponent / 10);
    *out++ = (char)('0' + exponent % 10);
    return out;
}

/* Writes it as %g would: plain while the exponent is small. */
static R2dView write_decimal(const Decimal *decimal, char buffer[R2D_FLOAT_TEXT_MAX])
{
    char digits[POWERS];
    char *out = buffer;
    int count = decimal->count, high = decimal->power + count - 1;
    bool plain = high >= -4 && high <= DBL_DIG;
    int whole = !plain ? 1 : high < 0 ? 0 : high + 1; /* digits before the point */
    uint64_t rest = decimal->digits;
    for (int i = count - 1; i >= 0; i--, rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    if (decimal->negative)
        *out++ = '-';
    int before = whole < count ? whole : count;
    memcpy(out, digits, (size_t)before);
    out = put_zeros(out + before, whole > 0 ? whole - before : 1);
    if (before < count) {
        *out++ = '.';
        out = put_zeros(out, whole > 0 ? 0 : -high - 1);
        memcpy(out, digits + before, (size_t)(count - before));
        out += count - before;
    }
    if (!plain)
        out = put_exponent(out, high);
    return r2d_view(buffer, (size_t)(out - buffer));
}

/* Digits of a float type, and whether two doubles are the same float of it. */
typedef struct FloatType {
    int digits_min;
    int digits_max;
    bool (*same)(double, double);
} FloatType;

static bool same_double(double a, double b)
{
    return a == b;
}

/* Not for a value midway between two floats: rounding twice could pick the wrong one. */
static bool same_real(double a, double b)
{
    uint64_t bits;
    memcpy(&bits, &b, sizeof bits);
    return (float)a == (float)b && (bits & 0x1FFFFFFF) != 0x10000000;
}

static const FloatType double_type = {DBL_DIG, DBL_DECIMAL_DIG, same_double};
static const FloatType real_type = {FLT_DIG, FLT_DECIMAL_DIG, same_real};

/* False: go the slow way. */
static bool shorten_fast(const FloatType *type, R2dView text, const R2dNumber *number,
                         char buffer[R2D_FLOAT_TEXT_MAX], R2dView *shortest)
{
    Decimal decimal, candidate;
    double value, read;
    if (!to_decimal(number, &decimal) || !to_double(&decimal, &value) || !type->same(value, value))
        return false;
    for (int count = type->digits_min; count <= type->digits_max; count++) {
        if (count >= decimal.count) {
            *shortest = text;
            return true;
        }
        for (int half_up = 1; half_up >= 0; half_up--) {
            candidate = round_to(&decimal, count, half_up != 0);
            if (to_double(&candidate, &read) && type->same(value, read)) {
                *shortest = write_decimal(&candidate, buffer);
                return true;
            }
            if (decimal.digits % 10 != 5) /* no tie */
                break;
        }
    }
    return false;
}

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
    if (shorten_fast(&double_type, text, number, buffer, shortest))
        return true;
    if (!terminated(text, copy))
        return false;
    double value = strtod(copy, NULL);
    if (isinf(value) || value == 0)
        return false;
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        int len = snprintf(buffer, R2D_FLOAT_TEXT_MAX, "%.*g", digits, value);
        *shortest = r2d_view(buffer, (size_t)len);
        if (strtod(buffer, NULL) == value)
            break;
    }
    return true;
}

bool r2d_float_text_double_full(R2dView text, char buffer[R2D_FLOAT_TEXT_MAX], R2dView *full)
{
    char copy[R2D_FLOAT_TEXT_MAX];
    if (!terminated(text, copy))
        return false;
    double value = strtod(copy, NULL);
    if (isinf(value) || value == 0)
        return false;
    int len = snprintf(buffer, R2D_FLOAT_TEXT_MAX, "%.*g", DBL_DECIMAL_DIG, value);
    *full = r2d_view(buffer, (size_t)len);
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
    if (shorten_fast(&real_type, text, number, buffer, shortest))
        return true;
    if (!terminated(text, copy))
        return false;
    float value = strtof(copy, NULL);
    if (isinf(value) || value == 0)
        return false;
    for (int digits = FLT_DIG; digits <= FLT_DECIMAL_DIG; digits++) {
        int len = snprintf(buffer, R2D_FLOAT_TEXT_MAX, "%.*g", digits, (double)value);
        *shortest = r2d_view(buffer, (size_t)len);
        if (strtof(buffer, NULL) == value)
            break;
    }
    return true;
}
