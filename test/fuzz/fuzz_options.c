/*
 * fuzz_options.c - values of options: S3 URIs, endpoint URLs, Regions, bucket and table names. What
 * is accepted can only be what it says: no host, path, port or address comes in with it.
 */
#include "aws/endpoint.h"
#include "base/address.h"
#include "fetch/s3_object.h"
#include "send/table.h"
#include "unload/command.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define HOST_CHARS   LOWER_DIGITS "-._:[]"

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void check_uri(R2dView text)
{
    R2dView bucket, key;
    R2dError err = {.kind = R2D_ERR_NONE};
    R2dEndpoint endpoint;
    bool path_style;
    char name[256];
    if (r2d_s3_parse_uri(text, &bucket, &key, &err) != R2D_OK) {
        check(err.message[0] != '\0' && err.hint[0] != '\0');
        return;
    }
    check(bucket.data == text.data + 5 && bucket.len >= 3 && bucket.len <= 255);
    check(key.data + key.len == text.data + text.len);
    check(key.data == bucket.data + bucket.len ||
          (key.data == bucket.data + bucket.len + 1 && key.data[-1] == '/'));
    snprintf(name, sizeof name, "%.*s", (int)bucket.len, bucket.data);
    check(r2d_endpoint_s3(&endpoint, name, "us-east-1", &path_style, NULL) == R2D_OK);
    check(strspn(endpoint.host, HOST_CHARS) == strlen(endpoint.host));
    const char *end = endpoint.host + strlen(endpoint.host) - strlen("s3.us-east-1.amazonaws.com");
    check(end >= endpoint.host && strcmp(end, "s3.us-east-1.amazonaws.com") == 0);
}

/* As the resolver reads numbers, and not as endpoint.c does. */
static void check_address(const char *host)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return;
    check(!r2d_address_socket_is_metadata(found->ai_addr));
    freeaddrinfo(found);
}

static void check_url(const char *url)
{
    R2dEndpoint endpoint, again;
    R2dError err = {.kind = R2D_ERR_NONE};
    char host[sizeof endpoint.host];
    if (r2d_endpoint_custom(&endpoint, url, &err) != R2D_OK) {
        check(err.message[0] != '\0');
        return;
    }
    check(strncmp(endpoint.base_url, "http", 4) == 0);
    check(strcmp(strstr(endpoint.base_url, "://") + 3, endpoint.host) == 0);
    check(endpoint.host[0] != '\0' && strspn(endpoint.host, HOST_CHARS) == strlen(endpoint.host));
    check(r2d_endpoint_custom(&again, endpoint.base_url, NULL) == R2D_OK);
    check(strcmp(again.base_url, endpoint.base_url) == 0 && strcmp(again.host, endpoint.host) == 0);
    if (endpoint.host[0] == '[')
        snprintf(host, sizeof host, "%.*s", (int)strcspn(endpoint.host + 1, "]"),
                 endpoint.host + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)strcspn(endpoint.host, ":"), endpoint.host);
    check_address(host);
}

static void check_region(const char *region)
{
    R2dEndpoint endpoint;
    if (r2d_endpoint_service(&endpoint, "dynamodb", region, NULL) != R2D_OK)
        return;
    check(strspn(region, LOWER_DIGITS "-") == strlen(region) && strlen(region) <= 32);
    check(strncmp(endpoint.base_url, "https://dynamodb.", 17) == 0);
}

static void check_names(R2dView text)
{
    R2dCompression compression;
    if (r2d_compression_from_name(text, &compression))
        check(text.len == 4 && compression <= R2D_COMPRESS_NONE);
    if (r2d_table_name_valid(text))
        check(text.len >= 3 && text.len <= 1024 && memchr(text.data, '"', text.len) == NULL &&
              memchr(text.data, '\\', text.len) == NULL);
}

static void check_encoding(R2dView text)
{
    R2dBytes path;
    r2d_bytes_init(&path, &r2d_alloc_libc);
    check(r2d_endpoint_encode(&path, text, true));
    for (size_t i = 0; i < path.len; i++)
        check(r2d_endpoint_is_unreserved((unsigned char)path.data[i]) || path.data[i] == '/' ||
              path.data[i] == '%');
    r2d_bytes_free(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R2dView text = {(const char *)data, size};
    char *copy = strndup(text.data, size);
    check_uri(text);
    check_names(text);
    check_encoding(text);
    check_url(copy);
    check_region(copy);
    free(copy);
    return 0;
}
