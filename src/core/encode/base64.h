/* base64.h - bytes as hex (from Redshift) and as base64 (to DynamoDB); private to encode. */
#ifndef R2D_BASE64_H
#define R2D_BASE64_H

#include "../base/bytes.h"

#include <stdint.h>

/* Bytes written as base64 while they come in pieces; a zeroed struct begins. */
typedef struct R2dBase64 {
    uint32_t bits;
    int pending; /* bytes in bits: 0 to 2 */
} R2dBase64;

/* Decodes hex (both cases) and writes base64; out has room for hex.len bytes and 4 more. Returns
 * the length written, or -1 when it is no hex. */
ptrdiff_t r2d_base64_add_hex(R2dBase64 *state, R2dView hex, char *out);

/* Writes the last group with its padding (0 or 4 bytes). */
size_t r2d_base64_finish(R2dBase64 *state, char *out);

/* Bytes that padded standard base64 stands for, -1 when it is none; out has room for 3 bytes per 4
 * characters. */
ptrdiff_t r2d_base64_decode(R2dView text, char *out);

#endif
