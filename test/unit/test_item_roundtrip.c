/*
 * test_item_roundtrip.c - what goes into an item comes out of it.
 *
 * Random values are written to a line of a file in random spellings, encoded, and read back with
 * another JSON parser and a decoder of our own here; sizes are counted by the generator.
 */
#include "item_fixture.h"

#include "base/json.h"

typedef struct Maker {
    uint64_t seed;
    R2dBytes *file;  /* as the warehouse might write it */
    R2dBytes *plain; /* one spelling for each value */
    size_t bytes;    /* as DynamoDB counts */
} Maker;

static unsigned below(Maker *maker, unsigned limit)
{
    maker->seed ^= maker->seed << 13;
    maker->seed ^= maker->seed >> 7;
    maker->seed ^= maker->seed << 17;
    return (unsigned)((maker->seed >> 11) % limit);
}

static void add(R2dBytes *out, const char *text)
{
    assert_true(r2d_bytes_append_text(out, text));
}

static size_t add_utf8(R2dBytes *out, unsigned code)
{
    char text[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3F));
    text[0] = (char)(lead[len] | code);
    assert_true(r2d_bytes_append(out, text, len));
    return len;
}

static void add_escape(R2dBytes *out, unsigned code)
{
    if (code >= 0x10000) {
        code -= 0x10000;
        assert_true(r2d_bytes_appendf(out, "\\u%04x\\u%04X", 0xD800 + (code >> 10),
                                      0xDC00 + (code & 0x3FF)));
        return;
    }
    assert_true(r2d_bytes_appendf(out, "\\u%04x", code));
}

static unsigned any_code(Maker *maker)
{
    static const unsigned edges[] = {1,      9,       0x1F,    0x20,     '"',    '\\',   '/',
                                     0x7F,   0x80,    0x7FF,   0x800,    0xD7FF, 0xE000, 0xFFFD,
                                     0xFFFF, 0x10000, 0x1F600, 0x10FFFF, 0x2028, 0x5D0,  0x4E2D};
    switch (below(maker, 4)) {
    case 0:
        return edges[below(maker, sizeof edges / sizeof edges[0])];
    case 1:
        return 0x4E00 + below(maker, 0x5000);
    default:
        return 0x20 + below(maker, 0x5F);
    }
}

/* A string in both spellings; its UTF-8 length. */
static size_t make_string(Maker *maker, unsigned length, const char *unique)
{
    size_t bytes = strlen(unique);
    R2dBytes text;
    r2d_bytes_init(&text, &r2d_alloc_libc);
    add(maker->file, "\"");
    add(maker->file, unique);
    add(&text, unique);
    for (unsigned i = 0; i < length; i++) {
        unsigned code = any_code(maker);
        bytes += add_utf8(&text, code);
        if (code == '\n' || below(maker, 8) == 0)
            add_escape(maker->file, code);
        else if (code == '"' || code == '\\')
            assert_true(r2d_bytes_appendf(maker->file, "\\%c", (int)code));
        else if (code == 9 && below(maker, 2) == 0)
            add(maker->file, "\\t");
        else
            add_utf8(maker->file, code);
    }
    add(maker->file, "\"");
    assert_true(r2d_json_append_string(maker->plain, r2d_bytes_view(&text)));
    r2d_bytes_free(&text);
    return bytes;
}

/* Counts base-100 digits from the point on, the long way. */
static size_t number_bytes(const char *whole, const char *fraction, bool negative)
{
    char digits[64] = "";
    size_t pad = strlen(whole) % 2;
    strcat(strcat(strcat(digits, pad ? "0" : ""), whole), fraction);
    if (strlen(digits) % 2 != 0)
        strcat(digits, "0");
    size_t pairs = strlen(digits) / 2, first = 0, last = pairs;
    while (first < last && memcmp(digits + 2 * first, "00", 2) == 0)
        first++;
    while (last > first && memcmp(digits + 2 * last - 2, "00", 2) == 0)
        last--;
    return last == first ? 1 : 1 + (last - first) + negative;
}

