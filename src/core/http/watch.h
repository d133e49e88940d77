/*
 * watch.h - an epoll descriptor and a deadline: what a client wants to be woken for. Private to the
 * clients of this folder.
 */
#ifndef R2D_HTTP_WATCH_H
#define R2D_HTTP_WATCH_H

#include "../base/clock.h"

typedef struct R2dHttpWatch {
    int epoll_fd;
    int64_t due_us; /* monotonic; -1: never */
    bool is_broken; /* epoll refused a socket */
} R2dHttpWatch;

/* A socket that is ready. */
typedef struct R2dHttpReady {
    int fd;
    uint32_t owner;  /* as it was given when the socket was watched */
    uint32_t events; /* EPOLLIN and so on */
} R2dHttpReady;

#define R2D_HTTP_READY_MAX 64

bool r2d_http_watch_open(R2dHttpWatch *watch); /* false: errno says why */
void r2d_http_watch_close(R2dHttpWatch *watch);

/* events are EPOLLIN, EPOLLOUT or both; 0 stops watching. Needs not know what was set before. */
void r2d_http_watch_socket(R2dHttpWatch *watch, int fd, uint32_t owner, uint32_t events);
/* The sockets that are ready now; how many. Never waits. */
int r2d_http_watch_ready(R2dHttpWatch *watch, R2dHttpReady ready[R2D_HTTP_READY_MAX]);

void r2d_http_watch_timer(R2dHttpWatch *watch, long timeout_ms); /* below 0: none */
bool r2d_http_watch_is_due(const R2dHttpWatch *watch);
int r2d_http_watch_ms(const R2dHttpWatch *watch); /* until due; -1: never */

#endif
