/* service_error.c - see service_error.h. */
#include "service_error.h"

#include <stdio.h>
#include <string.h>

/* Of the service's words, so that there is room for its code and request id. */
#define WORDS_MAX 300

bool r2d_service_error_is(const R2dError *why)
{
    static const char *const codes[] = {"", "InternalServerError", "InternalServerException",
                                        "InternalFailure", "InternalError"};
    if (why->action != R2D_ACT_RETRY || why->http_status < 500 || why->http_status == 503)
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(why->code, codes[i]) == 0)
            return true;
    return false;
}

static void begin(R2dTrial *trial, int64_t now_us)
{
    trial->tries = 0;
    trial->since_us = now_us;
}

static bool is_over(const R2dTrial *trial, int64_t patience_us, int64_t now_us)
{
    return trial->tries >= R2D_SERVICE_ERROR_TRIES && now_us - trial->since_us >= patience_us;
}

bool r2d_trial_batch(R2dTrial *trial, int64_t accepted, int64_t patience_us, int64_t now_us)
{
    if (trial->tries == 0) {
        begin(trial, now_us);
        trial->accepted = accepted;
    }
    trial->tries++;
    return is_over(trial, accepted > trial->accepted ? patience_us : 2 * patience_us, now_us);
}

bool r2d_trial_row(R2dTrial *trial, int64_t accepted, int64_t patience_us, int64_t now_us)
{
    if (trial->tries == 0) {
        trial->accepted = accepted;
        begin(trial, now_us);
    }
    if (!trial->vouched) {
        trial->vouched = accepted > trial->accepted;
        begin(trial, now_us);
    }
    trial->tries++;
    return trial->vouched && is_over(trial, patience_us, now_us);
}

void r2d_service_error_reject(const R2dError *why, R2dError *reject)
{
    char words[WORDS_MAX], reason[sizeof reject->detail];
    const char *said = why->detail[0] != '\0' ? why->detail : why->message;
    const char *id = why->request_id;
    r2d_text_copy(words, sizeof words, said, strlen(said));
    int len =
        snprintf(reason, sizeof reason, "%s%s%s%s%s%s", why->code, why->code[0] != '\0' ? ": " : "",
                 words, id[0] != '\0' ? " (request id " : "", id, id[0] != '\0' ? ")" : "");
    *reject = *why;
    r2d_text_copy(reject->detail, sizeof reject->detail, reason, (size_t)len);
    snprintf(reject->code, sizeof reject->code, R2D_SERVICE_ERROR_CODE);
}

void r2d_service_error_outage(const R2dError *why, R2dError *err)
{
    *err = *why;
    snprintf(err->hint, sizeof err->hint,
             "More than %d rows met this, each sent alone, while others were written: this is an "
             "outage of a part of the service rather than the rows. Go on with rs2ddb_resume.",
             R2D_SERVICE_ERROR_ROWS_MAX);
}
