/*
 * sigv4.h - AWS Signature Version 4, header form (facts: aws 6).
 *
 * Every stage is visible so that each can be checked against published vectors.
 */
#ifndef R2D_SIGV4_H
#define R2D_SIGV4_H

#include "../base/bytes.h"
#include "../base/status.h"
#include "credentials.h"

/* The derived key depends on secret, date, region and service only: derived once a day. */
typedef struct R2dSigningKey {
    unsigned char key[32];
    char date[9];
    char region[64];
    char service[24];
    uint32_t generation; /* of the credentials; 0: nothing cached */
} R2dSigningKey;

typedef struct R2dSigv4Pair {
    R2dView name;
    R2dView value;
} R2dSigv4Pair;

typedef struct R2dSigv4Input {
    const char *method;
    R2dView path;              /* as sent (already encoded), without query */
    bool encode_path_again;    /* all services but s3: normalise, then encode once more */
    const R2dSigv4Pair *query; /* raw, not encoded; any order */
    int query_count;
    const R2dSigv4Pair *headers; /* lower-case names; all of them are signed; any order */
    int header_count;
    R2dView payload_hash; /* 64 hex digits or UNSIGNED-PAYLOAD */
    char amz_date[17];
    const char *region;
    const char *service;
} R2dSigv4Input;

#define R2D_SIGV4_PAIRS_MAX 48 /* of headers, and of query parameters */

/*
 * Stage 1, 2, 3, each appended to out. The text that stages 2 and 3 read may be the old content of
 * out itself, emptied (len = 0): it is digested before out is written.
 * Header values are trimmed and their inner white space collapsed; repeated names are joined.
 */
R2dStatus r2d_sigv4_canonical_request(const R2dSigv4Input *input, R2dBytes *out, R2dError *err);
R2dStatus r2d_sigv4_string_to_sign(const R2dSigv4Input *input, R2dView canonical_request,
                                   R2dBytes *out, R2dError *err);
R2dStatus r2d_sigv4_authorization(const R2dSigv4Input *input, const R2dCredentials *credentials,
                                  R2dSigningKey *cache, R2dView string_to_sign, R2dBytes *out,
                                  R2dError *err);

#endif
