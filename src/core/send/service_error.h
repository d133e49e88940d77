/*
 * service_error.h - errors of the service itself that a row may cause: when a batch is searched for
 * such a row, and when the row is given up.
 *
 * An InternalServerError is the service's fault, and passes. One that a batch always meets, while
 * others are written, may be caused by one of its rows (DynamoDB Local: an attribute name of 60,000
 * bytes). So the batch is tried for a while, then halved like one that holds a bad item; a row that
 * fails alone is tried for a while more and then rejected. An outage must not end so: the trial of
 * a row runs only once another call was accepted after the row had failed alone, and more than
 * R2D_SERVICE_ERROR_ROWS_MAX rows of a job are an outage.
 */
#ifndef R2D_SERVICE_ERROR_H
#define R2D_SERVICE_ERROR_H

#include "../base/clock.h"
#include "../base/status.h"

/* How long a batch, and then a row, is tried by default; and how often at least. */
#define R2D_SERVICE_ERROR_PATIENCE_US ((int64_t)120 * R2D_US_PER_S)
#define R2D_SERVICE_ERROR_TRIES       10
/* Rows of a job that may be rejected for such errors. */
#define R2D_SERVICE_ERROR_ROWS_MAX 100
/* The code of their rejects. */
#define R2D_SERVICE_ERROR_CODE "service_error"

/* Of one batch, or of one row alone. All zero: it has not begun. */
typedef struct R2dTrial {
    int tries;
    int64_t since_us;
    int64_t accepted; /* calls of the sender that the service had accepted when it began */
    bool vouched;     /* of a row: one more was accepted since */
} R2dTrial;

/* Whether a call failed with an error of the service itself: InternalServerError, or a status of
 * 500 and more without a code. Not 503 and throttles, which are answered before a row is looked
 * at. */
bool r2d_service_error_is(const R2dError *why);

/* The batch failed so once more; `accepted` calls of the sender were accepted so far. True: halve
 * it. That is after `patience_us` when others succeeded, else after twice as long: nothing else may
 * be there to succeed, and the halves show whether the service takes anything. */
bool r2d_trial_batch(R2dTrial *trial, int64_t accepted, int64_t patience_us, int64_t now_us);

/* The row failed so, alone, once more. True: give it up. */
bool r2d_trial_row(R2dTrial *trial, int64_t accepted, int64_t patience_us, int64_t now_us);

/* What is said of a row that is given up: code, the service's words with its code and request id.
 */
void r2d_service_error_reject(const R2dError *why, R2dError *reject);

/* What is said when there are too many: the same as of an outage, with a hint. */
void r2d_service_error_outage(const R2dError *why, R2dError *err);

#endif
