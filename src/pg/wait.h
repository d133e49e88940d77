/*
 * wait.h - one wait for everything: our latch, the death of the postmaster and one descriptor. In
 * each of them a worker that was asked to (SIGHUP) reads the configuration again.
 */
#ifndef R2D_PG_WAIT_H
#define R2D_PG_WAIT_H

#include "bridge.h"

#include "utils/timestamp.h"

#include "../core/http/http.h"

typedef struct R2dWaiter R2dWaiter;

/* A waiter on one descriptor for as long as the context lives (the row path waits thousands of
 * times a second: the wait set is built once). */
extern R2dWaiter *r2d_waiter_create(MemoryContext context, int fd);

/*
 * Waits until the descriptor is readable, the latch is set or timeout_ms (-1: none) have passed.
 * Does not check for interrupts: the caller does, outside the core's frames.
 */
extern void r2d_waiter_wait(R2dWaiter *waiter, int timeout_ms);

/* True once after somebody set our latch: there may be new orders. */
extern bool r2d_waiter_take_wake(R2dWaiter *waiter);

/* The same behind the core's wait table: R2D_CANCELED when the worker was asked to stop. */
extern R2dWait r2d_waiter_table(R2dWaiter *waiter);

/* Sleeps on the latch for at most timeout_ms, then checks for interrupts; a worker also looks
 * whether it may stay in its database (home.h). */
extern void r2d_sleep(int timeout_ms);

/* Waits until a socket of the warehouse is ready for one of the events (WL_SOCKET_*); meanwhile
 * does what r2d_sleep does. False when the deadline (0: none) passed. */
extern bool r2d_wait_socket(int fd, int events, TimestampTz deadline);

#endif
