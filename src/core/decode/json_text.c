/* json_text.c - the tokens of JSON, checked and not decoded. */
#include "json_text.h"

#include "../base/utf8.h"
#include "block.h"

bool r2d_json_fault(R2dJsonCursor *cursor, const char *at, const char *code, const char *text)
{
    if (cursor->fault_code == NULL) {
        cursor->fault_at = at;
        cursor->fault_code = code;
        cursor->fault_text = text;
    }
    return false;
}

static bool check_utf8(R2dJsonCursor *cursor, R2dView text)
{
    const unsigned char *at = (const unsigned char *)text.data, *end = at + text.len;
    while (at < end) {
        uint64_t eight;
        if (end - at >= 8 && (memcpy(&eight, at, 8), eight & UINT64_C(0x8080808080808080)) == 0) {
            at += 8;
        } else if (*at < 0x80) {
            at++;
        } else {
            int len = r2d_utf8_len(at, end);
            if (len == 0)
                return r2d_json_fault(cursor, (const char *)at, "row_utf8",
                                      "the text is not valid UTF-8");
            at += len;
        }
    }
    return true;
}

/* The value of four hex digits, -1 when they are none. */
static int hex4(const char *at, const char *end)
{
    int value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = r2d_hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_simple_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    default:
        return false;
    }
}

/* Bytes of the escape whose backslash is at `at`, 0 when it is not valid. */
static int escape_len(const char *at, const char *end)
{
    if (end - at < 2)
        return 0;
    if (at[1] != 'u')
        return is_simple_escape(at[1]) ? 2 : 0;
    int unit = hex4(at + 2, end);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 6;
    if (end - at < 8 || at[6] != '\\' || at[7] != 'u')
        return 0;
    int low = hex4(at + 8, end);
    return low >= 0xDC00 && low <= 0xDFFF ? 12 : 0;
}

static bool check_escapes(R2dJsonCursor *cursor, R2dView text)
{
    const char *at = text.data, *end = at + text.len;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        int len = escape_len(at, end);
        if (len == 0)
            return r2d_json_fault(cursor, at, "row_escape",
                                  "the escape is not valid or half of a surrogate pair");
        at += len;
    }
    return true;
}

/* What a string contains, as far as it was looked at. */
typedef struct StringMarks {
    bool escaped;
    uint64_t control;
    uint64_t high;
} StringMarks;

/* The closing quote of a string whose text begins at `at`, or `end`. */
static const char *find_quote(const char *at, const char *end, const char *readable,
                              StringMarks *marks)
{
    while (at < end) {
        if (readable - at >= R2D_BLOCK_BYTES) {
            R2dBlock block = r2d_block_load(at);
            if (block.stop == 0) {
                marks->control |= block.control;
                marks->high |= block.high;
                at += R2D_BLOCK_BYTES;
                continue;
            }
            uint64_t before = (block.stop & -block.stop) - 1;
            marks->control |= block.control & before;
            marks->high |= block.high & before;
            at += r2d_block_first(block.stop);
        } else if (*at != '"' && *at != '\\') {
            marks->control |= (unsigned char)*at < 0x20;
            marks->high |= (unsigned char)*at >= 0x80;
            at++;
            continue;
        }
        if (*at == '"')
            return at < end ? at : end;
        marks->escaped = true;
        at += 2;
    }
    return end;
}

bool r2d_json_string(R2dJsonCursor *cursor, R2dValue *value)
{
    StringMarks marks = {0};
    const char *begin = cursor->at + 1;
    const char *quote = find_quote(begin, cursor->end, cursor->readable, &marks);
    if (quote >= cursor->end)
        return r2d_json_fault(cursor, cursor->at, "row_syntax",
                              "the line ends within the string that begins");
    R2dView raw = r2d_view(begin, (size_t)(quote - begin));
    if (marks.high != 0 && !check_utf8(cursor, raw))
        return false;
    if (marks.escaped && !check_escapes(cursor, raw))
        return false;
    const char *zero = marks.control != 0 ? memchr(raw.data, '\0', raw.len) : NULL;
    if (zero != NULL)
        return r2d_json_fault(cursor, zero, "row_zero_byte", "a zero byte stands in the text");
    cursor->at = quote + 1;
    *value = (R2dValue){R2D_VALUE_STRING, marks.escaped, marks.control != 0, raw};
    return true;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

bool r2d_json_number(R2dJsonCursor *cursor, R2dView *token)
{
    const char *begin = cursor->at, *end = cursor->end;
    const char *at = begin + (*begin == '-');
    const char *digits = at;
    at = skip_digits(at, end);
    bool valid = at > digits && (at == digits + 1 || *digits != '0');
    if (valid && at < end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, end);
        valid = at > digits;
    }
    if (valid && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        digits = at;
        at = skip_digits(digits, end);
        valid = at > digits;
    }
    if (!valid)
        return r2d_json_fault(cursor, begin, "row_syntax", "there is no valid number");
    *token = r2d_view(begin, (size_t)(at - begin));
    cursor->at = at;
    return true;
}

bool r2d_json_word(R2dJsonCursor *cursor, R2dView word)
{
    const char *behind = cursor->at + word.len;
    if ((size_t)(cursor->end - cursor->at) < word.len ||
        memcmp(cursor->at, word.data, word.len) != 0)
        return false;
    if (behind < cursor->end &&
        ((*behind >= 'a' && *behind <= 'z') || (*behind >= 'A' && *behind <= 'Z') ||
         (*behind >= '0' && *behind <= '9') || *behind == '_'))
        return false;
    cursor->at = behind;
    return true;
}
