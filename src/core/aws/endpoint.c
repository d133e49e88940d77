/* endpoint.c - hosts of the services, and endpoints given as URLs. */
#include "endpoint.h"
#include "../base/address.h"

#include <arpa/inet.h>
#include <stdio.h>

static const struct {
    const char *region_prefix;
    const char *domain;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},   {"eusc-", "amazonaws.eu"},      {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"}, {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"},
};

static const char *domain_of(const char *region)
{
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        if (strncmp(region, partitions[i].region_prefix, strlen(partitions[i].region_prefix)) == 0)
            return partitions[i].domain;
    }
    return "amazonaws.com";
}

static bool only_of(const char *text, const char *set)
{
    return text[0] != '\0' && text[strspn(text, set)] == '\0';
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A region becomes part of a host name: nothing else may come in with it. */
static R2dStatus check_region(const char *region, R2dError *err)
{
    if (only_of(region, LOWER DIGITS "-") && strlen(region) <= 32 && region[0] != '-')
        return R2D_OK;
    r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.64s\" is not an AWS Region", region);
    if (err != NULL)
        snprintf(err->hint, sizeof err->hint, "Regions look like us-west-2.");
    return R2D_FAILED;
}

static R2dStatus set_host(R2dEndpoint *endpoint, R2dError *err, const char *host, int len)
{
    if (len < 0 || (size_t)len >= sizeof endpoint->host)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "the host name of an AWS endpoint is too long");
    snprintf(endpoint->base_url, sizeof endpoint->base_url, "https://%s", host);
    return R2D_OK;
}

R2dStatus r2d_endpoint_service(R2dEndpoint *endpoint, const char *service, const char *region,
                               R2dError *err)
{
    if (check_region(region, err) != R2D_OK)
        return R2D_FAILED;
    int len = snprintf(endpoint->host, sizeof endpoint->host, "%s.%s.%s", service, region,
                       domain_of(region));
    return set_host(endpoint, err, endpoint->host, len);
}

/* A wildcard certificate covers one label, and host names know no upper case or underscore. */
static bool wants_path_style(const char *bucket)
{
    return strlen(bucket) > 63 || !only_of(bucket, LOWER DIGITS "-") || bucket[0] == '-' ||
           bucket[strlen(bucket) - 1] == '-';
}

R2dStatus r2d_endpoint_s3(R2dEndpoint *endpoint, const char *bucket, const char *region,
                          bool *path_style, R2dError *err)
{
    if (!only_of(bucket, LOWER UPPER DIGITS "-._") || strlen(bucket) < 3 || strlen(bucket) > 255)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.255s\" is not the name of an S3 bucket",
                        bucket);
    *path_style = wants_path_style(bucket);
    if (*path_style)
        return r2d_endpoint_service(endpoint, "s3", region, err);
    if (check_region(region, err) != R2D_OK)
        return R2D_FAILED;
    int len = snprintf(endpoint->host, sizeof endpoint->host, "%s.s3.%s.%s", bucket, region,
                       domain_of(region));
    return set_host(endpoint, err, endpoint->host, len);
}

typedef struct Url {
    const char *scheme;
    char host[256]; /* without brackets */
    bool is_ipv6;
    int port; /* 0: not given */
} Url;

static bool parse_port(const char *text, int *port)
{
    int64_t value;
    if (!r2d_view_to_int64(r2d_view_of(text), &value) || value < 1 || value > 65535)
        return false;
    *port = (int)value;
    return true;
}

/* "host", "host:port", "[v6]", "[v6]:port", all in lower case. */
static bool parse_authority(char *text, Url *url)
{
    char *host = text, *end;
    url->is_ipv6 = text[0] == '[';
    if (url->is_ipv6) {
        host = text + 1;
        end = strchr(host, ']');
        if (end == NULL)
            return false;
        *end++ = '\0';
    } else {
        end = text + strcspn(text, ":");
    }
    bool has_port = *end == ':';
    if (!has_port && *end != '\0')
        return false;
    *end = '\0';
    if (has_port && !parse_port(end + 1, &url->port))
        return false;
    struct in6_addr address;
    snprintf(url->host, sizeof url->host, "%s", host);
    return url->is_ipv6 ? inet_pton(AF_INET6, host, &address) == 1
                        : only_of(host, LOWER DIGITS "-._") && host[0] != '.';
}

static bool parse_url(const char *text, Url *url)
{
    char authority[256];
    *url = (Url){.scheme = strncmp(text, "https://", 8) == 0  ? "https"
                           : strncmp(text, "http://", 7) == 0 ? "http"
                                                              : NULL};
    if (url->scheme == NULL)
        return false;
    const char *at = text + strlen(url->scheme) + 3;
    size_t len = strlen(at);
    len -= len > 0 && at[len - 1] == '/';
    if (len == 0 || len >= sizeof authority)
        return false;
    for (size_t i = 0; i < len; i++)
        authority[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i]);
    authority[len] = '\0';
    return parse_authority(authority, url);
}

static void write_endpoint(const Url *url, R2dEndpoint *endpoint)
{
    int default_port = strcmp(url->scheme, "https") == 0 ? 443 : 80;
    char port[8] = "";
    if (url->port != 0 && url->port != default_port)
        snprintf(port, sizeof port, ":%d", url->port);
    snprintf(endpoint->host, sizeof endpoint->host, "%s%s%s%s", url->is_ipv6 ? "[" : "", url->host,
             url->is_ipv6 ? "]" : "", port);
    snprintf(endpoint->base_url, sizeof endpoint->base_url, "%s://%s", url->scheme, endpoint->host);
}

/* The URL itself stays out of the text when it may hold a password. */
R2dStatus r2d_endpoint_custom(R2dEndpoint *endpoint, const char *url, R2dError *err)
{
    Url parsed;
    if (strchr(url, '@') != NULL)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "an endpoint URL cannot have a user name");
    if (!parse_url(url, &parsed)) {
        r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.200s\" is not an endpoint URL", url);
        if (err != NULL)
            snprintf(err->hint, sizeof err->hint,
                     "Give scheme, host and port only, like https://host:8000.");
        return R2D_FAILED;
    }
    if (r2d_address_text_is_metadata(parsed.host))
        return r2d_fail(err, R2D_ERR_ARGUMENT, "a link-local address cannot be an endpoint");
    write_endpoint(&parsed, endpoint);
    return R2D_OK;
}

bool r2d_endpoint_encode(R2dBytes *out, R2dView raw, bool keep_slash)
{
    static const char hex[] = "0123456789ABCDEF";
    if (raw.len == 0)
        return true;
    if (raw.len > SIZE_MAX / 16 || !r2d_bytes_reserve(out, raw.len * 3))
        return false;
    char *to = out->data + out->len;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char c = (unsigned char)raw.data[i];
        if (r2d_endpoint_is_unreserved(c) || (c == '/' && keep_slash)) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    out->len = (size_t)(to - out->data);
    return true;
}
