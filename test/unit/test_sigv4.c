/*
 * test_sigv4.c - every stage of the signature against the cases in test/vectors/sigv4.
 *
 * A case is a folder: context.json and request.txt are the input, the other files what each stage
 * must give. The s3-doc-* cases are the examples of the S3 documentation.
 */
#include "unit.h"

#include "aws/digest.h"
#include "aws/sigv4.h"
#include "base/json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define VECTORS "test/vectors/sigv4"
#define MAX     24

typedef struct Case {
    R2dBytes context_text, request_text, raw, expected, actual;
    R2dJson *context;
    R2dCredentials credentials;
    R2dSigv4Input input;
    R2dSigv4Pair headers[MAX], query[MAX];
    char method[16], region[64], service[32], payload_hash[R2D_SHA256_HEX_SIZE];
    R2dView body;
    size_t head_len; /* of request_text, without the blank line */
} Case;

static void read_case_file(const char *name, const char *file, R2dBytes *out)
{
    char path[256];
    snprintf(path, sizeof path, VECTORS "/%s/%s", name, file);
    out->len = 0;
    unit_read_file(path, out);
}

static R2dView member_text(R2dJsonNode object, const char *name)
{
    R2dView text = {"", 0};
    r2d_json_text(r2d_json_member(object, name), &text);
    return text;
}

static bool member_bool(R2dJsonNode object, const char *name)
{
    bool value = false;
    r2d_json_bool(r2d_json_member(object, name), &value);
    return value;
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* Percent-decodes into the case's raw buffer, which was given room enough. */
static R2dView decode(Case *c, R2dView text)
{
    size_t start = c->raw.len;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            byte = (char)(hex_digit(text.data[i + 1]) * 16 + hex_digit(text.data[i + 2]));
            i += 2;
        }
        r2d_bytes_append_char(&c->raw, byte);
    }
    return r2d_view(c->raw.data + start, c->raw.len - start);
}

static R2dView cut(R2dView *text, char at)
{
    const char *found = memchr(text->data, at, text->len);
    size_t len = found != NULL ? (size_t)(found - text->data) : text->len;
    R2dView head = r2d_view(text->data, len);
    size_t skip = len + (found != NULL);
    *text = r2d_view(text->data + skip, text->len - skip);
    return head;
}

