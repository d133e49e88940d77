/* window.c - see window.h: a bandwidth-delay product, from two spans of samples. */
#include "window.h"

#define SAMPLE_US 100000
#define SPAN_US   2000000
#define GAIN      2.0
#define SLACK     2

static int floor_of(const R2dWindow *window)
{
    return window->max < R2D_WINDOW_MIN ? window->max : R2D_WINDOW_MIN;
}

void r2d_window_init(R2dWindow *window, int max, int64_t now_us)
{
    *window = (R2dWindow){.max = max > 1 ? max : 1, .sample_us = now_us, .span_us = now_us};
    window->limit = floor_of(window);
}

static void next_span(R2dWindow *window, int64_t now_us)
{
    if (now_us - window->span_us < SPAN_US)
        return;
    window->rate[1] = window->rate[0];
    window->rtt_us[1] = window->rtt_us[0];
    window->rate[0] = window->rtt_us[0] = 0;
    window->span_us = now_us;
}

static void set_limit(R2dWindow *window)
{
    double rate = window->rate[0] > window->rate[1] ? window->rate[0] : window->rate[1];
    double rtt_us = window->rtt_us[0];
    if (rtt_us == 0 || (window->rtt_us[1] > 0 && window->rtt_us[1] < rtt_us))
        rtt_us = window->rtt_us[1];
    double limit = GAIN * rate * rtt_us / 1e6 + SLACK;
    window->limit = limit < window->max ? (int)limit : window->max;
    if (window->limit < floor_of(window))
        window->limit = floor_of(window);
}

void r2d_window_reply(R2dWindow *window, int64_t sent_us, int64_t now_us)
{
    double rtt_us = now_us > sent_us ? (double)(now_us - sent_us) : 1;
    if (window->rtt_us[0] == 0 || rtt_us < window->rtt_us[0])
        window->rtt_us[0] = rtt_us;
    window->replies++;
    int64_t elapsed_us = now_us - window->sample_us;
    if (elapsed_us < SAMPLE_US || (double)elapsed_us < rtt_us)
        return;
    double rate = window->replies * 1e6 / (double)elapsed_us;
    if (rate > window->rate[0])
        window->rate[0] = rate;
    window->replies = 0;
    window->sample_us = now_us;
    set_limit(window);
    next_span(window, now_us);
}

void r2d_window_failed(R2dWindow *window)
{
    int limit = window->limit * 7 / 10;
    window->limit = limit > floor_of(window) ? limit : floor_of(window);
}
