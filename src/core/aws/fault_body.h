/* fault_body.h - reads the body of an error reply: JSON, XML, or something else. */
#ifndef R2D_FAULT_BODY_H
#define R2D_FAULT_BODY_H

#include "../base/bytes.h"

/* Fixed texts, cut between characters; "" for what the body does not tell. One line each, without
 * control characters. */
typedef struct R2dFaultBody {
    char code[64];
    char message[512]; /* without the request that some messages repeat */
    char request_id[128];
    char reasons[256]; /* of a throttle: "reason on resource, ..." */
    char region[64];   /* S3: where the bucket lives */
    char server_time[32];
} R2dFaultBody;

/* Never fails: garbage, HTML and missing memory leave texts empty. */
void r2d_fault_body_read(const R2dAlloc *alloc, R2dView body, R2dFaultBody *out);

/* "com.amazon.coral.service#Name:http://..." to "Name", as codes come in bodies and in the header
 * x-amzn-errortype. */
void r2d_fault_body_code(R2dView text, char *code, size_t size);

#endif
