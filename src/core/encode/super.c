/*
 * super.c - nested JSON to the M and L of DynamoDB, without recursion.
 *
 * The text was checked by the scanner; bounds are checked here all the same.
 */
#include "super.h"

#include "../base/text.h"
#include "distinct.h"
#include "item.h"
#include "number.h"

typedef struct Level {
    bool object;
    size_t first_name; /* index of its first name in walk->names */
} Level;

typedef struct Walk {
    R2dEncoding *encoding;
    const R2dMappedColumn *mapped;
    const char *at;
    const char *end;
    Level levels[R2D_NESTING_MAX];
    int depth;
    bool name_next; /* the next string is a name of the innermost object */
    size_t out_start;
    R2dDistinct names;
} Walk;

static R2dStatus reject(const Walk *walk, const char *code, const char *text)
{
    return r2d_attribute_reject(walk->encoding, walk->mapped, code, text);
}

static bool is_too_large(const Walk *walk)
{
    return walk->encoding->item_bytes - walk->encoding->numbers > R2D_ITEM_BYTES_MAX;
}

/* Makes room for a token; a value that is too large already is only counted, not written. */
static bool make_room(Walk *walk, size_t more)
{
    if (is_too_large(walk))
        walk->encoding->out->len = walk->out_start;
    return r2d_attribute_reserve(walk->encoding, more);
}

static void put(Walk *walk, R2dView text)
{
    r2d_attribute_put(walk->encoding->out, text.data, text.len);
}

/* Every element of a list counts one byte more; in an object its name counted it. */
static void count(Walk *walk, size_t bytes)
{
    bool element = walk->depth > 0 && !walk->levels[walk->depth - 1].object;
    walk->encoding->item_bytes += bytes + (element ? 1 : 0);
}

static R2dStatus open_level(Walk *walk, bool object)
{
    if (walk->depth == R2D_NESTING_MAX)
        return reject(walk, "nesting", "is nested deeper than the 31 levels that DynamoDB takes");
    count(walk, 3);
    walk->levels[walk->depth++] = (Level){object, walk->names.count};
    put(walk, object ? R2D_VIEW("{\"M\":{") : R2D_VIEW("{\"L\":["));
    walk->name_next = object;
    walk->at++;
    return R2D_OK;
}

static R2dStatus close_level(Walk *walk)
{
    if (walk->depth == 0)
        return reject(walk, "value_type", "is not valid JSON");
    Level level = walk->levels[--walk->depth];
    put(walk, level.object ? R2D_VIEW("}}") : R2D_VIEW("]}"));
    walk->name_next = false;
    walk->at++;
    if (level.object && !r2d_distinct_check(&walk->names, level.first_name))
        return reject(walk, "duplicate_name", "has an object in which a name occurs twice");
    return R2D_OK;
}

/* The text of the string that begins here, moved behind it; false when it does not end. */
static bool read_string(Walk *walk, R2dValue *value)
{
    const char *begin = ++walk->at;
    *value = (R2dValue){.kind = R2D_VALUE_STRING};
    while (walk->at < walk->end && *walk->at != '"') {
        value->escaped |= *walk->at == '\\';
        value->control |= (unsigned char)*walk->at < 0x20;
        walk->at += *walk->at == '\\' ? 2 : 1;
    }
    if (walk->at >= walk->end)
        return false;
    value->raw = r2d_view(begin, (size_t)(walk->at - begin));
    walk->at++;
    return true;
}

static void put_text(Walk *walk, const R2dValue *value)
{
    R2dBytes *out = walk->encoding->out;
    if (value->control)
        out->len += r2d_text_escape_control(value->raw, out->data + out->len);
    else
        put(walk, value->raw);
}

