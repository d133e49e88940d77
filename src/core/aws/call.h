/*
 * call.h - one signed call to an AWS service: the only place where requests are signed
 * and replies are judged. fetch, send and unload build on it.
 *
 * A service is one endpoint with one set of credentials; a call is one exchange, reused.
 * Order: r2d_aws_prepare, client start/step until DONE, r2d_aws_judge; or all at once with
 * r2d_aws_perform for the control plane.
 */
#ifndef R2D_AWS_CALL_H
#define R2D_AWS_CALL_H

#include "../http/http.h"
#include "credentials.h"
#include "endpoint.h"
#include "sigv4.h"

typedef struct R2dAwsService {
    const R2dAlloc *alloc;
    const R2dClock *clock;
    const char *signing_name; /* "dynamodb", "s3", ...; a literal */
    char region[64];
    R2dEndpoint endpoint;
    bool path_style;                   /* s3: paths start with the bucket */
    const R2dCredentials *credentials; /* borrowed */
    R2dSigningKey key;                 /* cached: secret, date, region, service */
    int64_t skew_us;                   /* the service's clock minus ours; added when signing */
    int silence_timeout_ms;            /* of every call; 0: what the call was initialized with */
    /* Called when the service does not take the credentials (any more): reads them again where
     * they came from. True when they are others now. NULL: there is nowhere to look. */
    bool (*renew)(void *context);
    void *renew_context;
} R2dAwsService;

/* Endpoint and region must be set afterwards by the caller. */
void r2d_aws_service_init(R2dAwsService *service, const R2dAlloc *alloc, const R2dClock *clock,
                          const char *signing_name, const R2dCredentials *credentials);
void r2d_aws_service_wipe(R2dAwsService *service);

typedef R2dSigv4Pair R2dAwsPair; /* name, value */

/* What is asked. All views are borrowed until the exchange is DONE. */
typedef struct R2dAwsRequest {
    const char *method;
    R2dView path;            /* raw, not encoded, starting with '/' */
    const R2dAwsPair *query; /* raw names and values, any order */
    int query_count;
    const R2dAwsPair *headers; /* extra headers, lower-case names, all signed */
    int header_count;
    R2dView body;
} R2dAwsRequest;

typedef struct R2dAwsCall {
    R2dHttpExchange exchange; /* timeouts, stream and response_limit are the caller's to set */
    R2dBytes url;
    R2dBytes text;       /* owned header texts: date, authorization, payload hash */
    R2dBytes scratch;    /* canonical request, string to sign */
    char operation[48];  /* for messages: "BatchWriteItem", "GetObject"; set by prepare */
    uint32_t generation; /* of the credentials it was signed with */
} R2dAwsCall;

/* Sets sensible timeouts (connect 5 s, silence 30 s) and a response limit of 1 MB. */
void r2d_aws_call_init(R2dAwsCall *call, const R2dAlloc *alloc);
void r2d_aws_call_free(R2dHttpClient *client, R2dAwsCall *call);

/* Builds the URL and the headers, signs with the corrected clock. The call must not be RUNNING. */
R2dStatus r2d_aws_prepare(R2dAwsService *service, R2dAwsCall *call, const R2dAwsRequest *request,
                          R2dError *err);

/*
 * Judges a call that is DONE. R2D_OK: a 2xx reply, complete, and its x-amz-crc32 (if any) fits.
 * R2D_FAILED: err has the service's code, request id, HTTP status and the action; a skewed clock
 * has been corrected in the service (action R2D_ACT_CLOCK: sign and send again), and credentials
 * that were refused have been renewed if there are others (R2D_ACT_RETRY; else
 * R2D_ACT_CREDENTIALS).
 */
R2dStatus r2d_aws_judge(R2dAwsService *service, const R2dAwsCall *call, R2dError *err);

/* After R2D_ACT_REGION: where the bucket lives; false when the reply did not say (HEAD the bucket
 * then: that reply does). */
bool r2d_aws_bucket_region(const R2dAwsCall *call, char region[64]);

/*
 * Control-plane convenience: prepare, perform, judge; transient failures and throttles are retried
 * with full-jitter backoff up to `attempts` times in all, a skewed clock once.
 */
R2dStatus r2d_aws_perform(R2dAwsService *service, R2dAwsCall *call, const R2dAwsRequest *request,
                          R2dHttpClient *client, const R2dWait *wait, int attempts, R2dError *err);

/* A JSON call of the services that speak it: POST / with X-Amz-Target and content type
 * ("application/x-amz-json-1.0" for DynamoDB). The two headers go into pairs[0..1]. */
void r2d_aws_json_request(R2dAwsRequest *request, R2dAwsPair pairs[2], const char *target,
                          const char *content_type, R2dView body);

#endif
