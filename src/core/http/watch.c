/* watch.c - sockets in an epoll descriptor, and one deadline. */
#include "watch.h"

#include <sys/epoll.h>
#include <unistd.h>

bool r2d_http_watch_open(R2dHttpWatch *watch)
{
    *watch = (R2dHttpWatch){.epoll_fd = epoll_create1(EPOLL_CLOEXEC), .due_us = -1};
    return watch->epoll_fd >= 0;
}

void r2d_http_watch_close(R2dHttpWatch *watch)
{
    if (watch->epoll_fd >= 0)
        close(watch->epoll_fd);
    watch->epoll_fd = -1;
}

/* A socket that was closed has left epoll by itself, and its number may come again: so what epoll
 * has is asked of epoll. Adding comes first, because a socket is mostly watched once per request.
 */
void r2d_http_watch_socket(R2dHttpWatch *watch, int fd, uint32_t owner, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)owner << 32 | (uint32_t)fd};
    if (events == 0) {
        epoll_ctl(watch->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        return;
    }
    if (epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 &&
        epoll_ctl(watch->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        watch->is_broken = true;
}

int r2d_http_watch_ready(R2dHttpWatch *watch, R2dHttpReady ready[R2D_HTTP_READY_MAX])
{
    struct epoll_event events[R2D_HTTP_READY_MAX];
    int count = epoll_wait(watch->epoll_fd, events, R2D_HTTP_READY_MAX, 0);
    for (int i = 0; i < count; i++)
        ready[i] = (R2dHttpReady){.fd = (int)(uint32_t)events[i].data.u64,
                                  .owner = (uint32_t)(events[i].data.u64 >> 32),
                                  .events = events[i].events};
    return count;
}

void r2d_http_watch_timer(R2dHttpWatch *watch, long timeout_ms)
{
    watch->due_us =
        timeout_ms < 0 ? -1 : r2d_mono_us(&r2d_clock_system) + timeout_ms * R2D_US_PER_MS;
}

bool r2d_http_watch_is_due(const R2dHttpWatch *watch)
{
    return watch->due_us >= 0 && watch->due_us <= r2d_mono_us(&r2d_clock_system);
}

int r2d_http_watch_ms(const R2dHttpWatch *watch)
{
    if (watch->due_us < 0)
        return -1;
    int64_t left_us = watch->due_us - r2d_mono_us(&r2d_clock_system);
    return left_us <= 0 ? 0 : (int)((left_us + R2D_US_PER_MS - 1) / R2D_US_PER_MS);
}
