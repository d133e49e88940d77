/*
 * alloc.h - the allocator that every part of the core draws on.
 *
 * src/pg hands in one that draws on a memory context without throwing, unit
 * tests one that can fail each call. All functions return NULL when memory is
 * out; none of them exits or jumps.
 */
#ifndef R2D_ALLOC_H
#define R2D_ALLOC_H

#include <stddef.h>

typedef struct R2dAlloc {
    /* ptr NULL allocates; the block keeps its bytes up to the smaller size; NULL on failure,
     * in which case the old block is still valid. size is never 0. */
    void *(*resize)(void *context, void *ptr, size_t size);
    void (*release)(void *context, void *ptr); /* ptr is never NULL */
    void *context;
} R2dAlloc;

extern const R2dAlloc r2d_alloc_libc; /* malloc and friends, for tests and tools */

void *r2d_new(const R2dAlloc *alloc, size_t size); /* zeroed */
void *r2d_resize(const R2dAlloc *alloc, void *ptr, size_t size);
void r2d_release(const R2dAlloc *alloc, void *ptr); /* ptr may be NULL */

#endif
