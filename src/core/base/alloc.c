/* alloc.c - thin helpers over the allocator table, and the libc allocator. */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>

static void *libc_resize(void *context, void *ptr, size_t size)
{
    (void)context;
    return realloc(ptr, size);
}

static void libc_release(void *context, void *ptr)
{
    (void)context;
    free(ptr);
}

const R2dAlloc r2d_alloc_libc = {.resize = libc_resize, .release = libc_release};

void *r2d_new(const R2dAlloc *alloc, size_t size)
{
    void *ptr = r2d_resize(alloc, NULL, size);
    if (ptr != NULL)
        memset(ptr, 0, size);
    return ptr;
}

void *r2d_resize(const R2dAlloc *alloc, void *ptr, size_t size)
{
    return alloc->resize(alloc->context, ptr, size > 0 ? size : 1);
}

void r2d_release(const R2dAlloc *alloc, void *ptr)
{
    if (ptr != NULL)
        alloc->release(alloc->context, ptr);
}
