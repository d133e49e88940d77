/* functions.h - the SQL entry points (functions.c defines them for fmgr). */
#ifndef R2D_PG_FUNCTIONS_H
#define R2D_PG_FUNCTIONS_H

/* Registers what happens when a transaction that queued or cancelled jobs ends. */
extern void r2d_functions_init(void);

#endif
