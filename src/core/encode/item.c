/* item.c - one row to one write request, with its size and its key. */
#include "item.h"

#include "../base/hash.h"
#include "attribute.h"
#include "key.h"

#include <stdio.h>

/* Where the text of a key value stands in the request. */
typedef struct KeyPlace {
    size_t offset;
    size_t len;
} KeyPlace;

typedef struct ItemWork {
    const R2dMapping *mapping;
    const R2dRow *row;
    R2dEncoding encoding;
    KeyPlace partition;
    KeyPlace sort;
} ItemWork;

static const R2dView put_opening = {"{\"PutRequest\":{\"Item\":{", 23};
static const R2dView delete_opening = {"{\"DeleteRequest\":{\"Key\":{", 25};

/* Room for every value as it is; SUPER makes its own. */
static size_t row_bytes(const R2dMapping *mapping, const R2dRow *row)
{
    size_t bytes = mapping->fixed_bytes;
    for (int i = 0; i < mapping->file_column_count; i++) {
        if (row->values[i].kind != R2D_VALUE_NESTED)
            bytes += row->values[i].raw.len;
    }
    return bytes;
}

static R2dStatus encode_column(ItemWork *work, const R2dMappedColumn *mapped)
{
    const R2dValue *values = &work->row->values[mapped->first_value];
    R2dBytes *out = work->encoding.out;
    size_t start = out->len;
    if (mapped->column.key == R2D_KEY_NONE)
        return r2d_attribute_encode(&work->encoding, mapped, values);
    if (r2d_attribute_is_null(values))
        return r2d_attribute_reject(&work->encoding, mapped, "key_null", "is a key and NULL");
    R2dStatus status = r2d_attribute_encode(&work->encoding, mapped, values);
    if (status != R2D_OK)
        return status;
    KeyPlace *place = mapped->column.key == R2D_KEY_PARTITION ? &work->partition : &work->sort;
    place->offset = start + mapped->open.len;
    place->len = out->len - strlen("\"},") - place->offset;
    return R2D_OK;
}

/* All attributes. Of an item that is too large only the size is worked out. */
static R2dStatus encode_columns(ItemWork *work)
{
    R2dEncoding *encoding = &work->encoding;
    size_t start = encoding->out->len;
    bool keys_only = work->mapping->mode == R2D_WRITE_DELETE;
    for (int i = 0; i < work->mapping->column_count; i++) {
        const R2dMappedColumn *mapped = &work->mapping->columns[i];
        if (keys_only && mapped->column.key == R2D_KEY_NONE)
            continue;
        R2dStatus status = encode_column(work, mapped);
        if (status != R2D_OK)
            return status;
        if (encoding->item_bytes - encoding->numbers > R2D_ITEM_BYTES_MAX)
            encoding->out->len = start;
    }
    if (encoding->item_bytes - encoding->numbers <= R2D_ITEM_BYTES_MAX)
        return R2D_OK;
    r2d_reason_set(encoding->reason, "item_size",
                   "the item has %zu bytes, more than the %d that DynamoDB takes",
                   encoding->item_bytes, R2D_ITEM_BYTES_MAX);
    return R2D_END;
}

static R2dStatus append_key(ItemWork *work, R2dBytes *keys, const R2dKeySpec *key, KeyPlace place,
                            size_t limit)
{
    char text[80];
    size_t bytes;
    const R2dMappedColumn *mapped = &work->mapping->columns[key->column];
    R2dView value = r2d_view(work->encoding.out->data + place.offset, place.len);
    R2dStatus status = r2d_key_append(keys, key->type, value, true, &bytes);
    if (status != R2D_OK || key->type == 'N')
        return status;
    if (bytes == 0)
        return r2d_attribute_reject(&work->encoding, mapped, "key_empty", "is a key and empty");
    if (bytes <= limit)
        return R2D_OK;
    snprintf(text, sizeof text, "is a key and has %zu bytes, more than %zu", bytes, limit);
    return r2d_attribute_reject(&work->encoding, mapped, "key_size", text);
}

static R2dStatus append_keys(ItemWork *work, R2dBytes *keys, R2dItem *item)
{
    const R2dMapping *mapping = work->mapping;
    size_t start = keys->len;
    R2dStatus status = append_key(work, keys, &mapping->partition_key, work->partition,
                                  R2D_PARTITION_KEY_BYTES_MAX);
    if (status != R2D_OK)
        return status;
    item->partition_hash = r2d_hash(keys->data + start, keys->len - start);
    item->key_hash = item->partition_hash;
    if (mapping->sort_key.column >= 0) {
        status = append_key(work, keys, &mapping->sort_key, work->sort, R2D_SORT_KEY_BYTES_MAX);
        if (status != R2D_OK)
            return status;
        item->key_hash = r2d_hash(keys->data + start, keys->len - start);
    }
    item->key_bytes = keys->len - start;
    return R2D_OK;
}

static R2dStatus encode_request(ItemWork *work, R2dBytes *keys, R2dItem *item)
{
    R2dBytes *out = work->encoding.out;
    bool put = work->mapping->mode == R2D_WRITE_PUT;
    size_t start = out->len;
    if (!r2d_attribute_reserve(&work->encoding, 0))
        return R2D_FAILED;
    R2dView opening = put ? put_opening : delete_opening;
    r2d_attribute_put(out, opening.data, opening.len);
    R2dStatus status = encode_columns(work);
    if (status != R2D_OK)
        return status;
    out->len--; /* the comma behind the last attribute */
    r2d_attribute_put(out, "}}}", 3);
    item->request_bytes = out->len - start;
    item->item_bytes = work->encoding.item_bytes;
    item->write_units = (int)((item->item_bytes + 1023) / 1024);
    return append_keys(work, keys, item);
}

R2dStatus r2d_item_encode(const R2dMapping *mapping, const R2dRow *row, R2dBytes *request,
                          R2dBytes *keys, R2dItem *item, R2dReason *reason, R2dError *err)
{
    size_t request_before = request->len, keys_before = keys->len;
    if (row->value_count < mapping->file_column_count)
        return r2d_fail(err, R2D_ERR_INTERNAL, "the row has %d values, its mapping %d",
                        row->value_count, mapping->file_column_count);
    ItemWork work = {.mapping = mapping,
                     .row = row,
                     .encoding = {.out = request,
                                  .scratch = keys,
                                  .reason = reason,
                                  .reserved = row_bytes(mapping, row)}};
    R2dStatus status = encode_request(&work, keys, item);
    if (status == R2D_OK)
        return R2D_OK;
    request->len = request_before;
    keys->len = keys_before;
    return status == R2D_FAILED ? r2d_fail_memory(err) : status;
}
