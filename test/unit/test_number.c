/* test_number.c - numbers are taken, counted and compared as DynamoDB does. */
#include "unit.h"

#include "encode/float_text.h"
#include "encode/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static R2dNumberFault fault_of(const char *text)
{
    R2dNumber number;
    return r2d_number_read(r2d_view_of(text), &number);
}

static void the_grammar_is_that_of_dynamodb(void **state)
{
    (void)state;
    static const char *const good[] = {"0",     "-0",   "+3",     ".123", "1.",     "0001.23",
                                       "1e+5",  "1E5",  "0e1000", "-1.5", "1.e-3",  "00",
                                       "0.0e9", "1e00", "+.5",    "-.5",  "1E-0007"};
    static const char *const bad[] = {"",     " 1",   "1 ", "1+2",   "1.2.3", "e5",    "1e",
                                      "-",    ".",    "+",  "1e+",   "0x10",  "1_000", "--1",
                                      "1e5.", "1e5x", "na", "infin", "- 1",   "."};
    static const char *const nan[] = {"NaN",      "nan",       "-nan", "inf",     "-inf",
                                      "Infinity", "-INFINITY", "+Inf", "infinity"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(fault_of(good[i]), R2D_NUMBER_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(fault_of(bad[i]), R2D_NUMBER_SYNTAX);
    for (size_t i = 0; i < sizeof nan / sizeof nan[0]; i++)
        assert_int_equal(fault_of(nan[i]), R2D_NUMBER_NAN);
}

#define NINES38 "99999999999999999999999999999999999999"

static void digits_and_range_have_exact_limits(void **state)
{
    (void)state;
    assert_int_equal(fault_of(NINES38), R2D_NUMBER_OK);
    assert_int_equal(fault_of("-" NINES38), R2D_NUMBER_OK);
    assert_int_equal(fault_of(NINES38 "9"), R2D_NUMBER_DIGITS);
    assert_int_equal(fault_of("0." NINES38), R2D_NUMBER_OK);
    assert_int_equal(fault_of("000" NINES38 "000.000"), R2D_NUMBER_OK);
    assert_int_equal(fault_of("1" NINES38), R2D_NUMBER_DIGITS);
    assert_int_equal(fault_of(NINES38 "e88"), R2D_NUMBER_OK);
    assert_int_equal(fault_of("9." NINES38), R2D_NUMBER_DIGITS);
    assert_int_equal(fault_of("1e125"), R2D_NUMBER_OK);
    assert_int_equal(fault_of("1e126"), R2D_NUMBER_RANGE);
    assert_int_equal(fault_of("-1e126"), R2D_NUMBER_RANGE);
    assert_int_equal(fault_of("10e125"), R2D_NUMBER_RANGE);
    assert_int_equal(fault_of("0.1e126"), R2D_NUMBER_OK);
    assert_int_equal(fault_of("1e-130"), R2D_NUMBER_OK);
    assert_int_equal(fault_of("1e-131"), R2D_NUMBER_RANGE);
    assert_int_equal(fault_of("0.1e-129"), R2D_NUMBER_OK);
    assert_int_equal(fault_of("1e99999999999999999999"), R2D_NUMBER_RANGE);
    assert_int_equal(fault_of("1e-99999999999999999999"), R2D_NUMBER_RANGE);
    assert_int_equal(fault_of("0e99999999999999999999"), R2D_NUMBER_OK);
}

static void sizes_are_those_measured(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } sizes[] = {
        {"0", 1},     {"-0.00", 1},  {"1", 2},       {"12", 2},         {"123", 3},
        {"110", 3},   {"1100", 2},   {"1.5", 3},     {"0.15", 2},       {"0.015", 3},
        {"-42", 3},   {"1E125", 2},  {NINES38, 20},  {NINES38 "0", 21}, {"-" NINES38 "0", 21},
        {"0042", 2},  {"1.200", 3},  {"1e-130", 2},  {"-0.01", 3},      {"99.99", 3},
        {"999.9", 4}, {"0.0001", 2}, {"0.00001", 2}, {"10", 2},         {"100", 2},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        R2dNumber number;
        assert_int_equal(r2d_number_read(r2d_view_of(sizes[i].text), &number), R2D_NUMBER_OK);
        if (r2d_number_bytes(&number) != sizes[i].bytes)
            fail_msg("%s: %zu", sizes[i].text, r2d_number_bytes(&number));
    }
}

static void equal_values_have_one_canonical_text(void **state)
{
    (void)state;
    static const char *const groups[][5] = {
        {"0", "-0", "0.000", "0e7", "+0"},
        {"1", "1.0", "+1", "0001", "10e-1"},
        {"-1.5", "-1.50", "-15e-1", "-.15e1", "-0.00015E4"},
        {"100", "1e2", "1E+2", "100.0", "0.1e3"},
    };
    char texts[4][R2D_NUMBER_CANONICAL_MAX];
    size_t lens[4];
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 5; j++) {
            char text[R2D_NUMBER_CANONICAL_MAX];
            R2dNumber number;
            assert_int_equal(r2d_number_read(r2d_view_of(groups[i][j]), &number), R2D_NUMBER_OK);
            size_t len = r2d_number_canonical(&number, text);
            if (j == 0) {
                memcpy(texts[i], text, len);
                lens[i] = len;
            }
            assert_int_equal(len, lens[i]);
            assert_memory_equal(text, texts[i], len);
        }
        for (int k = 0; k < i; k++)
            assert_false(lens[k] == lens[i] && memcmp(texts[k], texts[i], lens[i]) == 0);
    }
}

