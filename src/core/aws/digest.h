/*
 * digest.h - SHA-256, HMAC and their texts. The only file with OpenSSL is behind it.
 *
 * Nothing here allocates, fails or keeps state.
 */
#ifndef R2D_DIGEST_H
#define R2D_DIGEST_H

#include "../base/bytes.h"

#define R2D_SHA256_SIZE       32
#define R2D_SHA256_HEX_SIZE   64
#define R2D_SHA256_BASE64_LEN 44

void r2d_digest_sha256(R2dView data, unsigned char out[R2D_SHA256_SIZE]);
void r2d_digest_hmac_sha256(R2dView key, R2dView data, unsigned char out[R2D_SHA256_SIZE]);

/* Lower-case hex, 2 * len characters, no terminating zero. */
void r2d_digest_hex(const unsigned char *data, size_t len, char *out);
void r2d_digest_sha256_hex(R2dView data, char out[R2D_SHA256_HEX_SIZE]);

/* As x-amz-checksum-sha256 wants it; terminated. */
void r2d_digest_sha256_base64(R2dView data, char out[R2D_SHA256_BASE64_LEN + 1]);

/* Overwrites a secret in a way no compiler takes out. */
void r2d_digest_wipe(void *data, size_t len);

#endif
