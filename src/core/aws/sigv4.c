/* sigv4.c - AWS Signature Version 4: canonical request, string to sign, authorization header. */
#include "sigv4.h"
#include "digest.h"
#include "endpoint.h"

#define ALGORITHM  "AWS4-HMAC-SHA256"
#define TERMINATOR "aws4_request"
#define SECRET_MAX 512

typedef int (*Compare)(const R2dSigv4Pair *a, const R2dSigv4Pair *b);

/* Stable: repeated headers keep their order. The lists are short and often sorted already. */
static void sort_pairs(const R2dSigv4Pair *pairs, int count, Compare compare,
                       const R2dSigv4Pair **sorted)
{
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && compare(sorted[at - 1], &pairs[i]) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &pairs[i];
    }
}

static int compare_names(const R2dSigv4Pair *a, const R2dSigv4Pair *b)
{
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.data, b->name.data, len);
    if (order != 0)
        return order;
    return (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

/* The place of a byte among percent-encoded texts: '%' sorts before every byte that stands for
 * itself, and two encoded bytes sort by value. */
static int encoded_rank(char c)
{
    unsigned char byte = (unsigned char)c;
    return r2d_endpoint_is_unreserved(byte) ? 256 + byte : byte;
}

static int compare_encoded(R2dView a, R2dView b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < len; i++) {
        int order = encoded_rank(a.data[i]) - encoded_rank(b.data[i]);
        if (order != 0)
            return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* By name, then value: the joined "name=value" would sort "a-b=" before "a=". */
static int compare_query(const R2dSigv4Pair *a, const R2dSigv4Pair *b)
{
    int order = compare_encoded(a->name, b->name);
    return order != 0 ? order : compare_encoded(a->value, b->value);
}

static void drop_last_segment(R2dBytes *out, size_t start)
{
    while (out->len > start && out->data[--out->len] != '/')
        ;
}

/* Segments "", "." and ".." are resolved, then what is left is encoded once more. */
static bool append_normalised_path(R2dView path, R2dBytes *out)
{
    size_t start = out->len;
    for (size_t at = 0; at < path.len;) {
        const char *slash = memchr(path.data + at, '/', path.len - at);
        size_t end = slash != NULL ? (size_t)(slash - path.data) : path.len;
        R2dView segment = r2d_view(path.data + at, end - at);
        at = end + 1;
        if (r2d_view_equal(segment, R2D_VIEW("..")))
            drop_last_segment(out, start);
        else if (segment.len > 0 && !r2d_view_equal(segment, R2D_VIEW(".")) &&
                 (!r2d_bytes_append_char(out, '/') || !r2d_endpoint_encode(out, segment, false)))
            return false;
    }
    bool ends_in_slash = path.len == 0 || path.data[path.len - 1] == '/';
    return (out->len > start && !ends_in_slash) || r2d_bytes_append_char(out, '/');
}

static bool append_path(const R2dSigv4Input *input, R2dBytes *out)
{
    if (input->encode_path_again && input->path.len > 1)
        return append_normalised_path(input->path, out);
    return input->path.len == 0 ? r2d_bytes_append_char(out, '/')
                                : r2d_bytes_append_view(out, input->path);
}

static bool append_query(const R2dSigv4Input *input, R2dBytes *out)
{
    const R2dSigv4Pair *sorted[R2D_SIGV4_PAIRS_MAX];
    sort_pairs(input->query, input->query_count, compare_query, sorted);
    for (int i = 0; i < input->query_count; i++) {
        if ((i > 0 && !r2d_bytes_append_char(out, '&')) ||
            !r2d_endpoint_encode(out, sorted[i]->name, false) || !r2d_bytes_append_char(out, '=') ||
            !r2d_endpoint_encode(out, sorted[i]->value, false))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool append_header_value(R2dView value, R2dBytes *out)
{
    if (!r2d_bytes_reserve(out, value.len))
        return false;
    char *to = out->data + out->len;
    bool blank_before = true; /* also drops leading blanks */
    for (size_t i = 0; i < value.len; i++) {
        bool blank = is_blank(value.data[i]);
        if (!blank || !blank_before)
            *to++ = blank ? ' ' : value.data[i];
        blank_before = blank;
    }
    if (blank_before && to > out->data + out->len)
        to--;
    out->len = (size_t)(to - out->data);
    return true;
}

static bool same_name(const R2dSigv4Pair *const *sorted, int i)
{
    return i > 0 && r2d_view_equal(sorted[i - 1]->name, sorted[i]->name);
}

static bool append_headers(const R2dSigv4Pair *const *sorted, int count, R2dBytes *out)
{
    for (int i = 0; i < count; i++) {
        if (same_name(sorted, i)) {
            out->data[out->len - 1] = ','; /* was the line's end */
        } else if (!r2d_bytes_append_view(out, sorted[i]->name) ||
                   !r2d_bytes_append_char(out, ':')) {
            return false;
        }
        if (!append_header_value(sorted[i]->value, out) || !r2d_bytes_append_char(out, '\n'))
            return false;
    }
    return true;
}

static bool append_signed_names(const R2dSigv4Pair *const *sorted, int count, R2dBytes *out)
{
    for (int i = 0; i < count; i++) {
        if (same_name(sorted, i))
            continue;
        if ((i > 0 && !r2d_bytes_append_char(out, ';')) ||
            !r2d_bytes_append_view(out, sorted[i]->name))
            return false;
    }
    return true;
}

R2dStatus r2d_sigv4_canonical_request(const R2dSigv4Input *input, R2dBytes *out, R2dError *err)
{
    const R2dSigv4Pair *sorted[R2D_SIGV4_PAIRS_MAX];
    if (input->header_count > R2D_SIGV4_PAIRS_MAX || input->query_count > R2D_SIGV4_PAIRS_MAX)
        return r2d_fail(err, R2D_ERR_INTERNAL, "too many headers or parameters to sign");
    sort_pairs(input->headers, input->header_count, compare_names, sorted);
    bool ok =
        r2d_bytes_append_text(out, input->method) && r2d_bytes_append_char(out, '\n') &&
        append_path(input, out) && r2d_bytes_append_char(out, '\n') && append_query(input, out) &&
        r2d_bytes_append_char(out, '\n') && append_headers(sorted, input->header_count, out) &&
        r2d_bytes_append_char(out, '\n') && append_signed_names(sorted, input->header_count, out) &&
        r2d_bytes_append_char(out, '\n') && r2d_bytes_append_view(out, input->payload_hash);
    return ok ? R2D_OK : r2d_fail_memory(err);
}

/* "20260131/us-west-2/dynamodb/aws4_request" */
static bool append_scope(const R2dSigv4Input *input, R2dBytes *out)
{
    return r2d_bytes_append(out, input->amz_date, 8) && r2d_bytes_append_char(out, '/') &&
           r2d_bytes_append_text(out, input->region) && r2d_bytes_append_char(out, '/') &&
           r2d_bytes_append_text(out, input->service) && r2d_bytes_append_text(out, "/" TERMINATOR);
}

R2dStatus r2d_sigv4_string_to_sign(const R2dSigv4Input *input, R2dView canonical_request,
                                   R2dBytes *out, R2dError *err)
{
    char hash[R2D_SHA256_HEX_SIZE];
    r2d_digest_sha256_hex(canonical_request, hash);
    bool ok = r2d_bytes_append_text(out, ALGORITHM "\n") &&
              r2d_bytes_append(out, input->amz_date, 16) && r2d_bytes_append_char(out, '\n') &&
              append_scope(input, out) && r2d_bytes_append_char(out, '\n') &&
              r2d_bytes_append(out, hash, sizeof hash);
    return ok ? R2D_OK : r2d_fail_memory(err);
}

static bool is_cached(const R2dSigningKey *cache, const R2dSigv4Input *input, uint32_t generation)
{
    return generation != 0 && cache->generation == generation &&
           memcmp(cache->date, input->amz_date, 8) == 0 &&
           strcmp(cache->region, input->region) == 0 && strcmp(cache->service, input->service) == 0;
}

static void derive_key(R2dView secret, const R2dSigv4Input *input, unsigned char key[32])
{
    char first[4 + SECRET_MAX] = "AWS4";
    const R2dView parts[] = {r2d_view(input->amz_date, 8), r2d_view_of(input->region),
                             r2d_view_of(input->service), R2D_VIEW(TERMINATOR)};
    memcpy(first + 4, secret.data, secret.len);
    R2dView by = r2d_view(first, 4 + secret.len);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        r2d_digest_hmac_sha256(by, parts[i], key);
        by = r2d_view((const char *)key, 32);
    }
    r2d_digest_wipe(first, sizeof first);
}

static R2dStatus refresh_key(const R2dSigv4Input *input, const R2dCredentials *credentials,
                             R2dSigningKey *cache, R2dError *err)
{
    R2dView secret = r2d_bytes_view(&credentials->secret_access_key);
    if (secret.len == 0 || credentials->access_key_id.len == 0)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "there are no AWS credentials to sign with");
    if (secret.len > SECRET_MAX || strlen(input->region) >= sizeof cache->region ||
        strlen(input->service) >= sizeof cache->service)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "the AWS secret key or the region is too long");
    derive_key(secret, input, cache->key);
    r2d_text_copy(cache->date, sizeof cache->date, input->amz_date, 8);
    r2d_text_copy(cache->region, sizeof cache->region, input->region, strlen(input->region));
    r2d_text_copy(cache->service, sizeof cache->service, input->service, strlen(input->service));
    cache->generation = credentials->generation;
    return R2D_OK;
}

R2dStatus r2d_sigv4_authorization(const R2dSigv4Input *input, const R2dCredentials *credentials,
                                  R2dSigningKey *cache, R2dView string_to_sign, R2dBytes *out,
                                  R2dError *err)
{
    const R2dSigv4Pair *sorted[R2D_SIGV4_PAIRS_MAX];
    unsigned char mac[R2D_SHA256_SIZE];
    char signature[R2D_SHA256_HEX_SIZE];
    if (input->header_count > R2D_SIGV4_PAIRS_MAX)
        return r2d_fail(err, R2D_ERR_INTERNAL, "too many headers to sign");
    if (!is_cached(cache, input, credentials->generation) &&
        refresh_key(input, credentials, cache, err) != R2D_OK)
        return R2D_FAILED;
    r2d_digest_hmac_sha256(r2d_view((const char *)cache->key, sizeof cache->key), string_to_sign,
                           mac);
    r2d_digest_hex(mac, sizeof mac, signature);
    sort_pairs(input->headers, input->header_count, compare_names, sorted);
    bool ok = r2d_bytes_append_text(out, ALGORITHM " Credential=") &&
              r2d_bytes_append_view(out, r2d_bytes_view(&credentials->access_key_id)) &&
              r2d_bytes_append_char(out, '/') && append_scope(input, out) &&
              r2d_bytes_append_text(out, ", SignedHeaders=") &&
              append_signed_names(sorted, input->header_count, out) &&
              r2d_bytes_append_text(out, ", Signature=") &&
              r2d_bytes_append(out, signature, sizeof signature);
    return ok ? R2D_OK : r2d_fail_memory(err);
}