static R2dView shorten(bool real, const char *text, char *buffer)
{
    R2dNumber number;
    R2dView shortest;
    R2dNumberFault fault = r2d_number_read(r2d_view_of(text), &number);
    assert_true(fault == R2D_NUMBER_OK || fault == R2D_NUMBER_RANGE || fault == R2D_NUMBER_DIGITS);
    assert_true((real ? r2d_float_text_real : r2d_float_text_double)(r2d_view_of(text), &number,
                                                                     buffer, &shortest));
    return shortest;
}

static void floats_become_short(void **state)
{
    (void)state;
    char buffer[R2D_FLOAT_TEXT_MAX];
    assert_view(shorten(false, "0.10000000000000001", buffer), "0.1");
    assert_view(shorten(false, "0.30000000000000004", buffer), "0.30000000000000004");
    assert_view(shorten(false, "123456.5", buffer), "123456.5");
    assert_view(shorten(false, "1.7976931348623157e+100", buffer), "1.7976931348623157e+100");
    assert_view(shorten(false, "-2.2000000000000002", buffer), "-2.2");
    assert_view(shorten(false, "9.9999999999999995e-07", buffer), "1e-06");
    assert_view(shorten(false, "-1.2345678901234499e-3", buffer), "-0.00123456789012345");
    assert_view(shorten(false, "2.9999999999999999e+15", buffer), "3000000000000000");
    assert_view(shorten(false, "123456789012345680", buffer), "123456789012345680");
    assert_view(shorten(false, "5e-324", buffer), "5e-324");
    assert_view(shorten(false, "9007199254740993.5", buffer), "9007199254740994");
    assert_view(shorten(true, "0.10000000149011612", buffer), "0.1");
    assert_view(shorten(true, "3.4028234663852886e+38", buffer), "3.4028235e+38");
    assert_view(shorten(true, "3.4028235e+38", buffer), "3.4028235e+38");
    assert_view(shorten(true, "1.4012984643248171e-45", buffer), "1.4013e-45");
    assert_view(shorten(true, "16777216", buffer), "16777216");
    assert_view(shorten(true, "0.5", buffer), "0.5");
    assert_view(shorten(true, "-0", buffer), "-0");
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void floats_read_back_to_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = 20150831;
    char text[64], buffer[R2D_FLOAT_TEXT_MAX], copy[R2D_FLOAT_TEXT_MAX];
    for (int i = 0; i < 40000; i++) {
        uint64_t bits = next_random(&seed);
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        if (i % 2 == 0)
            wide = (double)(int64_t)(bits >> 20) / 1000;
        if (isfinite(wide)) {
            snprintf(text, sizeof text, "%.17g", wide);
            R2dView shortest = shorten(false, text, buffer);
            memcpy(copy, shortest.data, shortest.len);
            copy[shortest.len] = '\0';
            assert_true(strtod(copy, NULL) == wide);
        }
        uint32_t narrow_bits = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &narrow_bits, sizeof narrow);
        if (isfinite(narrow)) {
            snprintf(text, sizeof text, "%.17g", (double)narrow);
            R2dView shortest = shorten(true, text, buffer);
            memcpy(copy, shortest.data, shortest.len);
            copy[shortest.len] = '\0';
            assert_true(strtof(copy, NULL) == narrow);
            assert_true(shortest.len <= 17);
        }
    }
}

static void what_no_float_can_be_is_refused(void **state)
{
    (void)state;
    char buffer[R2D_FLOAT_TEXT_MAX], text[200];
    R2dNumber number;
    R2dView shortest;
    R2dView over = R2D_VIEW("1.00000000000000001e39");
    assert_int_equal(r2d_number_read(over, &number), R2D_NUMBER_OK);
    assert_false(r2d_float_text_real(over, &number, buffer, &shortest));
    memset(text, '7', sizeof text);
    assert_int_equal(r2d_number_read(r2d_view(text, sizeof text), &number), R2D_NUMBER_DIGITS);
    assert_false(r2d_float_text_double(r2d_view(text, sizeof text), &number, buffer, &shortest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_is_that_of_dynamodb),
        cmocka_unit_test(digits_and_range_have_exact_limits),
        cmocka_unit_test(sizes_are_those_measured),
        cmocka_unit_test(equal_values_have_one_canonical_text),
        cmocka_unit_test(floats_become_short),
        cmocka_unit_test(floats_read_back_to_the_same_bits),
        cmocka_unit_test(what_no_float_can_be_is_refused),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
