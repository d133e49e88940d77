/*
 * s3_reply.h - what the head of a GetObject reply says, read strictly. Used by s3_object.c only.
 */
#ifndef R2D_S3_REPLY_H
#define R2D_S3_REPLY_H

#include "../http/http.h"

typedef struct R2dS3Reply {
    int64_t first;  /* position of the body's first byte in the object */
    int64_t length; /* bytes of the body; -1: not told */
    int64_t total;  /* bytes of the object; -1: not told */
    R2dView etag;   /* as received, with its quotes; lent by the exchange; empty: none */
} R2dS3Reply;

/* Reads a 200 or 206. R2D_ERR_DATA when the headers are missing, broken or contradict each other
 * (the message is the end of a sentence that begins with the object's name). */
R2dStatus r2d_s3_read_reply(const R2dHttpExchange *exchange, R2dS3Reply *reply, R2dError *err);

#endif
