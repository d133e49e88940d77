/* attribute.c - one value of a row to one attribute of an item. */
#include "attribute.h"

#include "../base/text.h"
#include "base64.h"
#include "calendar.h"
#include "float_text.h"
#include "super.h"

enum { PLAIN_MAX = 256 };

static const R2dView close_quoted = {"\"},", 3};

const char *r2d_attribute_opening(R2dColumnType type)
{
    switch (r2d_column_attribute_type(type)[0]) {
    case 'S':
        return "{\"S\":\"";
    case 'N':
        return "{\"N\":\"";
    case 'B':
        return r2d_column_attribute_type(type)[1] == '\0' ? "{\"B\":\"" : "{\"BOOL\":";
    default:
        return "";
    }
}

bool r2d_attribute_reserve(R2dEncoding *encoding, size_t more)
{
    return r2d_bytes_reserve(encoding->out, encoding->reserved + R2D_ATTRIBUTE_SPARE + more);
}

R2dStatus r2d_attribute_reject(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                               const char *code, const char *text)
{
    char name[128];
    r2d_text_copy(name, sizeof name, mapped->column.name.data, mapped->column.name.len);
    r2d_reason_set(encoding->reason, code, "column \"%s\" %s", name, text);
    return R2D_END;
}

static R2dStatus wrong_kind(R2dEncoding *encoding, const R2dMappedColumn *mapped)
{
    return r2d_attribute_reject(encoding, mapped, "value_type",
                                "has a value in the file that does not fit its type");
}

static inline void put(R2dEncoding *encoding, R2dView text)
{
    r2d_attribute_put(encoding->out, text.data, text.len);
}

static inline void put_open(R2dEncoding *encoding, const R2dMappedColumn *mapped)
{
    R2dBytes *out = encoding->out;
    if (mapped->open.len > R2D_ATTRIBUTE_STRIDE)
        memcpy(out->data + out->len, mapped->open.data, mapped->open.len);
    else
        memcpy(out->data + out->len, mapped->open.data, R2D_ATTRIBUTE_STRIDE);
    out->len += mapped->open.len;
}

static void add_size(R2dEncoding *encoding, const R2dMappedColumn *mapped, size_t value_bytes)
{
    encoding->item_bytes += mapped->name_bytes + value_bytes;
}

/* The decoded text of a string or number; what an escape makes longer than PLAIN_MAX is none of
 * the short texts that the typed columns have. */
static bool plain_text(const R2dValue *value, char buffer[PLAIN_MAX], R2dView *text)
{
    *text = value->raw;
    if (value->kind != R2D_VALUE_STRING && value->kind != R2D_VALUE_NUMBER)
        return false;
    if (!value->escaped)
        return true;
    if (value->raw.len > PLAIN_MAX)
        return false;
    *text = r2d_view(buffer, r2d_text_decode(value->raw, buffer));
    return true;
}

static R2dStatus encode_string(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                               const R2dValue *value)
{
    R2dView raw = value->raw;
    if (value->kind != R2D_VALUE_STRING)
        return wrong_kind(encoding, mapped);
    if (mapped->column.type == R2D_COL_CHAR) {
        while (raw.len > 0 && raw.data[raw.len - 1] == ' ')
            raw.len--;
    }
    if (value->control && !r2d_attribute_reserve(encoding, raw.len * R2D_TEXT_GROWTH))
        return R2D_FAILED;
    put_open(encoding, mapped);
    if (value->control)
        encoding->out->len +=
            r2d_text_escape_control(raw, encoding->out->data + encoding->out->len);
    else
        put(encoding, raw);
    put(encoding, close_quoted);
    add_size(encoding, mapped, value->escaped ? r2d_text_decoded_len(raw) : raw.len);
    return R2D_OK;
}

/* Text that was made or checked here: no escapes, no control bytes. */
static R2dStatus put_plain(R2dEncoding *encoding, const R2dMappedColumn *mapped, R2dView text,
                           R2dView behind)
{
    put_open(encoding, mapped);
    put(encoding, text);
    put(encoding, behind);
    put(encoding, close_quoted);
    add_size(encoding, mapped, text.len + behind.len);
    return R2D_OK;
}

