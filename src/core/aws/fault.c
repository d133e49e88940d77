/* fault.c - error codes of AWS and what to do about them (facts: aws 1.5, 5.5, 6.3). */
#include "fault.h"

#include <stdio.h>

/* By code. Codes with "Throttl" in them need no line: they are throttles in every service. */
static const struct {
    const char *code;
    R2dAction action;
} codes[] = {
    {"ProvisionedThroughputExceededException", R2D_ACT_THROTTLE},
    {"TooManyRequestsException", R2D_ACT_THROTTLE},
    {"RequestLimitExceeded", R2D_ACT_THROTTLE},
    {"LimitExceededException", R2D_ACT_THROTTLE},
    {"BandwidthLimitExceeded", R2D_ACT_THROTTLE},
    {"SlowDown", R2D_ACT_THROTTLE},
    {"PriorRequestNotComplete", R2D_ACT_THROTTLE},
    {"TransactionInProgressException", R2D_ACT_THROTTLE},
    {"ActiveStatementsExceededException", R2D_ACT_THROTTLE},
    {"ActiveSessionsExceededException", R2D_ACT_THROTTLE},
    {"InternalServerError", R2D_ACT_RETRY},
    {"InternalServerException", R2D_ACT_RETRY},
    {"InternalFailure", R2D_ACT_RETRY},
    {"InternalError", R2D_ACT_RETRY},
    {"ServiceUnavailable", R2D_ACT_RETRY},
    {"ServiceUnavailableException", R2D_ACT_RETRY},
    {"ReplicatedWriteConflictException", R2D_ACT_RETRY},
    {"TransactionConflictException", R2D_ACT_RETRY},
    {"RequestTimeout", R2D_ACT_RETRY},
    {"RequestTimeoutException", R2D_ACT_RETRY},
    {"OperationAborted", R2D_ACT_RETRY},
    {"IDPCommunicationError", R2D_ACT_RETRY},
    {"ExpiredTokenException", R2D_ACT_CREDENTIALS},
    {"ExpiredToken", R2D_ACT_CREDENTIALS},
    {"TokenRefreshRequired", R2D_ACT_CREDENTIALS},
    {"UnrecognizedClientException", R2D_ACT_CREDENTIALS},
    {"InvalidClientTokenId", R2D_ACT_CREDENTIALS},
    {"InvalidAccessKeyId", R2D_ACT_CREDENTIALS},
    {"InvalidToken", R2D_ACT_CREDENTIALS},
    {"RequestTimeTooSkewed", R2D_ACT_CLOCK},
    {"RequestExpired", R2D_ACT_CLOCK},
    {"RequestInTheFuture", R2D_ACT_CLOCK},
    {"PermanentRedirect", R2D_ACT_REGION},
    {"TemporaryRedirect", R2D_ACT_REGION},
    {"AuthorizationHeaderMalformed", R2D_ACT_REGION},
    {"IllegalLocationConstraintException", R2D_ACT_REGION},
    {"ValidationException", R2D_ACT_REJECT},
    {"SerializationException", R2D_ACT_REJECT},
    {"ItemCollectionSizeLimitExceededException", R2D_ACT_REJECT},
};

static bool is_code(const R2dFault *fault, const char *code)
{
    return strcmp(fault->code, code) == 0;
}

static bool any_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(text, *list) == 0)
            return true;
    }
    return false;
}

static bool is_s3(const R2dFault *fault)
{
    return strcmp(fault->service, "s3") == 0;
}

static bool writes_rows(const R2dFault *fault)
{
    static const char *const operations[] = {
        "BatchWriteItem", "PutItem", "DeleteItem", "UpdateItem", "TransactWriteItems", NULL};
    return strcmp(fault->service, "dynamodb") == 0 && any_of(fault->operation, operations);
}

/* A reply without a known code: from a proxy, a load balancer, or a HEAD. */
static R2dAction action_of_status(const R2dFault *fault)
{
    switch (fault->http_status) {
    case 429:
        return R2D_ACT_THROTTLE;
    case 408:
    case 500:
    case 502:
    case 504:
        return R2D_ACT_RETRY;
    case 503:
        return is_s3(fault) ? R2D_ACT_THROTTLE : R2D_ACT_RETRY;
    case 301:
    case 307:
    case 308:
        return is_s3(fault) ? R2D_ACT_REGION : R2D_ACT_STOP;
    case 413: /* a batch over 16 MiB comes back with an empty body */
        return writes_rows(fault) ? R2D_ACT_REJECT : R2D_ACT_STOP;
    default:
        return R2D_ACT_STOP;
    }
}

static R2dAction action_of_code(const R2dFault *fault)
{
    if (strstr(fault->code, "Throttl") != NULL)
        return R2D_ACT_THROTTLE;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (is_code(fault, codes[i].code))
            return codes[i].action;
    }
    return action_of_status(fault);
}

