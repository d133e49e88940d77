/* number.c - numbers as DynamoDB takes, stores and counts them. */
#include "number.h"

#include "item.h"

#include <stdio.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool equal_fold(R2dView text, const char *lower)
{
    size_t len = strlen(lower);
    if (text.len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((text.data[i] | 0x20) != lower[i])
            return false;
    }
    return true;
}

static R2dNumberFault not_a_number(R2dView text)
{
    if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        text = r2d_view(text.data + 1, text.len - 1);
    bool known = equal_fold(text, "nan") || equal_fold(text, "inf") || equal_fold(text, "infinity");
    return known ? R2D_NUMBER_NAN : R2D_NUMBER_SYNTAX;
}

/* The digits and the point. *digit_count counts all digits, *scale those behind the point.
 * number->high and ->low are, for the moment, indexes among the digits. */
static const char *read_digits(const char *at, const char *end, R2dNumber *number,
                               int64_t *digit_count, int64_t *scale)
{
    const char *point = NULL;
    int64_t index = 0;
    for (; at < end; at++) {
        if (*at == '.' && point == NULL) {
            point = at;
            continue;
        }
        if (!is_digit(*at))
            break;
        if (*at != '0') {
            if (number->first == NULL) {
                number->first = at;
                number->high = index;
            }
            number->last = at;
            number->low = index;
        }
        index++;
    }
    *digit_count = index;
    *scale = point != NULL ? at - point - 1 : 0;
    return at;
}

/* e, sign, digits; clamped far outside of any range. NULL when it is none. */
static const char *read_exponent(const char *at, const char *end, int64_t *exponent)
{
    int64_t sum = 0;
    bool negative = false;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    if (at == end || !is_digit(*at))
        return NULL;
    for (; at < end && is_digit(*at); at++) {
        if (sum < INT64_C(1000000000000))
            sum = sum * 10 + (*at - '0');
    }
    *exponent = negative ? -sum : sum;
    return at;
}

R2dNumberFault r2d_number_read(R2dView text, R2dNumber *number)
{
    const char *at = text.data, *end = text.data + text.len;
    int64_t digit_count, scale, exponent = 0;
    *number = (R2dNumber){0};
    if (at < end && (*at == '-' || *at == '+'))
        number->negative = *at++ == '-';
    at = read_digits(at, end, number, &digit_count, &scale);
    if (digit_count == 0)
        return not_a_number(text);
    if (at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(at, end, &exponent);
    if (at != end)
        return R2D_NUMBER_SYNTAX;
    number->zero = number->first == NULL;
    if (number->zero)
        return R2D_NUMBER_OK;
    int64_t digits = number->low - number->high + 1;
    int64_t last_power = exponent - scale + digit_count - 1;
    number->digits = digits > INT32_MAX ? INT32_MAX : (int)digits;
    number->high = last_power - number->high;
    number->low = last_power - number->low;
    if (digits > R2D_NUMBER_DIGITS_MAX)
        return R2D_NUMBER_DIGITS;
    if (number->high > R2D_NUMBER_EXPONENT_MAX || number->high < R2D_NUMBER_EXPONENT_MIN)
        return R2D_NUMBER_RANGE;
    return R2D_NUMBER_OK;
}

/* Rounds towards minus infinity. */
static int64_t half(int64_t power)
{
    return power >= 0 ? power / 2 : -((1 - power) / 2);
}

size_t r2d_number_bytes(const R2dNumber *number)
{
    if (number->zero)
        return 1;
    size_t pairs = (size_t)(half(number->high) - half(number->low) + 1);
    size_t bytes = 1 + pairs + (number->negative ? 1 : 0);
    return bytes < R2D_NUMBER_BYTES_MAX ? bytes : R2D_NUMBER_BYTES_MAX;
}

size_t r2d_number_canonical(const R2dNumber *number, char out[R2D_NUMBER_CANONICAL_MAX])
{
    char *target = out;
    if (number->zero) {
        out[0] = '0';
        return 1;
    }
    if (number->negative)
        *target++ = '-';
    for (const char *at = number->first; at <= number->last; at++) {
        if (*at != '.')
            *target++ = *at;
    }
    target += snprintf(target, 8, "e%d", (int)number->low);
    return (size_t)(target - out);
}

const char *r2d_number_fault_code(R2dNumberFault fault)
{
    static const char *const codes[] = {
        [R2D_NUMBER_OK] = "",
        [R2D_NUMBER_SYNTAX] = "number_syntax",
        [R2D_NUMBER_NAN] = "number_nan",
        [R2D_NUMBER_DIGITS] = "number_digits",
        [R2D_NUMBER_RANGE] = "number_range",
    };
    return codes[fault];
}

const char *r2d_number_fault_text(R2dNumberFault fault)
{
    static const char *const texts[] = {
        [R2D_NUMBER_OK] = "",
        [R2D_NUMBER_SYNTAX] = "is not a number",
        [R2D_NUMBER_NAN] = "is NaN or infinite, which a DynamoDB number cannot be",
        [R2D_NUMBER_DIGITS] = "has more than 38 significant digits",
        [R2D_NUMBER_RANGE] = "is outside the range of a DynamoDB number (1E-130 to 9.99E+125)",
    };
    return texts[fault];
}
