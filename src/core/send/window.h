/*
 * window.h - how many requests may be in flight: twice what fills the pipe, by the delivery rate
 * and the shortest round trip seen lately. Enough to keep the service busy, few enough that
 * queues do not build up.
 */
#ifndef R2D_WINDOW_H
#define R2D_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* Fewer cost more CPU per request than they save. */
#define R2D_WINDOW_MIN 16

typedef struct R2dWindow {
    int max;
    int limit;
    int64_t sample_us; /* replies since then make one sample of the delivery rate */
    int replies;
    int64_t span_us;  /* start of the current span; maxima and minima cover it and the last one */
    double rate[2];   /* replies per second, maximum of [current, last] span */
    double rtt_us[2]; /* minimum of [current, last] span; 0: none */
} R2dWindow;

void r2d_window_init(R2dWindow *window, int max, int64_t now_us);
void r2d_window_reply(R2dWindow *window, int64_t sent_us, int64_t now_us);
/* A request got no proper reply: be gentler until the next sample. */
void r2d_window_failed(R2dWindow *window);

#endif
