/* judge.c - what a reply of AWS means: complete, or failed for which reason and with what cure. */
#include "call.h"
#include "../base/crc32.h"
#include "fault.h"
#include "fault_body.h"
#include "redact.h"

#include <stdio.h>

/* A refused signature is blamed on the clocks when they are this far apart. AWS takes 15 minutes;
 * the SDKs use 5 or 4. */
#define SKEW_SUSPECT_US (4 * 60 * R2D_US_PER_S)

static void copy_view(char *to, size_t size, R2dView text)
{
    r2d_text_copy(to, size, text.len > 0 ? text.data : "", text.len);
}

static R2dView header(const R2dAwsCall *call, const char *name)
{
    return r2d_http_response_header(&call->exchange, name);
}

static void copy_request_id(const R2dAwsCall *call, const R2dFaultBody *body, R2dError *err)
{
    R2dView id = header(call, "x-amzn-requestid");
    if (id.len == 0)
        id = header(call, "x-amz-request-id");
    copy_view(err->request_id, sizeof err->request_id,
              id.len > 0 ? id : r2d_view_of(body->request_id));
    for (char *at = err->request_id; *at != '\0'; at++) /* a body's is clean, a header's need not */
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
}

/* "DynamoDB BatchWriteItem" */
static void name_call(const R2dAwsService *service, const R2dAwsCall *call, char *name, size_t size)
{
    snprintf(name, size, "%s%s%s", r2d_fault_service_name(service->signing_name),
             call->operation[0] != '\0' ? " " : "", call->operation);
}

static bool crc_is_wrong(const R2dAwsCall *call)
{
    int64_t expected;
    const R2dHttpExchange *exchange = &call->exchange;
    if (exchange->stream || strcmp(exchange->method, "HEAD") == 0 ||
        !r2d_view_to_int64(header(call, "x-amz-crc32"), &expected))
        return false;
    return expected != (int64_t)r2d_crc32(r2d_bytes_view(&exchange->response));
}

static R2dStatus fail_network(const R2dAwsService *service, const R2dAwsCall *call, R2dError *err)
{
    char name[128];
    if (err == NULL)
        return R2D_FAILED;
    name_call(service, call, name, sizeof name);
    R2dError cause = call->exchange.error;
    r2d_fail(err, cause.kind, "%s: %s", name, cause.message);
    err->action = cause.action;
    memcpy(err->hint, cause.hint, sizeof err->hint);
    return R2D_FAILED;
}

static R2dStatus fail_crc(const R2dAwsService *service, const R2dAwsCall *call, R2dError *err)
{
    char name[128];
    R2dFaultBody body = {.code = ""};
    if (err == NULL)
        return R2D_FAILED;
    name_call(service, call, name, sizeof name);
    r2d_fail(err, R2D_ERR_NETWORK, "%s: the reply arrived damaged (x-amz-crc32)", name);
    err->action = R2D_ACT_RETRY;
    err->http_status = call->exchange.status;
    copy_request_id(call, &body, err);
    return R2D_FAILED;
}

static void read_body(const R2dAwsService *service, const R2dAwsCall *call, R2dFaultBody *body)
{
    r2d_fault_body_read(service->alloc, r2d_bytes_view(&call->exchange.response), body);
    if (body->code[0] == '\0')
        r2d_fault_body_code(header(call, "x-amzn-errortype"), body->code, sizeof body->code);
}

/* The time of the service when it replied. */
static bool server_time(const R2dAwsCall *call, const R2dFaultBody *body, int64_t *wall_us)
{
    return r2d_clock_parse_http_date(header(call, "date"), wall_us) ||
           (body->server_time[0] != '\0' &&
            r2d_clock_parse_iso(r2d_view_of(body->server_time), wall_us));
}

/* Decides whether the clock is the cure, and corrects it if so. */
static R2dAction check_clock(R2dAwsService *service, const R2dAwsCall *call, const R2dFault *fault,
                             const R2dFaultBody *body, R2dAction action)
{
    int64_t theirs_us;
    bool maybe = r2d_fault_may_be_clock(fault);
    if (action != R2D_ACT_CLOCK && !maybe)
        return action;
    if (!server_time(call, body, &theirs_us))
        return R2D_ACT_STOP;
    int64_t skew_us = theirs_us - r2d_wall_us(service->clock);
    int64_t change_us = skew_us - service->skew_us;
    if (action != R2D_ACT_CLOCK && change_us < SKEW_SUSPECT_US && change_us > -SKEW_SUSPECT_US)
        return R2D_ACT_STOP;
    service->skew_us = skew_us;
    return R2D_ACT_CLOCK;
}

