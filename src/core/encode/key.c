/* key.c - the canonical key of an item, and the key of a row for people. */
#include "key.h"

#include "../base/text.h"
#include "base64.h"
#include "item.h"
#include "number.h"

static ptrdiff_t write_number(R2dView text, char *out)
{
    R2dNumber number;
    if (r2d_number_read(text, &number) != R2D_NUMBER_OK)
        return -1;
    return (ptrdiff_t)r2d_number_canonical(&number, out);
}

static ptrdiff_t write_text(R2dView text, bool escaped, char *out)
{
    if (escaped)
        return (ptrdiff_t)r2d_text_decode(text, out);
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    return (ptrdiff_t)text.len;
}

R2dStatus r2d_key_append(R2dBytes *keys, char type, R2dView text, bool escaped, size_t *value_bytes)
{
    uint32_t prefix;
    if (!r2d_bytes_reserve(keys, sizeof prefix + text.len + R2D_NUMBER_CANONICAL_MAX))
        return R2D_FAILED;
    char *out = keys->data + keys->len + sizeof prefix;
    ptrdiff_t len = type == 'N'   ? write_number(text, out)
                    : type == 'B' ? r2d_base64_decode(text, out)
                                  : write_text(text, escaped, out);
    if (len < 0)
        return R2D_END;
    prefix = (uint32_t)len;
    memcpy(keys->data + keys->len, &prefix, sizeof prefix);
    keys->len += sizeof prefix + (size_t)len;
    *value_bytes = (size_t)len;
    return R2D_OK;
}

bool r2d_item_canonical_key(const R2dMapping *mapping, R2dView partition_value, R2dView sort_value,
                            R2dBytes *keys)
{
    size_t before = keys->len, bytes;
    const R2dKeySpec *sort = &mapping->sort_key;
    R2dStatus status =
        r2d_key_append(keys, mapping->partition_key.type, partition_value, false, &bytes);
    if (status == R2D_OK && sort->column >= 0)
        status = r2d_key_append(keys, sort->type, sort_value, false, &bytes);
    if (status != R2D_OK)
        keys->len = before;
    return status == R2D_OK;
}

enum { SHOWN_BYTES_MAX = 4096 };

static bool append_string(R2dBytes *text, const R2dValue *value)
{
    R2dView shown = r2d_text_cut(value->raw, SHOWN_BYTES_MAX);
    if (!r2d_bytes_append_char(text, '"') || !r2d_bytes_reserve(text, shown.len * R2D_TEXT_GROWTH))
        return false;
    text->len += r2d_text_escape_control(shown, text->data + text->len);
    return (shown.len == value->raw.len || r2d_bytes_append_text(text, "...")) &&
           r2d_bytes_append_char(text, '"');
}

static bool append_value(R2dBytes *text, const R2dMappedColumn *mapped, const R2dRow *row)
{
    R2dValue none = {.kind = R2D_VALUE_ABSENT};
    const R2dValue *value =
        mapped->first_value < row->value_count ? &row->values[mapped->first_value] : &none;
    if (!r2d_bytes_append_view(text, r2d_bytes_view(&mapped->prefix)))
        return false;
    switch (value->kind) {
    case R2D_VALUE_STRING:
        return append_string(text, value);
    case R2D_VALUE_TRUE:
        return r2d_bytes_append_text(text, "true");
    case R2D_VALUE_FALSE:
        return r2d_bytes_append_text(text, "false");
    case R2D_VALUE_NUMBER:
        if (value->raw.len <= SHOWN_BYTES_MAX)
            return r2d_bytes_append_view(text, value->raw);
        break;
    default: /* a key is never nested */
        break;
    }
    return r2d_bytes_append_text(text, "null");
}

bool r2d_item_key_text(const R2dMapping *mapping, const R2dRow *row, R2dBytes *text)
{
    size_t before = text->len;
    int sort = mapping->sort_key.column;
    bool done = r2d_bytes_append_char(text, '{') &&
                append_value(text, &mapping->columns[mapping->partition_key.column], row) &&
                (sort < 0 || (r2d_bytes_append_char(text, ',') &&
                              append_value(text, &mapping->columns[sort], row))) &&
                r2d_bytes_append_char(text, '}');
    if (!done)
        text->len = before;
    return done;
}