/* Makes floats short, unless that alone leaves the range, and reads them again. */
static R2dNumberFault shorten(R2dColumnType type, R2dView *text, R2dNumber *number, char *buffer)
{
    R2dView shortest;
    bool known = type == R2D_COL_REAL ? r2d_float_text_real(*text, number, buffer, &shortest)
                                      : r2d_float_text_double(*text, number, buffer, &shortest);
    if (!known)
        return R2D_NUMBER_RANGE;
    *text = shortest;
    R2dNumberFault fault = r2d_number_read(shortest, number);
    if (fault != R2D_NUMBER_RANGE || type != R2D_COL_DOUBLE ||
        !r2d_float_text_double_full(shortest, buffer, text))
        return fault;
    return r2d_number_read(*text, number);
}

static R2dStatus put_number(R2dEncoding *encoding, const R2dMappedColumn *mapped, R2dView text)
{
    char buffer[R2D_FLOAT_TEXT_MAX];
    R2dColumnType type = mapped->column.type;
    R2dNumber number;
    R2dNumberFault fault = r2d_number_read(text, &number);
    bool is_float = type == R2D_COL_REAL || type == R2D_COL_DOUBLE;
    if (is_float && fault != R2D_NUMBER_SYNTAX && fault != R2D_NUMBER_NAN)
        fault = shorten(type, &text, &number, buffer);
    if (fault != R2D_NUMBER_OK)
        return r2d_attribute_reject(encoding, mapped, r2d_number_fault_code(fault),
                                    r2d_number_fault_text(fault));
    put_open(encoding, mapped);
    put(encoding, text);
    put(encoding, close_quoted);
    add_size(encoding, mapped, r2d_number_bytes(&number));
    encoding->numbers++;
    return R2D_OK;
}

static R2dStatus encode_number(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                               const R2dValue *value)
{
    char buffer[PLAIN_MAX];
    R2dView text;
    if (!plain_text(value, buffer, &text))
        return wrong_kind(encoding, mapped);
    return put_number(encoding, mapped, text);
}

static R2dStatus put_boolean(R2dEncoding *encoding, const R2dMappedColumn *mapped, bool value)
{
    put_open(encoding, mapped);
    put(encoding, value ? R2D_VIEW("true},") : R2D_VIEW("false},"));
    add_size(encoding, mapped, 1);
    return R2D_OK;
}

static R2dStatus encode_boolean(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                                const R2dValue *value)
{
    char buffer[PLAIN_MAX];
    R2dView text = {"", 0};
    if (value->kind == R2D_VALUE_STRING)
        plain_text(value, buffer, &text);
    bool yes = value->kind == R2D_VALUE_TRUE || r2d_view_equal(text, R2D_VIEW("true")) ||
               r2d_view_equal(text, R2D_VIEW("t"));
    bool no = value->kind == R2D_VALUE_FALSE || r2d_view_equal(text, R2D_VIEW("false")) ||
              r2d_view_equal(text, R2D_VIEW("f"));
    return yes || no ? put_boolean(encoding, mapped, yes) : wrong_kind(encoding, mapped);
}

static R2dStatus encode_date(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                             const R2dValue *value)
{
    char buffer[PLAIN_MAX];
    R2dColumnType type = mapped->column.type;
    R2dView text;
    if (value->kind != R2D_VALUE_STRING || !plain_text(value, buffer, &text) ||
        !(type == R2D_COL_DATE ? r2d_calendar_is_date(text) : r2d_calendar_is_timestamp(text)))
        return r2d_attribute_reject(encoding, mapped, "date_range",
                                    "has a date outside of the years 1 to 9999");
    return put_plain(encoding, mapped, text,
                     type == R2D_COL_TIMESTAMP_TZ ? R2D_VIEW("Z") : R2D_VIEW(""));
}

static R2dStatus encode_interval(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                                 const R2dValue *value)
{
    char buffer[PLAIN_MAX], iso[PLAIN_MAX + 8];
    R2dView text;
    size_t len = 0;
    if (value->kind == R2D_VALUE_STRING && plain_text(value, buffer, &text) &&
        text.len <= PLAIN_MAX)
        len = r2d_calendar_interval(text, iso);
    if (len == 0)
        return r2d_attribute_reject(encoding, mapped, "interval_syntax",
                                    "has an interval that cannot be read");
    return put_plain(encoding, mapped, r2d_view(iso, len), R2D_VIEW(""));
}

