/*
 * home.h - a worker's home: its database, and the extension in it.
 *
 * Who drops, copies or renames a database waits until nobody is connected to it, five seconds at
 * most, and holds a lock on the database meanwhile. Who drops an extension holds a lock on the
 * extension. So a worker looks once a second, and leaves when it is in the way or not at home any
 * more: it gives back its file or its job, says so in the log, and ends.
 */
#ifndef R2D_PG_HOME_H
#define R2D_PG_HOME_H

#include "postgres.h"

/* No wait of a worker may be longer than this without a look. */
#define R2D_HOME_LOOK_MS 1000

/* Somebody copies, renames, moves or drops the database: he holds a lock that the one tried here
 * conflicts with. Never waits. */
extern bool r2d_home_is_wanted(Oid database);

/* This process is a worker, of this job, from now on. */
extern void r2d_home_enter(int64 job_id);

/* The first thing in each transaction of a worker: keeps the extension until its end. Does not
 * return when the worker must leave. */
extern void r2d_home_check(void);

/* True when the database is wanted or the extension is gone: the wait should end, so that
 * r2d_home_tick can leave. Throws nothing, and looks once a second only: a look that fails tells so
 * in the log, and the next one tries again. */
extern bool r2d_home_wanted(void);

/* Between two waits of a worker, outside of transactions: looks when it is time, leaves when it
 * must. Throws nothing but what interrupts the wait (a cancel, a termination): a look that fails is
 * no reason to end what is waited for. */
extern void r2d_home_tick(void);

/* What this worker does when the extension is gone; it may use the network, not the catalog. */
extern void r2d_home_clean_up(void (*clean_up)(void *arg), void *arg);

/* timeout_ms (-1: none), or less, so that a look is not missed. */
extern int r2d_home_bound(int timeout_ms);

#endif
