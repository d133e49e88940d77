/*
 * notes.h - the launcher's notes in shared memory: which databases it should look at, and when.
 *
 * Written by whoever leaves a job behind (launcher.h), read by the launcher alone. Each write wakes
 * it. There is none of this without preloading: then writes do nothing.
 */
#ifndef R2D_PG_NOTES_H
#define R2D_PG_NOTES_H

#include "postgres.h"

#include "utils/timestamp.h"

/* While shared_preload_libraries is being read: asks for the memory. */
extern void r2d_notes_define(void);

/* This process is the launcher: whom writes wake. */
extern void r2d_notes_attach(void);

/* A database that is due: *database, not due any more from now on. InvalidOid means all of them.
 * False when none is due. */
extern bool r2d_notes_take_due(Oid *database);

/* Milliseconds until one is due; -1: none will be. */
extern int r2d_notes_wait_ms(void);

/* Every database should be looked at after delay_ms. */
extern void r2d_notes_look_everywhere(int delay_ms);

/* A visit begins; it is open until r2d_launcher_visited. */
extern void r2d_notes_begin_visit(void);
extern bool r2d_notes_visit_open(void);

#endif
