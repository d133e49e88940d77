/* test_crc32.c - our CRC-32 is zlib's. */
#include "unit.h"

#include "base/crc32.h"

#include <zlib.h>

static void every_length_and_alignment_agrees_with_zlib(void **state)
{
    (void)state;
    unsigned char data[700];
    uint32_t seed = 3;
    for (size_t i = 0; i < sizeof data; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (unsigned char)(seed >> 24);
    }
    for (size_t at = 0; at < 9; at++) {
        for (size_t len = 0; len <= sizeof data - at; len++) {
            uint32_t ours = r2d_crc32(r2d_view((const char *)data + at, len));
            assert_int_equal(ours, crc32(0, data + at, (uInt)len));
        }
    }
}

static void the_check_value_of_the_algorithm(void **state)
{
    (void)state;
    assert_int_equal(r2d_crc32(R2D_VIEW("123456789")), 0xCBF43926);
    assert_int_equal(r2d_crc32(r2d_view(NULL, 0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_alignment_agrees_with_zlib),
        cmocka_unit_test(the_check_value_of_the_algorithm),
    };
    return cmocka_run_group_tests_name("crc32", tests, NULL, NULL);
}
