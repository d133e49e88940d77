/*
 * notice.h - what somebody who waits for a job is told, and how often.
 *
 * Pure arithmetic and text (ASCII): no clock of its own, nothing allocated.
 */
#ifndef R2D_NOTICE_H
#define R2D_NOTICE_H

#include <stddef.h>
#include <stdint.h>

/* Holds every text of r2d_notice_text. */
#define R2D_NOTICE_SIZE 320

/* When the next notice is due, elapsed_ms after the wait began, of which the last one may just have
 * been told: after 2 s, then every 10 s, from the tenth minute on every 60 s. In ms of the wait. */
int64_t r2d_notice_next_ms(int64_t elapsed_ms);

/* A job as rs2ddb.progress shows it; numbers are negative where nothing is known. */
typedef struct R2dNotice {
    const char *state; /* "loading", "interrupted", ... */
    double percent;
    int64_t rows_unloaded;
    int64_t rows_settled;
    double rows_per_s;
    double units_per_s;
    double throttled_share; /* 0 to 1 */
    int64_t seconds_left;
    int64_t unload_seconds; /* since the UNLOAD was sent */
    int64_t unload_rows;    /* that it has written so far */
} R2dNotice;

/*
 * One line without its end, for example
 *   unloading for 00:01:20, 12,345 rows so far
 *   loading [########............] 41.2 % of 1,000,000 rows, 5,000 rows/s, 5,000 units/s, 00:01:57
 * left
 */
void r2d_notice_text(const R2dNotice *notice, char *text, size_t size);

#endif
