/* perform.c - one call to its end, for the control plane: retries, backoff, one clock correction.
 */
#include "../base/backoff.h"
#include "call.h"

#define RETRY_AFTER_US (5 * R2D_US_PER_S) /* at most so much more is granted to the service */

static const R2dBackoff transient = {50 * R2D_US_PER_MS, 20 * R2D_US_PER_S};
static const R2dBackoff throttle = {500 * R2D_US_PER_MS, 20 * R2D_US_PER_S};

/* attempt counts from 1. x-amz-retry-after is in milliseconds. */
static int64_t backoff_us(const R2dAwsCall *call, R2dAction action, int attempt, R2dRandom *random)
{
    int64_t asked_ms;
    int64_t delay_us = r2d_backoff_delay_us(action == R2D_ACT_THROTTLE ? &throttle : &transient,
                                            attempt, r2d_random_unit(random));
    if (call->exchange.failed ||
        !r2d_view_to_int64(r2d_http_response_header(&call->exchange, "x-amz-retry-after"),
                           &asked_ms) ||
        asked_ms <= delay_us / R2D_US_PER_MS)
        return delay_us;
    int64_t granted_us = delay_us + RETRY_AFTER_US;
    return asked_ms < granted_us / R2D_US_PER_MS ? asked_ms * R2D_US_PER_MS : granted_us;
}

static R2dStatus try_once(R2dAwsService *service, R2dAwsCall *call, const R2dAwsRequest *request,
                          R2dHttpClient *client, const R2dWait *wait, R2dError *err)
{
    if (r2d_aws_prepare(service, call, request, err) != R2D_OK)
        return R2D_FAILED;
    R2dStatus status = r2d_http_perform(client, wait, &call->exchange, err);
    bool has_failed_itself = call->exchange.state == R2D_HTTP_DONE && call->exchange.failed;
    if (status == R2D_OK || (status == R2D_FAILED && has_failed_itself))
        status = r2d_aws_judge(service, call, err);
    return status;
}

R2dStatus r2d_aws_perform(R2dAwsService *service, R2dAwsCall *call, const R2dAwsRequest *request,
                          R2dHttpClient *client, const R2dWait *wait, int attempts, R2dError *err)
{
    bool clock_corrected = false;
    R2dRandom random = {(uint64_t)r2d_mono_us(service->clock)};
    R2dError error;
    R2dStatus status = R2D_FAILED;
    for (int attempt = 1;; attempt++) {
        status = try_once(service, call, request, client, wait, &error);
        if (status != R2D_FAILED)
            return status;
        bool again = attempt < attempts &&
                     (error.action == R2D_ACT_RETRY || error.action == R2D_ACT_THROTTLE);
        if (error.action == R2D_ACT_CLOCK && !clock_corrected) {
            clock_corrected = true;
            continue;
        }
        if (!again)
            break;
        status = r2d_http_sleep(client, wait, service->clock,
                                backoff_us(call, error.action, attempt, &random), &error);
        if (status != R2D_OK)
            break;
    }
    if (err != NULL && status == R2D_FAILED)
        *err = error;
    return status;
}
