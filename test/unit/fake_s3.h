/* fake_s3.h - an HTTP client that plays a script of replies, one per exchange started. */
#ifndef R2D_FAKE_S3_H
#define R2D_FAKE_S3_H

#include "aws/call.h"
#include "unit.h"

enum { FAKE_UNTRUSTED = -1 };

typedef struct FakeReply {
    int status; /* 0: the connection is refused; FAKE_UNTRUSTED: the certificate is not valid */
    const char *headers; /* lines with \r\n; Content-Length is added when `length` is set */
    const char *body;
    size_t body_len;
    bool length;
    int64_t cut_after; /* body bytes after which the connection breaks; -1: never */
    bool ends_early;   /* at cut_after the reply just ends, as if complete */
} FakeReply;

typedef struct FakeS3 {
    R2dHttpClient client; /* must be first */
    UnitAlloc unit;
    UnitClock time;
    R2dCredentials credentials;
    R2dAwsService service;
    R2dWait wait;
    FakeReply *replies;
    int reply_count;
    int started;       /* exchanges so far */
    size_t step_bytes; /* delivered per step */
    bool fail_start;
    R2dHttpExchange *running;
    size_t sent;
    int64_t waited_us; /* by the wait table */
    R2dBytes log;      /* "METHOD url\nname: value\n...\nbody\n" of each request */
} FakeS3;

/* A service for http://127.0.0.1:4566, path style, region us-west-2. */
void fake_s3_init(FakeS3 *fake, FakeReply *replies, int reply_count);

/* Frees it and checks that nothing leaked. */
void fake_s3_check(FakeS3 *fake);

/* Everything that was asked, as text. */
const char *fake_s3_log(FakeS3 *fake);

#define FAKE_BODY(text)                                                                            \
    .body = (text), .body_len = sizeof(text) - 1, .length = true, .cut_after = -1

#endif