/* Of many calls in flight only the first that is refused renews the credentials: the others were
 * signed with the old ones. */
static R2dAction check_credentials(const R2dAwsService *service, const R2dAwsCall *call,
                                   R2dAction action)
{
    if (action != R2D_ACT_CREDENTIALS)
        return action;
    bool renewed = call->generation != service->credentials->generation ||
                   (service->renew != NULL && service->renew(service->renew_context));
    return renewed ? R2D_ACT_RETRY : R2D_ACT_CREDENTIALS;
}

bool r2d_aws_bucket_region(const R2dAwsCall *call, char region[64])
{
    R2dFaultBody body = {.region = ""};
    R2dView name = header(call, "x-amz-bucket-region");
    if (name.len == 0) {
        r2d_fault_body_read(call->url.alloc, r2d_bytes_view(&call->exchange.response), &body);
        name = r2d_view_of(body.region);
    }
    copy_view(region, 64, name);
    return name.len > 0;
}

/* A HEAD says only 301 or 400, and the header. The Region that we signed for is no news. */
static R2dAction check_region(const R2dAwsService *service, const R2dAwsCall *call,
                              R2dAction action)
{
    char region[64];
    int status = call->exchange.status;
    if (strcmp(service->signing_name, "s3") != 0 || (action != R2D_ACT_REGION && status != 400))
        return action;
    if (!r2d_aws_bucket_region(call, region))
        return action == R2D_ACT_REGION && status == 400 ? R2D_ACT_STOP : action;
    if (strcmp(region, service->region) == 0)
        return action == R2D_ACT_REGION ? R2D_ACT_STOP : action;
    return R2D_ACT_REGION;
}

static void write_words(const R2dAwsService *service, const R2dAwsCall *call, const R2dFault *fault,
                        R2dError *err)
{
    char name[128], detail[sizeof err->detail * 2];
    name_call(service, call, name, sizeof name);
    if (fault->code[0] != '\0')
        r2d_fail(err, R2D_ERR_REMOTE, "%s: %s", name, fault->code);
    else
        r2d_fail(err, R2D_ERR_REMOTE, "%s: HTTP status %d", name, fault->http_status);
    int len = snprintf(detail, sizeof detail, "%s%s%s%s", fault->message,
                       fault->reasons[0] != '\0' ? " (" : "", fault->reasons,
                       fault->reasons[0] != '\0' ? ")" : "");
    r2d_text_copy(err->detail, sizeof err->detail, detail, (size_t)len);
    r2d_fault_hint(fault, err->hint, sizeof err->hint);
}

static R2dStatus fail_remote(R2dAwsService *service, const R2dAwsCall *call, R2dError *err)
{
    R2dFaultBody body;
    R2dError unused;
    if (err == NULL) /* the clock is corrected all the same */
        err = &unused;
    read_body(service, call, &body);
    R2dFault fault = {.service = service->signing_name,
                      .operation = call->operation,
                      .http_status = call->exchange.status,
                      .code = body.code,
                      .message = body.message,
                      .reasons = body.reasons};
    R2dAction action = r2d_fault_action(&fault);
    action = check_region(service, call, check_clock(service, call, &fault, &body, action));
    action = check_credentials(service, call, action);
    write_words(service, call, &fault, err);
    err->action = action;
    err->http_status = fault.http_status;
    r2d_text_copy(err->code, sizeof err->code, body.code, strlen(body.code));
    copy_request_id(call, &body, err);
    return R2D_FAILED;
}

static R2dStatus judge(R2dAwsService *service, const R2dAwsCall *call, R2dError *err)
{
    const R2dHttpExchange *exchange = &call->exchange;
    if (exchange->state != R2D_HTTP_DONE)
        return r2d_fail(err, R2D_ERR_INTERNAL, "an AWS call was judged before it was done");
    if (exchange->failed)
        return fail_network(service, call, err);
    if (crc_is_wrong(call))
        return fail_crc(service, call, err);
    if (exchange->status >= 200 && exchange->status < 300)
        return R2D_OK;
    return fail_remote(service, call, err);
}

R2dStatus r2d_aws_judge(R2dAwsService *service, const R2dAwsCall *call, R2dError *err)
{
    R2dStatus status = judge(service, call, err);
    if (status == R2D_FAILED && err != NULL)
        r2d_redact(service->credentials, err);
    return status;
}