static size_t make_number(Maker *maker)
{
    char whole[24] = "", fraction[24] = "", text[64];
    unsigned whole_len = 1 + below(maker, 18), fraction_len = below(maker, 19);
    bool negative = below(maker, 2) == 0;
    whole[0] = (char)(whole_len == 1 ? '0' + below(maker, 10) : '1' + below(maker, 9));
    for (unsigned i = 1; i < whole_len; i++)
        whole[i] = (char)(below(maker, 3) == 0 ? '0' : '0' + below(maker, 10));
    for (unsigned i = 0; i < fraction_len; i++)
        fraction[i] = (char)(below(maker, 3) == 0 ? '0' : '0' + below(maker, 10));
    text[0] = '\0';
    strcat(strcat(strcat(strcat(text, negative ? "-" : ""), whole), fraction_len > 0 ? "." : ""),
           fraction);
    add(maker->file, text);
    add(maker->plain, text);
    return number_bytes(whole, fraction, negative);
}

/* A value of any kind, its size. */
static size_t make_value(Maker *maker, int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    unsigned kind = below(maker, depth < 6 ? 7 : 4);
    if (kind < 2)
        return make_string(maker, below(maker, 30), "");
    if (kind == 2)
        return make_number(maker);
    if (kind == 3) {
        const char *word = words[below(maker, 3)];
        add(maker->file, word);
        add(maker->plain, word);
        return 1;
    }
    size_t bytes = 3;
    unsigned count = below(maker, 6);
    bool object = kind > 4;
    add(maker->file, object ? "{ " : "[");
    add(maker->plain, object ? "{" : "[");
    for (unsigned i = 0; i < count; i++) {
        char unique[8] = {(char)('a' + i), '\0'};
        if (i > 0) {
            add(maker->file, below(maker, 2) ? " , " : ",");
            add(maker->plain, ",");
        }
        bytes += 1;
        if (object) {
            bytes += make_string(maker, below(maker, 10), unique);
            add(maker->file, ":");
            add(maker->plain, ":");
        }
        bytes += make_value(maker, depth + 1);
    }
    add(maker->file, object ? "}" : "] ");
    add(maker->plain, object ? "}" : "]");
    return bytes;
}

/* Back from an attribute value of DynamoDB to plain JSON. */
static void decode(R2dJsonNode value, R2dBytes *out);

static bool decode_member(void *context, R2dView name, R2dJsonNode value)
{
    R2dBytes *out = context;
    if (out->data[out->len - 1] != '{')
        add(out, ",");
    assert_true(r2d_json_append_string(out, name));
    add(out, ":");
    decode(value, out);
    return true;
}

static void decode(R2dJsonNode value, R2dBytes *out)
{
    R2dView text;
    bool truth;
    R2dJsonNode list = r2d_json_member(value, "L"), map = r2d_json_member(value, "M");
    if (r2d_json_text(r2d_json_member(value, "S"), &text)) {
        assert_true(r2d_json_append_string(out, text));
    } else if (r2d_json_text(r2d_json_member(value, "N"), &text)) {
        assert_true(r2d_bytes_append_view(out, text));
    } else if (r2d_json_bool(r2d_json_member(value, "BOOL"), &truth)) {
        add(out, truth ? "true" : "false");
    } else if (r2d_json_bool(r2d_json_member(value, "NULL"), &truth)) {
        assert_true(truth);
        add(out, "null");
    } else if (list != NULL) {
        add(out, "[");
        for (int i = 0; i < r2d_json_length(list); i++) {
            add(out, i > 0 ? "," : "");
            decode(r2d_json_element(list, i), out);
        }
        add(out, "]");
    } else {
        assert_true(r2d_json_is_object(map));
        add(out, "{");
        r2d_json_each(map, decode_member, out);
        add(out, "}");
    }
}

static void expect_back(const Outcome *outcome, R2dView plain)
{
    R2dJson *json;
    R2dError err;
    R2dBytes back;
    r2d_bytes_init(&back, &r2d_alloc_libc);
    R2dView request = r2d_view(outcome->request.data + 6, outcome->item.request_bytes);
    if (r2d_json_parse(&r2d_alloc_libc, request, &json, &err) != R2D_OK)
        fail_msg("%s", err.message);
    R2dJsonNode put = r2d_json_member(r2d_json_root(json), "PutRequest");
    R2dJsonNode value = r2d_json_member(r2d_json_member(put, "Item"), "v");
    if (value == NULL)
        add(&back, "null");
    else
        decode(value, &back);
    if (!r2d_view_equal(r2d_bytes_view(&back), plain))
        fail_msg("%.*s\nis not\n%.*s", (int)back.len, back.data, (int)plain.len, plain.data);
    r2d_json_free(json);
    r2d_bytes_free(&back);
}