static R2dView lower(Case *c, R2dView text)
{
    size_t start = c->raw.len;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        r2d_bytes_append_char(&c->raw, (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
    }
    return r2d_view(c->raw.data + start, c->raw.len - start);
}

static void add_header(Case *c, const char *name, R2dView value)
{
    assert_true(c->input.header_count < MAX);
    c->headers[c->input.header_count++] = (R2dSigv4Pair){r2d_view_of(name), value};
}

static void parse_request(Case *c)
{
    R2dView rest = r2d_bytes_view(&c->request_text), line = cut(&rest, '\n');
    R2dView method = cut(&line, ' '), target = cut(&line, ' ');
    r2d_text_copy(c->method, sizeof c->method, method.data, method.len);
    c->input.method = c->method;
    c->input.path = cut(&target, '?');
    while (target.len > 0) {
        R2dView value = cut(&target, '&'), name = cut(&value, '=');
        c->query[c->input.query_count++] = (R2dSigv4Pair){decode(c, name), decode(c, value)};
    }
    while (rest.len > 0 && rest.data[0] != '\n') {
        line = cut(&rest, '\n');
        R2dView name = cut(&line, ':');
        c->headers[c->input.header_count++] = (R2dSigv4Pair){lower(c, name), line};
    }
    c->head_len = (size_t)(rest.data - c->request_text.data);
    c->body = r2d_view(rest.data + 1, rest.len - 1);
}

static void apply_context(Case *c)
{
    R2dJsonNode root = r2d_json_root(c->context), keys = r2d_json_member(root, "credentials");
    R2dView region = member_text(root, "region"), service = member_text(root, "service");
    R2dView token = member_text(keys, "token");
    int64_t wall_us;
    assert_true(r2d_clock_parse_iso(member_text(root, "timestamp"), &wall_us));
    r2d_clock_amz_date(wall_us, c->input.amz_date);
    assert_true(r2d_credentials_set(&c->credentials, member_text(keys, "access_key_id"),
                                    member_text(keys, "secret_access_key"), token));
    r2d_text_copy(c->region, sizeof c->region, region.data, region.len);
    r2d_text_copy(c->service, sizeof c->service, service.data, service.len);
    c->input.region = c->region;
    c->input.service = c->service;
    c->input.encode_path_again = member_bool(root, "normalize");
    r2d_digest_sha256_hex(c->body, c->payload_hash);
    c->input.payload_hash = member_bool(root, "unsigned_payload")
                                ? R2D_VIEW("UNSIGNED-PAYLOAD")
                                : r2d_view(c->payload_hash, sizeof c->payload_hash);
    add_header(c, "x-amz-date", r2d_view(c->input.amz_date, 16));
    if (token.len > 0)
        add_header(c, "x-amz-security-token", token);
    if (member_bool(root, "sign_body"))
        add_header(c, "x-amz-content-sha256", c->input.payload_hash);
}

static void open_case(Case *c, const char *name)
{
    memset(c, 0, sizeof *c);
    R2dBytes *buffers[] = {&c->context_text, &c->request_text, &c->raw, &c->expected, &c->actual};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        r2d_bytes_init(buffers[i], &r2d_alloc_libc);
    r2d_credentials_init(&c->credentials, &r2d_alloc_libc);
    read_case_file(name, "context.json", &c->context_text);
    read_case_file(name, "request.txt", &c->request_text);
    assert_true(r2d_bytes_reserve(&c->raw, 64 * 1024)); /* views point into it */
    assert_int_equal(
        r2d_json_parse(&r2d_alloc_libc, r2d_bytes_view(&c->context_text), &c->context, NULL),
        R2D_OK);
    c->input.headers = c->headers;
    c->input.query = c->query;
    parse_request(c);
    apply_context(c);
}

static void close_case(Case *c)
{
    R2dBytes *buffers[] = {&c->context_text, &c->request_text, &c->raw, &c->expected, &c->actual};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        r2d_bytes_free(buffers[i]);
    r2d_credentials_wipe(&c->credentials);
    r2d_json_free(c->context);
}

static void compare(Case *c, const char *name, const char *file)
{
    read_case_file(name, file, &c->expected);
    if (!r2d_view_equal(r2d_bytes_view(&c->expected), r2d_bytes_view(&c->actual)))
        fail_msg("%s, %s:\nexpected\n%s\nactual\n%s\n", name, file, r2d_bytes_text(&c->expected),
                 r2d_bytes_text(&c->actual));
}

/* The request with what signing adds, as the published suite writes it. */
static void write_signed_request(Case *c, R2dView authorization)
{
    R2dBytes *out = &c->actual;
    R2dView token = r2d_bytes_view(&c->credentials.session_token);
    R2dJsonNode root = r2d_json_root(c->context);
    out->len = 0;
    r2d_bytes_append(out, c->request_text.data, c->head_len);
    r2d_bytes_appendf(out, "X-Amz-Date:%s\n", c->input.amz_date);
    if (token.len > 0)
        r2d_bytes_appendf(out, "X-Amz-Security-Token:%.*s\n", (int)token.len, token.data);
    if (member_bool(root, "sign_body"))
        r2d_bytes_appendf(out, "x-amz-content-sha256:%.*s\n", (int)c->input.payload_hash.len,
                          c->input.payload_hash.data);
    r2d_bytes_appendf(out, "Authorization:%.*s\n\n", (int)authorization.len, authorization.data);
    r2d_bytes_append_view(out, c->body);
}

static void check_case(const char *name)
{
    Case c;
    R2dBytes authorization;
    R2dSigningKey key = {.generation = 0};
    open_case(&c, name);
    r2d_bytes_init(&authorization, &r2d_alloc_libc);
    assert_int_equal(r2d_sigv4_canonical_request(&c.input, &c.actual, NULL), R2D_OK);
    compare(&c, name, "header-canonical-request.txt");
    R2dView canonical_request = r2d_bytes_view(&c.actual);
    c.actual.len = 0;
    assert_int_equal(r2d_sigv4_string_to_sign(&c.input, canonical_request, &c.actual, NULL),
                     R2D_OK);
    compare(&c, name, "header-string-to-sign.txt");
    assert_int_equal(r2d_sigv4_authorization(&c.input, &c.credentials, &key,
                                             r2d_bytes_view(&c.actual), &authorization, NULL),
                     R2D_OK);
    c.actual.len = 0;
    r2d_bytes_append(&c.actual, authorization.data + authorization.len - 64, 64);
    compare(&c, name, "header-signature.txt");
    write_signed_request(&c, r2d_bytes_view(&authorization));
    compare(&c, name, "header-signed-request.txt");
    r2d_bytes_free(&authorization);
    close_case(&c);
}

static void every_stage_of_every_case_is_exact(void **state)
{
    (void)state;
    DIR *dir = opendir(VECTORS);
    struct dirent *entry;
    int count = 0;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        check_case(entry->d_name);
        count++;
    }
    closedir(dir);
    assert_true(count >= 27);
}

static void sign(Case *c, R2dSigningKey *key, R2dBytes *out)
{
    out->len = 0;
    assert_int_equal(
        r2d_sigv4_authorization(&c->input, &c->credentials, key, R2D_VIEW("text"), out, NULL),
        R2D_OK);
}

