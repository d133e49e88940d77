/* perform.c - one call to its end, for the control plane: retries, backoff, one clock correction.
 */
#include "call.h"

#define TRANSIENT_BASE_US (50 * R2D_US_PER_MS)
#define THROTTLE_BASE_US  (500 * R2D_US_PER_MS)
#define BACKOFF_MAX_US    (20 * R2D_US_PER_S)
#define RETRY_AFTER_US    (5 * R2D_US_PER_S) /* at most so much more is granted to the service */
#define WAIT_ROUNDS_MAX   1000

/* Full jitter needs no good randomness, only that processes differ: the low bits of a clock in
 * microseconds, stirred. In [0, 1). */
static double jitter(const R2dClock *clock, int attempt)
{
    uint64_t x = (uint64_t)r2d_mono_us(clock) + (uint64_t)attempt * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return (double)((x ^ x >> 31) >> 11) / 9007199254740992.0;
}

/* attempt counts from 1. x-amz-retry-after is in milliseconds. */
static int64_t backoff_us(const R2dAwsService *service, const R2dAwsCall *call, R2dAction action,
                          int attempt)
{
    int64_t most_us = action == R2D_ACT_THROTTLE ? THROTTLE_BASE_US : TRANSIENT_BASE_US;
    for (int i = 1; i < attempt && most_us < BACKOFF_MAX_US; i++)
        most_us *= 2;
    if (most_us > BACKOFF_MAX_US)
        most_us = BACKOFF_MAX_US;
    int64_t delay_us = (int64_t)(jitter(service->clock, attempt) * (double)most_us), asked_ms;
    if (call->exchange.failed ||
        !r2d_view_to_int64(r2d_http_response_header(&call->exchange, "x-amz-retry-after"),
                           &asked_ms) ||
        asked_ms <= delay_us / R2D_US_PER_MS)
        return delay_us;
    int64_t granted_us = delay_us + RETRY_AFTER_US;
    return asked_ms < granted_us / R2D_US_PER_MS ? asked_ms * R2D_US_PER_MS : granted_us;
}

/* Other exchanges of the client go on meanwhile. The rounds are bounded because a clock of a test
 * may stand still. */
static R2dStatus sleep_us(const R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                          int64_t delay_us, R2dError *err)
{
    int64_t due_us = r2d_mono_us(service->clock) + delay_us, left_us = delay_us;
    R2dStatus status = R2D_OK;
    for (int i = 0; status == R2D_OK && left_us > 0 && i < WAIT_ROUNDS_MAX; i++) {
        int ms = (int)((left_us + R2D_US_PER_MS - 1) / R2D_US_PER_MS);
        int client_ms = client->ops->wait_ms(client);
        if (client_ms >= 0 && client_ms < ms)
            ms = client_ms;
        status = wait->wait(wait->context, client->ops->wait_fd(client), ms);
        if (status == R2D_OK)
            status = client->ops->step(client, err);
        left_us = due_us - r2d_mono_us(service->clock);
    }
    return status;
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
        status = sleep_us(service, client, wait, backoff_us(service, call, error.action, attempt),
                          &error);
        if (status != R2D_OK)
            break;
    }
    if (err != NULL && status == R2D_FAILED)
        *err = error;
    return status;
}