static void nested_values_come_back(void **state)
{
    (void)state;
    R2dBytes file, plain;
    r2d_bytes_init(&file, &r2d_alloc_libc);
    r2d_bytes_init(&plain, &r2d_alloc_libc);
    Maker maker = {.seed = 20150831, .file = &file, .plain = &plain};
    of_type(R2D_COL_SUPER);
    for (int i = 0; i < 3000; i++) {
        file.len = plain.len = 0;
        add(&file, "{\"c0\":\"x\",\"c1\":");
        size_t bytes = make_value(&maker, 0);
        add(&file, "}\n");
        bool null = r2d_view_equal(r2d_bytes_view(&plain), R2D_VIEW("null"));
        Outcome *outcome = encode(r2d_bytes_view(&file));
        assert_int_equal(outcome->status, R2D_OK);
        assert_int_equal(outcome->item.item_bytes, 2 + (null ? 0 : 1 + bytes));
        expect_back(outcome, r2d_bytes_view(&plain));
    }
    r2d_bytes_free(&file);
    r2d_bytes_free(&plain);
}

static void text_comes_back(void **state)
{
    (void)state;
    R2dBytes file, plain;
    r2d_bytes_init(&file, &r2d_alloc_libc);
    r2d_bytes_init(&plain, &r2d_alloc_libc);
    Maker maker = {.seed = 42, .file = &file, .plain = &plain};
    for (int i = 0; i < 3000; i++) {
        file.len = plain.len = 0;
        add(&file, "{\"c0\":\"x\",\"c1\":");
        size_t bytes = make_string(&maker, below(&maker, 200), "");
        add(&file, "}\n");
        Outcome *outcome = encode(r2d_bytes_view(&file));
        assert_int_equal(outcome->status, R2D_OK);
        assert_int_equal(outcome->item.item_bytes, 3 + bytes);
        expect_back(outcome, r2d_bytes_view(&plain));
    }
    r2d_bytes_free(&file);
    r2d_bytes_free(&plain);
}

static int sextet(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
                                  : 63;
}

static void bytes_come_back_from_any_pieces(void **state)
{
    (void)state;
    R2dBytes file;
    r2d_bytes_init(&file, &r2d_alloc_libc);
    Maker maker = {.seed = 7};
    of_type(R2D_COL_BYTES);
    fixture.columns[1].piece_count = 3;
    for (int i = 0; i < 1000; i++) {
        unsigned char bytes[200];
        unsigned len = below(&maker, 200), first = below(&maker, len + 1);
        unsigned second = first + below(&maker, len - first + 1);
        file.len = 0;
        add(&file, "{\"c0\":\"x\",\"c1\":\"");
        for (unsigned k = 0; k < len; k++) {
            bytes[k] = (unsigned char)below(&maker, 256);
            add(&file, k == first ? "\",\"c1_1\":\"" : "");
            add(&file, k == second ? (second == first ? "" : "\",\"c1_2\":\"") : "");
            assert_true(r2d_bytes_appendf(&file, below(&maker, 2) ? "%02x" : "%02X", bytes[k]));
        }
        add(&file, "\"}\n");
        Outcome *outcome = encode(r2d_bytes_view(&file));
        assert_int_equal(outcome->status, R2D_OK);
        assert_int_equal(outcome->item.item_bytes, 3 + len);
        const char *text = strstr(r2d_bytes_text(&outcome->request), "{\"B\":\"") + 6;
        for (unsigned k = 0; k < len; k++) {
            unsigned group = k / 3 * 4, part = k % 3;
            int bits = sextet(text[group + part]) << 6 | sextet(text[group + part + 1]);
            assert_int_equal(bits >> (4 - 2 * part) & 0xFF, bytes[k]);
        }
        assert_int_equal(strchr(text, '"') - text, (len + 2) / 3 * 4);
    }
    r2d_bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(text_comes_back),
        FIXTURE_TEST(nested_values_come_back),
        FIXTURE_TEST(bytes_come_back_from_any_pieces),
    };
    return cmocka_run_group_tests_name("item_roundtrip", tests, NULL, NULL);
}
