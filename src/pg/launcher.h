/*
 * launcher.h - with shared_preload_libraries: gives jobs their leaders back.
 *
 * The launcher starts when recovery has ended, visits every database once, and sleeps. What it
 * should look at again is noted in shared memory by whoever leaves a job behind, so nothing polls
 * when idle. A visit is a leader without a job: it takes the oldest job that waits, or ends. One
 * visit at a time, unless the visitor has to wait for a lock.
 *
 * Without preloading all of these functions do nothing.
 */
#ifndef R2D_PG_LAUNCHER_H
#define R2D_PG_LAUNCHER_H

#include "postgres.h"

/* How long to wait for a free background worker of the server before asking again. */
#define R2D_NO_WORKER_DELAY_MS 5000

/* In _PG_init: asks for shared memory and registers the launcher, if the library is preloaded
 * (and not for pg_upgrade). */
extern void r2d_launcher_define(void);

/* False: nobody looks after jobs that wait but the workers of their database, and callers. */
extern bool r2d_launcher_is_there(void);

/* A job of this database has no leader: look after delay_ms. */
extern void r2d_launcher_look(Oid database, int delay_ms);

/* The same, when its leader was lost: the delay grows if that happens again and again. */
extern void r2d_launcher_lost(Oid database);

/* A job of this database waits until a worker of ours ends. */
extern void r2d_launcher_wait_for_slot(Oid database);

/* A worker of ours has ended: there may be a slot for those who wait. */
extern void r2d_launcher_slot_free(void);

/* A visitor has found what it looked for, or nothing: the next visit may begin. */
extern void r2d_launcher_visited(void);

#endif