R2dAction r2d_fault_action(const R2dFault *fault)
{
    R2dAction action = action_of_code(fault);
    if (is_code(fault, "InvalidSignatureException") &&
        (strncmp(fault->message, "Signature expired", 17) == 0 ||
         strncmp(fault->message, "Signature not yet current", 25) == 0))
        return R2D_ACT_CLOCK;
    if ((action == R2D_ACT_REJECT && !writes_rows(fault)) ||
        (action == R2D_ACT_REGION && !is_s3(fault)))
        return R2D_ACT_STOP;
    return action;
}

bool r2d_fault_may_be_clock(const R2dFault *fault)
{
    static const char *const list[] = {"InvalidSignatureException", "AuthFailure",
                                       "SignatureDoesNotMatch", NULL};
    return any_of(fault->code, list);
}

const char *r2d_fault_service_name(const char *service)
{
    static const char *const names[][2] = {
        {"dynamodb", "DynamoDB"},
        {"s3", "S3"},
        {"redshift-data", "Redshift Data API"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(service, names[i][0]) == 0)
            return names[i][1];
    }
    return service;
}

/* The name of the permission, where it is not the operation's. */
static const char *permission_of(const R2dFault *fault)
{
    static const char *const others[][2] = {
        {"HeadObject", "GetObject"},
        {"ListObjectsV2", "ListBucket"},
        {"HeadBucket", "ListBucket"},
        {"DeleteObjects", "DeleteObject"},
    };
    for (size_t i = 0; is_s3(fault) && i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(fault->operation, others[i][0]) == 0)
            return others[i][1];
    }
    return fault->operation;
}

static void hint_permission(const R2dFault *fault, char *hint, size_t size)
{
    if (strstr(fault->message, "kms:") != NULL || strstr(fault->message, "KMS") != NULL)
        snprintf(hint, size, "The object is encrypted: allow kms:Decrypt on its key.");
    else if (fault->operation[0] != '\0')
        snprintf(hint, size, "Allow %s:%s to the identity behind the access key.", fault->service,
                 permission_of(fault));
    else
        snprintf(hint, size, "Allow the action to the identity behind the access key.");
}

static const char *throttle_hint(const R2dFault *fault)
{
    if (strstr(fault->reasons, "KeyRange") != NULL)
        return "One partition is hot: rows that come sorted by key meet in it; a lower rate does "
               "not help.";
    if (strstr(fault->reasons, "Index") != NULL)
        return "A secondary index takes fewer writes than its table: raise its capacity.";
    if (strstr(fault->reasons, "MaxOnDemand") != NULL)
        return "The table's MaxWriteRequestUnits is reached.";
    if (is_code(fault, "RequestLimitExceeded") || strstr(fault->reasons, "AccountLimit") != NULL)
        return "A quota of the account is reached; waiting alone may not help.";
    return "The service asks for a lower rate.";
}

#define EXPIRED_HINT                                                                               \
    "The session token has expired: give new credentials where they came from (ALTER USER "        \
    "MAPPING, "                                                                                    \
    "or the shared credentials file), then call rs2ddb_resume."

static const char *fixed_hint(const R2dFault *fault)
{
    static const char *const list[][2] = {
        {"ExpiredTokenException", EXPIRED_HINT},
        {"ExpiredToken", EXPIRED_HINT},
        {"TokenRefreshRequired", EXPIRED_HINT},
        {"UnrecognizedClientException", "AWS does not know the access key id or session token."},
        {"InvalidClientTokenId", "AWS does not know the access key id."},
        {"InvalidAccessKeyId", "AWS does not know the access key id."},
        {"InvalidToken", "The session token is not valid for this access key."},
        {"MissingAuthenticationTokenException", "The request came without a signature."},
        {"InvalidSignatureException", "Check the secret access key."},
        {"SignatureDoesNotMatch", "Check the secret access key."},
        {"RequestTimeTooSkewed", "The clock of this server is wrong."},
        {"ResourceNotFoundException", "Check the name and the Region; a new table takes a moment."},
        {"NoSuchBucket", "Check the name of the bucket."},
        {"InvalidObjectState", "The object is archived: restore it first."},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (is_code(fault, list[i][0]))
            return list[i][1];
    }
    return "";
}

void r2d_fault_hint(const R2dFault *fault, char *hint, size_t size)
{
    R2dAction action = r2d_fault_action(fault);
    if (strncmp(fault->code, "AccessDenied", 12) == 0 ||
        (fault->code[0] == '\0' && fault->http_status == 403))
        hint_permission(fault, hint, size);
    else if (action == R2D_ACT_THROTTLE)
        snprintf(hint, size, "%s", throttle_hint(fault));
    else if (action == R2D_ACT_REGION)
        snprintf(hint, size, "The bucket lives in another Region.");
    else if (strstr(fault->message, "scoped to a valid region") != NULL)
        snprintf(hint, size,
                 "The endpoint belongs to another Region than the one that the request "
                 "was signed for: check the Region and the endpoint of the server.");
    else
        snprintf(hint, size, "%s", fixed_hint(fault));
}
