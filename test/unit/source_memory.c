/* source_memory.c - a source over bytes in memory, cut into chunks; for tests and fuzzing. */
#include "source_memory.h"

typedef struct MemorySource {
    R2dSource source;
    const R2dAlloc *alloc;
    R2dView rest;
    size_t chunk_bytes;
    bool again;
    bool waited; /* the last read answered R2D_AGAIN */
} MemorySource;

static R2dStatus memory_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    MemorySource *memory = (MemorySource *)source;
    (void)err;
    memory->waited = memory->again && !memory->waited;
    if (memory->waited)
        return R2D_AGAIN;
    if (memory->rest.len == 0)
        return R2D_END;
    size_t len = memory->rest.len;
    if (memory->chunk_bytes > 0 && len > memory->chunk_bytes)
        len = memory->chunk_bytes;
    *chunk = r2d_view(memory->rest.data, len);
    memory->rest = r2d_view(memory->rest.data + len, memory->rest.len - len);
    return R2D_OK;
}

static void memory_close(R2dSource *source)
{
    MemorySource *memory = (MemorySource *)source;
    r2d_release(memory->alloc, memory);
}

static const R2dSourceOps memory_ops = {.read = memory_read, .close = memory_close};

R2dSource *r2d_source_memory_open(const R2dAlloc *alloc, R2dView data, size_t chunk_bytes,
                                  bool again)
{
    MemorySource *memory = r2d_new(alloc, sizeof *memory);
    if (memory == NULL)
        return NULL;
    memory->source.ops = &memory_ops;
    memory->alloc = alloc;
    memory->rest = data;
    memory->chunk_bytes = chunk_bytes;
    memory->again = again;
    return &memory->source;
}