static R2dStatus encode_name(Walk *walk, const R2dValue *name, size_t len)
{
    if (name->raw.len == 0)
        return reject(walk, "attribute_name", "has an object with an empty name");
    walk->encoding->item_bytes += len + 1;
    put(walk, R2D_VIEW("\""));
    put_text(walk, name);
    put(walk, R2D_VIEW("\""));
    walk->name_next = false;
    bool noted = is_too_large(walk) || r2d_distinct_add(&walk->names, name->raw);
    return noted ? R2D_OK : R2D_FAILED;
}

static R2dStatus encode_string(Walk *walk)
{
    R2dValue value;
    if (!read_string(walk, &value))
        return reject(walk, "value_type", "is not valid JSON");
    if (!make_room(walk, value.raw.len * (value.control ? R2D_TEXT_GROWTH : 1)))
        return R2D_FAILED;
    size_t len = value.escaped ? r2d_text_decoded_len(value.raw) : value.raw.len;
    if (walk->name_next)
        return encode_name(walk, &value, len);
    count(walk, len);
    put(walk, R2D_VIEW("{\"S\":\""));
    put_text(walk, &value);
    put(walk, R2D_VIEW("\"}"));
    return R2D_OK;
}

static bool in_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static R2dStatus encode_number(Walk *walk)
{
    R2dNumber number;
    const char *begin = walk->at;
    while (walk->at < walk->end && in_number(*walk->at))
        walk->at++;
    R2dView token = r2d_view(begin, (size_t)(walk->at - begin));
    R2dNumberFault fault = r2d_number_read(token, &number);
    if (fault != R2D_NUMBER_OK)
        return reject(walk, r2d_number_fault_code(fault), r2d_number_fault_text(fault));
    if (!make_room(walk, token.len))
        return R2D_FAILED;
    count(walk, r2d_number_bytes(&number));
    walk->encoding->numbers++;
    put(walk, R2D_VIEW("{\"N\":\""));
    put(walk, token);
    put(walk, R2D_VIEW("\"}"));
    return R2D_OK;
}

static R2dStatus encode_word(Walk *walk)
{
    static const struct {
        R2dView word;
        R2dView value;
    } words[] = {
        {{"true", 4}, {"{\"BOOL\":true}", 13}},
        {{"false", 5}, {"{\"BOOL\":false}", 14}},
        {{"null", 4}, {"{\"NULL\":true}", 13}},
    };
    R2dView rest = r2d_view(walk->at, (size_t)(walk->end - walk->at));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (r2d_view_starts(rest, words[i].word)) {
            count(walk, 1);
            put(walk, words[i].value);
            walk->at += words[i].word.len;
            return R2D_OK;
        }
    }
    return reject(walk, "value_type", "is not valid JSON");
}

static R2dStatus encode_mark(Walk *walk)
{
    char c = *walk->at++;
    if (c != ',' && c != ':')
        return R2D_OK; /* a blank */
    walk->name_next = c == ',' && walk->depth > 0 && walk->levels[walk->depth - 1].object;
    put(walk, r2d_view(&c, 1));
    return R2D_OK;
}

static R2dStatus encode_token(Walk *walk)
{
    char c = *walk->at;
    if (c == '"')
        return encode_string(walk);
    if (in_number(c) && c != 'e' && c != 'E')
        return encode_number(walk);
    if (!make_room(walk, 0))
        return R2D_FAILED;
    if (c == '{' || c == '[')
        return open_level(walk, c == '{');
    if (c == '}' || c == ']')
        return close_level(walk);
    if (c >= 'a' && c <= 'z')
        return encode_word(walk);
    return encode_mark(walk);
}

R2dStatus r2d_super_encode(R2dEncoding *encoding, const R2dMappedColumn *mapped, R2dView raw)
{
    Walk walk = {.encoding = encoding,
                 .mapped = mapped,
                 .at = raw.data,
                 .end = raw.data + raw.len,
                 .out_start = encoding->out->len};
    R2dStatus status = R2D_OK;
    r2d_distinct_begin(&walk.names, encoding->scratch);
    while (status == R2D_OK && walk.at < walk.end)
        status = encode_token(&walk);
    return status;
}