static void the_key_is_derived_anew_only_when_it_must_be(void **state)
{
    (void)state;
    Case c;
    R2dSigningKey key = {.generation = 0};
    R2dBytes first, second;
    open_case(&c, "post-json-body");
    r2d_bytes_init(&first, &r2d_alloc_libc);
    r2d_bytes_init(&second, &r2d_alloc_libc);
    sign(&c, &key, &first);
    R2dSigningKey cached = key;
    c.credentials.secret_access_key.data[0] ^= 1; /* a cached key does not look at the secret */
    sign(&c, &key, &second);
    assert_memory_equal(&cached, &key, sizeof key);
    assert_true(r2d_view_equal(r2d_bytes_view(&first), r2d_bytes_view(&second)));
    c.credentials.generation++;
    sign(&c, &key, &second);
    assert_memory_not_equal(cached.key, key.key, 32);
    cached = key;
    c.input.amz_date[7] ^= 1; /* the next day */
    sign(&c, &key, &second);
    assert_memory_not_equal(cached.key, key.key, 32);
    cached = key;
    c.input.region = "us-east-1";
    sign(&c, &key, &second);
    assert_memory_not_equal(cached.key, key.key, 32);
    cached = key;
    c.input.service = "s3";
    sign(&c, &key, &second);
    assert_memory_not_equal(cached.key, key.key, 32);
    r2d_bytes_free(&first);
    r2d_bytes_free(&second);
    close_case(&c);
}

static void unusable_credentials_are_refused_without_showing_them(void **state)
{
    (void)state;
    Case c;
    R2dSigningKey key = {.generation = 0};
    R2dError err;
    char secret[2000];
    open_case(&c, "get-plain");
    r2d_credentials_wipe(&c.credentials);
    assert_int_equal(
        r2d_sigv4_authorization(&c.input, &c.credentials, &key, R2D_VIEW("x"), &c.actual, &err),
        R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    memset(secret, 's', sizeof secret);
    assert_true(r2d_credentials_set(&c.credentials, R2D_VIEW("ID"), r2d_view(secret, sizeof secret),
                                    R2D_VIEW("")));
    assert_int_equal(
        r2d_sigv4_authorization(&c.input, &c.credentials, &key, R2D_VIEW("x"), &c.actual, &err),
        R2D_FAILED);
    assert_null(strstr(err.message, "sss"));
    close_case(&c);
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    Case c;
    open_case(&c, "get-query-encoding");
    for (long fail_at = 1;; fail_at++) {
        UnitAlloc unit;
        R2dBytes out;
        R2dError err = {.kind = R2D_ERR_NONE};
        R2dSigningKey key = {.generation = 0};
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        r2d_bytes_init(&out, &unit.alloc);
        R2dStatus status = r2d_sigv4_canonical_request(&c.input, &out, &err);
        if (status == R2D_OK)
            status = r2d_sigv4_string_to_sign(&c.input, R2D_VIEW("x"), &out, &err);
        if (status == R2D_OK)
            status =
                r2d_sigv4_authorization(&c.input, &c.credentials, &key, R2D_VIEW("x"), &out, &err);
        r2d_bytes_free(&out);
        assert_int_equal(unit.live, 0);
        if (status == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
    }
    close_case(&c);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block), and FIPS 180-2 "abc". */
static void digests_are_the_standard_ones(void **state)
{
    (void)state;
    unsigned char mac[32], key[131];
    char hex[64], base64[R2D_SHA256_BASE64_LEN + 1];
    r2d_digest_sha256_hex(R2D_VIEW("abc"), hex);
    assert_memory_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        64);
    r2d_digest_sha256_base64(R2D_VIEW(""), base64);
    assert_string_equal(base64, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    memset(key, 0x0b, 20);
    r2d_digest_hmac_sha256(r2d_view((char *)key, 20), R2D_VIEW("Hi There"), mac);
    r2d_digest_hex(mac, 32, hex);
    assert_memory_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                        64);
    r2d_digest_hmac_sha256(R2D_VIEW("Jefe"), R2D_VIEW("what do ya want for nothing?"), mac);
    r2d_digest_hex(mac, 32, hex);
    assert_memory_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                        64);
    memset(key, 0xaa, sizeof key);
    r2d_digest_hmac_sha256(r2d_view((char *)key, sizeof key),
                           R2D_VIEW("Test Using Larger Than Block-Size Key - Hash Key First"), mac);
    r2d_digest_hex(mac, 32, hex);
    assert_memory_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
                        64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_of_every_case_is_exact),
        cmocka_unit_test(the_key_is_derived_anew_only_when_it_must_be),
        cmocka_unit_test(unusable_credentials_are_refused_without_showing_them),
        cmocka_unit_test(memory_failures_leave_nothing_behind),
        cmocka_unit_test(digests_are_the_standard_ones),
    };
    return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
