/* key.h - the canonical key of an item: equal bytes = equal keys; private to encode. */
#ifndef R2D_KEY_H
#define R2D_KEY_H

#include "../base/bytes.h"

/*
 * Appends one key value to keys: its length (4 bytes) and its bytes, text decoded, numbers
 * normalised, base64 decoded. `text` is what stands in the attribute value; `escaped`: as it
 * stands in JSON. *value_bytes is the length without the 4 bytes. R2D_OK; R2D_END: not a value of
 * this type; R2D_FAILED: memory (no error text). keys is as before unless R2D_OK.
 */
R2dStatus r2d_key_append(R2dBytes *keys, char type, R2dView text, bool escaped,
                         size_t *value_bytes);

#endif