static R2dStatus encode_bytes(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                              const R2dValue *pieces)
{
    R2dBytes *out = encoding->out;
    R2dBase64 state = {0};
    size_t hex_len = 0;
    bool ended = false;
    put_open(encoding, mapped);
    for (int i = 0; i < mapped->column.piece_count; i++) {
        if (r2d_attribute_is_null(&pieces[i])) {
            ended = true;
            continue;
        }
        ptrdiff_t len = -1;
        if (pieces[i].kind == R2D_VALUE_STRING && !(ended && pieces[i].raw.len > 0))
            len = r2d_base64_add_hex(&state, pieces[i].raw, out->data + out->len);
        if (len < 0)
            return r2d_attribute_reject(encoding, mapped, "bytes_syntax",
                                        "has bytes that are no hex");
        out->len += (size_t)len;
        hex_len += pieces[i].raw.len;
    }
    out->len += r2d_base64_finish(&state, out->data + out->len);
    put(encoding, close_quoted);
    add_size(encoding, mapped, hex_len / 2);
    return R2D_OK;
}

static R2dStatus encode_ewkt(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                             const R2dValue *value)
{
    if (value->kind == R2D_VALUE_STRING &&
        r2d_view_equal(value->raw, R2D_VIEW(R2D_VALUE_UNREPRESENTABLE)))
        return r2d_attribute_reject(encoding, mapped, "value_too_long",
                                    "has a geometry whose text is too long to be unloaded");
    return encode_string(encoding, mapped, value);
}

/* A scalar of a SUPER: the same as a column of its type, but the opening is not prepared. */
static R2dStatus encode_super(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                              const R2dValue *value)
{
    R2dMappedColumn scalar = *mapped;
    char open[R2D_ATTRIBUTE_STRIDE] = "";
    put_open(encoding, mapped);
    if (value->kind == R2D_VALUE_NESTED) {
        encoding->item_bytes += mapped->name_bytes;
        R2dStatus status = r2d_super_encode(encoding, mapped, value->raw);
        if (status == R2D_OK)
            put(encoding, R2D_VIEW(","));
        return status;
    }
    bool is_string = value->kind == R2D_VALUE_STRING, is_number = value->kind == R2D_VALUE_NUMBER;
    scalar.column.type = is_string ? R2D_COL_TEXT : is_number ? R2D_COL_DECIMAL : R2D_COL_BOOLEAN;
    const char *text = r2d_attribute_opening(scalar.column.type);
    memcpy(open, text, strlen(text));
    scalar.open = (R2dBytes){.data = open, .len = strlen(text)};
    return is_string   ? encode_string(encoding, &scalar, value)
           : is_number ? encode_number(encoding, &scalar, value)
                       : encode_boolean(encoding, &scalar, value);
}

static R2dStatus encode_null(R2dEncoding *encoding, const R2dMappedColumn *mapped)
{
    if (mapped->column.null_rule == R2D_NULL_OMIT)
        return R2D_OK;
    put(encoding, r2d_bytes_view(&mapped->prefix));
    put(encoding, R2D_VIEW("{\"NULL\":true},"));
    add_size(encoding, mapped, 1);
    return R2D_OK;
}

/* Bytes whose first piece is missing are no NULL. */
static bool is_all_null(const R2dMappedColumn *mapped, const R2dValue *values)
{
    for (int i = 1; i < mapped->column.piece_count; i++)
        if (!r2d_attribute_is_null(&values[i]) && values[i].raw.len > 0)
            return false;
    return true;
}

R2dStatus r2d_attribute_encode(R2dEncoding *encoding, const R2dMappedColumn *mapped,
                               const R2dValue *values)
{
    if (r2d_attribute_is_null(values) && is_all_null(mapped, values))
        return encode_null(encoding, mapped);
    switch (mapped->column.type) {
    case R2D_COL_INTEGER:
    case R2D_COL_DECIMAL:
    case R2D_COL_REAL:
    case R2D_COL_DOUBLE:
        return encode_number(encoding, mapped, values);
    case R2D_COL_BOOLEAN:
        return encode_boolean(encoding, mapped, values);
    case R2D_COL_TEXT:
    case R2D_COL_CHAR:
        return encode_string(encoding, mapped, values);
    case R2D_COL_DATE:
    case R2D_COL_TIMESTAMP:
    case R2D_COL_TIMESTAMP_TZ:
        return encode_date(encoding, mapped, values);
    case R2D_COL_INTERVAL:
        return encode_interval(encoding, mapped, values);
    case R2D_COL_BYTES:
        return encode_bytes(encoding, mapped, values);
    case R2D_COL_SUPER:
        return encode_super(encoding, mapped, values);
    case R2D_COL_EWKT:
        return encode_ewkt(encoding, mapped, values);
    }
    return wrong_kind(encoding, mapped);
}
