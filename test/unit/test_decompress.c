/* test_decompress.c - files are recognised by their first bytes and streamed, whole or not at all.
 */
#include "unit.h"

#include "decode/decompress.h"
#include "source_memory.h"
#include "split_source.h"

#include <zlib.h>
#include <zstd.h>

static R2dBytes packed, plain;

static int begin(void **state)
{
    (void)state;
    r2d_bytes_init(&packed, &r2d_alloc_libc);
    r2d_bytes_init(&plain, &r2d_alloc_libc);
    return 0;
}

static int end(void **state)
{
    (void)state;
    r2d_bytes_free(&packed);
    r2d_bytes_free(&plain);
    return 0;
}

static void add_gzip(const char *data, size_t len)
{
    z_stream stream = {0};
    size_t room = len + len / 100 + 200;
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_true(r2d_bytes_reserve(&packed, room));
    stream.next_in = (z_const Bytef *)data;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)packed.data + packed.len;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.len += stream.total_out;
    deflateEnd(&stream);
}

static void add_zstd(const char *data, size_t len)
{
    size_t room = ZSTD_compressBound(len);
    assert_true(r2d_bytes_reserve(&packed, room));
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t made = ZSTD_compress2(context, packed.data + packed.len, room, data, len);
    ZSTD_freeCCtx(context);
    assert_false(ZSTD_isError(made));
    packed.len += made;
}

/* Reads everything of a source into plain, in pieces that are bounded or not; the status that ended
 * it. */
static R2dStatus unpack_source(const R2dAlloc *alloc, R2dSource *source, bool bounded,
                               R2dError *err)
{
    R2dStatus status;
    R2dView piece;
    plain.len = 0;
    source = r2d_decompress_open(alloc, source, err);
    if (source == NULL)
        return R2D_FAILED;
    while ((status = r2d_source_read(source, &piece, err)) == R2D_OK || status == R2D_AGAIN) {
        assert_true(status == R2D_AGAIN || (piece.len > 0 && piece.len <= R2D_DECOMPRESS_CHUNK) ||
                    !bounded);
        if (status == R2D_OK)
            assert_true(r2d_bytes_append_view(&plain, piece));
    }
    R2dError again_err;
    assert_int_equal(r2d_source_read(source, &piece, &again_err), status);
    if (status == R2D_FAILED)
        assert_string_equal(again_err.message, err->message);
    r2d_source_close(source);
    return status;
}

static R2dStatus unpack(const R2dAlloc *alloc, R2dView data, size_t chunk, bool again,
                        R2dError *err)
{
    R2dSource *source = r2d_source_memory_open(alloc, data, chunk, again);
    if (source == NULL)
        return r2d_fail_memory(err);
    return unpack_source(alloc, source, chunk > 0, err);
}

enum { EVERY_CUT_BYTES = 4096 };

/* Cut in two at every byte; in what is long, at every byte of its first and last 4 KB. */
static void expect_every_cut(const char *text, size_t len)
{
    R2dError err;
    for (size_t cut = 0; cut <= packed.len; cut++) {
        if (cut == EVERY_CUT_BYTES && packed.len > (size_t)2 * EVERY_CUT_BYTES)
            cut = packed.len - EVERY_CUT_BYTES;
        assert_int_equal(unpack_source(&r2d_alloc_libc,
                                       split_source_open(r2d_bytes_view(&packed), cut), false,
                                       &err),
                         R2D_END);
        assert_int_equal(plain.len, len);
        assert_memory_equal(plain.data, text, len);
    }
}

static void expect(const char *text, size_t len)
{
    R2dError err;
    expect_every_cut(text, len);
    for (size_t chunk = 0; chunk <= packed.len + 1; chunk += chunk < 40 ? 1 : 97) {
        for (int again = 0; again < 2; again++) {
            assert_int_equal(
                unpack(&r2d_alloc_libc, r2d_bytes_view(&packed), chunk, again != 0, &err), R2D_END);
            assert_int_equal(plain.len, len);
            assert_memory_equal(plain.data, text, len);
        }
    }
}

