/*
 * bridge.h - where the core meets the server: memory, errors, text encoding, cleanup.
 */
#ifndef R2D_PG_BRIDGE_H
#define R2D_PG_BRIDGE_H

#include "compat.h"

#include "utils/elog.h"
#include "utils/memutils.h"

#include "../core/base/alloc.h"
#include "../core/base/bytes.h"
#include "../core/base/status.h"

/* An allocator over a memory context. Never throws: it returns NULL. The struct lives in the
 * context itself. */
extern const R2dAlloc *r2d_alloc_in(MemoryContext context);

/* Calls fn(arg) when the context is reset or deleted: for what a context cannot free. */
extern void r2d_on_reset(MemoryContext context, MemoryContextCallbackFunction fn, void *arg);

/* What AWS adds to an error and ErrorData has no field for. */
typedef struct R2dRemoteMark {
    char code[64];
    char request_id[128];
} R2dRemoteMark;

/* Throws err as an ERROR, and remembers its AWS code and request id for r2d_error_mark. */
pg_noreturn extern void r2d_throw(const R2dError *err);

/* The same for the core's functions that return false or NULL when memory is out. */
pg_noreturn extern void r2d_throw_memory(void);

/* Throws unless status is R2D_OK. R2D_CANCELED checks for interrupts first. */
extern void r2d_check(R2dStatus status, const R2dError *err);

/* The mark of the error that was thrown last: set by r2d_throw, and by r2d_error_mark_set for an
 * error that is thrown otherwise. Whoever catches an error for good clears it. */
extern const R2dRemoteMark *r2d_error_mark(void);
extern void r2d_error_mark_set(const R2dError *err);
extern void r2d_error_mark_clear(void);

/* In PG_CATCH: the error is told in the log and ends there, with its transaction; goes on in
 * `context`. A cancel is not lost: the next check for interrupts throws it again. */
extern void r2d_error_to_log(MemoryContext context);

/* The same, told to the caller instead: message and detail as one line, in `context`. */
extern char *r2d_error_to_line(MemoryContext context);

/* SQLSTATE for an R2dError. */
extern int r2d_error_sqlstate(const R2dError *err);

/* Text at the border: everything outside the server is UTF-8. Results are palloc'd. */
extern char *r2d_to_utf8(const char *server_text);
extern char *r2d_from_utf8(R2dView text);

/* Like r2d_from_utf8, but NULL when the server's encoding cannot hold the text (or it contains a
 * zero byte); never throws for the text's sake. */
extern char *r2d_from_utf8_or_null(R2dView text);

#endif
