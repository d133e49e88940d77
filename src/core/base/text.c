/* text.c - JSON string text: its length, decoding, comparing. */
#include "text.h"

#include "hash.h"

static unsigned hex4(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        value = value * 16 + (c <= '9' ? c - 0x30u : (c | 0x20u) - 0x61u + 10u);
    }
    return value;
}

static size_t utf8_len(unsigned code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* One escape: how many raw bytes it takes and the code point it stands for. An escape that
 * is cut short (the scanner lets none through) stands for its backslash. */
static size_t read_escape(const char *at, const char *end, unsigned *code)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    *code = '\\';
    if (end - at < 2)
        return 1;
    if (at[1] != 'u') {
        const char *simple = memchr(from, at[1], sizeof from - 1);
        *code = (unsigned char)(simple != NULL ? to[simple - from] : at[1]);
        return 2;
    }
    if (end - at < 6)
        return 1;
    *code = hex4(at + 2);
    if (*code < 0xD800 || *code > 0xDBFF || end - at < 12)
        return 6;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (hex4(at + 8) - 0xDC00);
    return 12;
}

size_t r2d_text_decoded_len(R2dView raw)
{
    const char *at = raw.data, *end = raw.data + raw.len;
    size_t len = raw.len;
    while (at < end && (at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        unsigned code;
        size_t taken = read_escape(at, end, &code);
        len -= taken - utf8_len(code);
        at += taken;
    }
    return len;
}

static size_t put_utf8(char *out, unsigned code)
{
    size_t len = utf8_len(code);
    if (len == 1) {
        out[0] = (char)code;
        return 1;
    }
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> len) | code);
    return len;
}

/* One character or escape, decoded into out (4 bytes); moves *at. */
static size_t decode_one(const char **at, const char *end, char *out)
{
    unsigned code;
    if (**at != '\\') {
        out[0] = *(*at)++;
        return 1;
    }
    *at += read_escape(*at, end, &code);
    return put_utf8(out, code);
}

size_t r2d_text_decode(R2dView raw, char *out)
{
    const char *at = raw.data, *end = raw.data + raw.len;
    char *target = out;
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((slash != NULL ? slash : end) - at);
        memcpy(target, at, plain);
        target += plain;
        at += plain;
        if (at < end)
            target += decode_one(&at, end, target);
    }
    return (size_t)(target - out);
}

size_t r2d_text_escape_control(R2dView raw, char *out)
{
    static const char hex[] = "0123456789abcdef";
    char *target = out;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char c = (unsigned char)raw.data[i];
        if (c >= 0x20) {
            *target++ = (char)c;
            continue;
        }
        memcpy(target, "\\u00", 4);
        target[4] = hex[c >> 4];
        target[5] = hex[c & 0xF];
        target += 6;
    }
    return (size_t)(target - out);
}

/* Decoded bytes of a text, one run after the other. */
typedef struct Decoded {
    const char *at;
    const char *end;
    char bytes[4];
    size_t first; /* bytes[first..len) are not taken yet */
    size_t len;
} Decoded;

/* The next decoded byte, -1 at the end. */
static int next_byte(Decoded *text)
{
    if (text->first == text->len) {
        if (text->at == text->end)
            return -1;
        text->len = decode_one(&text->at, text->end, text->bytes);
        text->first = 0;
    }
    return (unsigned char)text->bytes[text->first++];
}

bool r2d_text_equal(R2dView a, R2dView b)
{
    Decoded left = {.at = a.data, .end = a.data + a.len};
    Decoded right = {.at = b.data, .end = b.data + b.len};
    int byte;
    do {
        byte = next_byte(&left);
        if (byte != next_byte(&right))
            return false;
    } while (byte >= 0);
    return true;
}

/* Hashed in parts of the decoded text, so that spelling does not matter. */
enum { HASH_PART = 64 };

static uint64_t hash_part(uint64_t hash, const char *part, size_t len)
{
    return r2d_hash_mix(hash ^ r2d_hash(part, len), UINT64_C(0x9E3779B97F4A7C15));
}

uint64_t r2d_text_hash(R2dView raw)
{
    Decoded text = {.at = raw.data, .end = raw.data + raw.len};
    bool plain = raw.len == 0 || memchr(raw.data, '\\', raw.len) == NULL;
    uint64_t hash = 0;
    char part[HASH_PART];
    size_t len = HASH_PART;
    for (size_t done = 0; plain && done < raw.len; done += len) {
        len = raw.len - done < HASH_PART ? raw.len - done : HASH_PART;
        hash = hash_part(hash, raw.data + done, len);
    }
    while (!plain && len == HASH_PART) {
        int byte;
        for (len = 0; len < HASH_PART && (byte = next_byte(&text)) >= 0;)
            part[len++] = (char)byte;
        if (len > 0)
            hash = hash_part(hash, part, len);
    }
    return hash;
}

R2dView r2d_text_cut(R2dView raw, size_t max_len)
{
    const char *at = raw.data, *end = raw.data + raw.len;
    if (raw.len <= max_len)
        return raw;
    while (at < end) {
        unsigned code;
        unsigned char c = (unsigned char)*at;
        size_t len = c == '\\'   ? read_escape(at, end, &code)
                     : c >= 0xF0 ? 4
                     : c >= 0xE0 ? 3
                     : c >= 0xC0 ? 2
                                 : 1;
        if ((size_t)(at - raw.data) + len > max_len)
            break;
        at += len;
    }
    return r2d_view(raw.data, (size_t)(at - raw.data));
}

bool r2d_text_append_quoted(R2dBytes *out, R2dView plain)
{
    if (!r2d_bytes_reserve(out, plain.len * R2D_TEXT_GROWTH + 2))
        return false;
    out->data[out->len++] = '"';
    for (size_t i = 0; i < plain.len; i++) {
        char c = plain.data[i];
        if (c == '"' || c == '\\')
            out->data[out->len++] = '\\';
        out->len += r2d_text_escape_control(r2d_view(&c, 1), out->data + out->len);
    }
    out->data[out->len++] = '"';
    return true;
}