static void expect_error(R2dView data, const char *words)
{
    for (size_t chunk = 0; chunk < 12; chunk++) {
        R2dError err = {0};
        assert_int_equal(unpack(&r2d_alloc_libc, data, chunk, chunk % 2 == 1, &err), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_DATA);
        if (strstr(err.message, words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
}

static void plain_bytes_pass_whatever_their_chunks(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"c0\":1}\n", "\x1f",          "\x28\xb5\x2f", "P",
                                        "\x50\x2a\x4d", "\x28\xb5\x2f!", "\x1f\x1f\x8b"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        packed.len = 0;
        assert_true(r2d_bytes_append_text(&packed, texts[i]));
        expect(texts[i], strlen(texts[i]));
    }
}

static void an_empty_object_is_an_empty_file(void **state)
{
    (void)state;
    R2dError err;
    assert_int_equal(unpack(&r2d_alloc_libc, R2D_VIEW(""), 0, true, &err), R2D_END);
    assert_int_equal(plain.len, 0);
}

static void gzip_with_several_members_is_one_file(void **state)
{
    (void)state;
    add_gzip("hello ", 6);
    add_gzip("", 0);
    add_gzip("world", 5);
    expect("hello world", 11);
}

static void zstd_frames_and_skippable_frames_are_one_file(void **state)
{
    (void)state;
    static const char skippable[] = "\x53\x2a\x4d\x18\x03\x00\x00\x00xyz";
    assert_true(r2d_bytes_append(&packed, skippable, sizeof skippable - 1));
    add_zstd("hello ", 6);
    assert_true(r2d_bytes_append(&packed, skippable, sizeof skippable - 1));
    add_zstd("", 0);
    add_zstd("world", 5);
    assert_true(r2d_bytes_append(&packed, skippable, sizeof skippable - 1));
    expect("hello world", 11);
}

static void large_output_comes_in_bounded_chunks(void **state)
{
    (void)state;
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    unsigned noise = 1;
    while (text.len < 700000) {
        noise = noise * 1664525 + 1013904223;
        assert_true(r2d_bytes_appendf(&text, "{\"c0\":%u,\"c1\":\"same text again\"}\n", noise));
    }
    R2dError err;
    for (int zstd = 0; zstd < 2; zstd++) {
        packed.len = 0;
        (zstd ? add_zstd : add_gzip)(text.data, text.len);
        for (size_t chunk = 0; chunk < 5000; chunk = chunk * 3 + 777) {
            assert_int_equal(unpack(&r2d_alloc_libc, r2d_bytes_view(&packed), chunk, false, &err),
                             R2D_END);
            assert_int_equal(plain.len, text.len);
            assert_memory_equal(plain.data, text.data, text.len);
        }
    }
    r2d_bytes_free(&text);
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    for (int zstd = 0; zstd < 2; zstd++) {
        packed.len = 0;
        (zstd ? add_zstd : add_gzip)("some text, some text, some text", 31);
        for (size_t len = zstd ? 4 : 2; len < packed.len; len++)
            expect_error(r2d_view(packed.data, len), "ends too early");
    }
}

static void corrupt_bytes_are_an_error_with_their_position(void **state)
{
    (void)state;
    add_gzip("some text, some text, some text", 31);
    packed.data[packed.len - 6] ^= 1; /* the checksum */
    expect_error(r2d_bytes_view(&packed), "gzip data is not valid at byte");
    packed.len = 0;
    add_zstd("some text, some text, some text", 31);
    packed.data[packed.len - 2] ^= 1;
    expect_error(r2d_bytes_view(&packed), "zstd data is not valid at byte");
}

static void bytes_behind_a_stream_are_an_error(void **state)
{
    (void)state;
    for (int zstd = 0; zstd < 2; zstd++) {
        packed.len = 0;
        (zstd ? add_zstd : add_gzip)("text", 4);
        size_t len = packed.len;
        assert_true(r2d_bytes_append(&packed, "\0\0\0\0", 4));
        expect_error(r2d_bytes_view(&packed), "not valid at byte");
        packed.len = len;
        assert_true(r2d_bytes_append_text(&packed, "{\"c0\":1}\n"));
        expect_error(r2d_bytes_view(&packed), "not valid at byte");
    }
}

static void a_window_over_the_cap_is_refused(void **state)
{
    (void)state;
    /* A frame header alone: no single segment, window log 28. */
    static const char header[] = "\x28\xb5\x2f\xfd\x00\x90";
    R2dError err;
    assert_true(r2d_bytes_append(&packed, header, sizeof header - 1));
    assert_true(r2d_bytes_append(&packed, "\x01\x00\x00", 3));
    assert_int_equal(unpack(&r2d_alloc_libc, r2d_bytes_view(&packed), 0, false, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_LIMIT);
}

static void failed_allocations_leak_nothing(void **state)
{
    (void)state;
    for (int zstd = 0; zstd < 2; zstd++) {
        packed.len = 0;
        (zstd ? add_zstd : add_gzip)("some text, some text, some text", 31);
        R2dStatus status = R2D_FAILED;
        for (long fail_at = 1; status == R2D_FAILED; fail_at++) {
            UnitAlloc unit;
            R2dError err = {0};
            unit_alloc_init(&unit);
            unit.fail_at = fail_at;
            status = unpack(&unit.alloc, r2d_bytes_view(&packed), 7, false, &err);
            assert_int_equal(err.kind, status == R2D_FAILED ? R2D_ERR_MEMORY : R2D_ERR_NONE);
            assert_int_equal(unit.live, 0);
        }
        assert_int_equal(status, R2D_END);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_bytes_pass_whatever_their_chunks),
        TEST(an_empty_object_is_an_empty_file),
        TEST(gzip_with_several_members_is_one_file),
        TEST(zstd_frames_and_skippable_frames_are_one_file),
        TEST(large_output_comes_in_bounded_chunks),
        TEST(every_truncation_is_an_error),
        TEST(corrupt_bytes_are_an_error_with_their_position),
        TEST(bytes_behind_a_stream_are_an_error),
        TEST(a_window_over_the_cap_is_refused),
        TEST(failed_allocations_leak_nothing),
    };
    return cmocka_run_group_tests_name("decompress", tests, NULL, NULL);
}
