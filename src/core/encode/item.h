/*
 * item.h - one row to one write request of a BatchWriteItem body, with its size and its key.
 *
 * Limits and sizes are DynamoDB's (facts: aws 1.2, 1.3, 2.1 - 2.4). What cannot arrive as it left
 * is refused with a reason, never changed.
 */
#ifndef R2D_ITEM_H
#define R2D_ITEM_H

#include "../base/status.h"
#include "../decode/row.h"
#include "mapping.h"

#define R2D_ITEM_BYTES_MAX          409600
#define R2D_PARTITION_KEY_BYTES_MAX 2048
#define R2D_SORT_KEY_BYTES_MAX      1024
#define R2D_NUMBER_DIGITS_MAX       38
#define R2D_NESTING_MAX             31 /* wrappers above a scalar, the top-level value counts as 1 */

typedef struct R2dItem {
    size_t request_bytes;    /* appended to the request */
    size_t item_bytes;       /* size as DynamoDB counts it */
    int write_units;         /* max(1, ceil(item_bytes / 1024)) */
    uint64_t key_hash;       /* of the canonical key; equal keys have equal hashes */
    uint64_t partition_hash; /* of the partition key alone */
    size_t key_bytes;        /* appended to the keys buffer */
} R2dItem;

/*
 * Appends to `request` one write request, {"PutRequest":{"Item":{...}}} or
 * {"DeleteRequest":{"Key":{...}}} without a comma, and to `keys` the canonical key (length-prefixed
 * partition and sort key; strings decoded, numbers normalised, so that equal bytes = equal keys).
 * R2D_OK: *item is filled. R2D_END: the row cannot be an item: *reason says why, both buffers are
 * as before. R2D_FAILED: memory. Room behind the end of keys is used as scratch.
 * Codes: key_null, key_empty, key_size, value_type, value_too_long, number_syntax, number_nan,
 * number_digits, number_range, date_range, interval_syntax, bytes_syntax, nesting,
 * attribute_name, duplicate_name, item_size.
 */
R2dStatus r2d_item_encode(const R2dMapping *mapping, const R2dRow *row, R2dBytes *request,
                          R2dBytes *keys, R2dItem *item, R2dReason *reason, R2dError *err);

/*
 * The canonical key of an item or key given as DynamoDB JSON attribute values (what comes back in
 * UnprocessedItems): the text of each key attribute, decoded from JSON, bytes still as base64; its
 * type letter is that of the mapping. Numbers may have been normalised by the service. Appended to
 * keys; false when memory is out or the value is no valid key.
 */
bool r2d_item_canonical_key(const R2dMapping *mapping, R2dView partition_value, R2dView sort_value,
                            R2dBytes *keys);

/*
 * The key of a row as JSON text for people ({"id":"x","n":1}), for rejects; columns that are NULL
 * or absent show as null. Best effort on a bad row. false when memory is out.
 */
bool r2d_item_key_text(const R2dMapping *mapping, const R2dRow *row, R2dBytes *text);

#endif
