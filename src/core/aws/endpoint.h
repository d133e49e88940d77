/*
 * endpoint.h - which host serves a service in a region, and how its URLs are written.
 */
#ifndef R2D_ENDPOINT_H
#define R2D_ENDPOINT_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef struct R2dEndpoint {
    char base_url[320]; /* scheme://host[:port], no slash at the end */
    char host[280];     /* the Host header: with the port when it is not the scheme's default */
} R2dEndpoint;

/* The public endpoint of "dynamodb", "redshift-data" ... in a region, China and the other
 * partitions included (facts: aws 7.4). */
R2dStatus r2d_endpoint_service(R2dEndpoint *endpoint, const char *service, const char *region,
                               R2dError *err);

/*
 * The S3 endpoint for a bucket: virtual host, or path style when the bucket name asks for it
 * (dots, upper case, underscore) (facts: aws 5.4). *path_style says whether the key's path starts
 * with the bucket.
 */
R2dStatus r2d_endpoint_s3(R2dEndpoint *endpoint, const char *bucket, const char *region,
                          bool *path_style, R2dError *err);

/*
 * An endpoint given as a URL ("http://127.0.0.1:4566"): http or https, no user, no path, no query.
 * Link-local metadata addresses (169.254.0.0/16, fd00:ec2::/32) are refused. S3 with such an
 * endpoint is always path style.
 */
R2dStatus r2d_endpoint_custom(R2dEndpoint *endpoint, const char *url, R2dError *err);

static inline bool r2d_endpoint_is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Percent-encodes all but A-Za-z0-9-._~ (and '/' when keep_slash). false when memory is out. */
bool r2d_endpoint_encode(R2dBytes *out, R2dView raw, bool keep_slash);

#endif
