/*
 * wishes.h - what a transaction asked for, carried out when it commits: nothing that a user takes
 * back with ROLLBACK, or ROLLBACK TO, has happened.
 */
#ifndef R2D_PG_WISHES_H
#define R2D_PG_WISHES_H

#include "postgres.h"

typedef enum R2dWishKind {
    R2D_WISH_LEADER,    /* start a leader for the job */
    R2D_WISH_INTERRUPT, /* interrupt process `pid` */
    R2D_WISH_WAKE,      /* wake process `pid` */
    R2D_WISH_LOG,       /* a line in the server log */
} R2dWishKind;

/* In _PG_init: registers what happens when a transaction ends. */
extern void r2d_wishes_init(void);

/* pid: of a worker; 0 for R2D_WISH_LEADER. */
extern void r2d_wish(R2dWishKind kind, int64 job_id, int pid);

/* R2D_WISH_LOG; the text is copied. */
extern void r2d_wish_log(int64 job_id, const char *text);

/* When a job starts that found no free worker: a sentence for the user. */
extern const char *r2d_queued_hint(void);

#endif
