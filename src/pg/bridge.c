/* bridge.c - memory, errors and text between the core and the server. */
#include "bridge.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "home.h"

/*
 * A block starts with its size: a context can free a chunk but not tell its
 * size before PostgreSQL 16 without internals, and repalloc throws. Behind it
 * the block is aligned as whatever palloc returns, which is less than
 * max_align_t on most machines.
 */
#define BLOCK_HEAD MAXALIGN(sizeof(Size))

static R2dRemoteMark last_mark;

static Size *block_size(void *ptr)
{
    return (Size *)((char *)ptr - BLOCK_HEAD);
}

static void *context_resize(void *context, void *ptr, size_t size)
{
    char *block;

    if (size > MaxAllocHugeSize - BLOCK_HEAD)
        return NULL;
    block =
        MemoryContextAllocExtended(context, BLOCK_HEAD + size, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
    if (block == NULL)
        return NULL;
    block += BLOCK_HEAD;
    *block_size(block) = size;
    if (ptr != NULL) {
        memcpy(block, ptr, Min(*block_size(ptr), size));
        pfree(block_size(ptr));
    }
    return block;
}

static void context_release(void *context, void *ptr)
{
    pfree(block_size(ptr));
}

const R2dAlloc *r2d_alloc_in(MemoryContext context)
{
    R2dAlloc *alloc = MemoryContextAlloc(context, sizeof(R2dAlloc));

    alloc->resize = context_resize;
    alloc->release = context_release;
    alloc->context = context;
    return alloc;
}

void r2d_on_reset(MemoryContext context, MemoryContextCallbackFunction fn, void *arg)
{
    MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

    callback->func = fn;
    callback->arg = arg;
    MemoryContextRegisterResetCallback(context, callback);
}

int r2d_error_sqlstate(const R2dError *err)
{
    switch (err->kind) {
    case R2D_ERR_MEMORY:
        return ERRCODE_OUT_OF_MEMORY;
    case R2D_ERR_ARGUMENT:
        return ERRCODE_FDW_ERROR;
    case R2D_ERR_DATA:
        return ERRCODE_DATA_EXCEPTION;
    case R2D_ERR_LIMIT:
        return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case R2D_ERR_NETWORK:
        return ERRCODE_CONNECTION_FAILURE;
    case R2D_ERR_REMOTE:
        return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
    default:
        return ERRCODE_INTERNAL_ERROR;
    }
}

void r2d_throw(const R2dError *err)
{
    char *message = r2d_from_utf8_or_null(r2d_view_of(err->message));
    char *detail = r2d_from_utf8_or_null(r2d_view_of(err->detail));
    char *hint = r2d_from_utf8_or_null(r2d_view_of(err->hint));

    r2d_error_mark_set(err);
    ereport(ERROR,
            (errcode(r2d_error_sqlstate(err)),
             errmsg("%s", message ? message : "the error's text cannot be shown in this encoding"),
             detail && detail[0] ? errdetail("%s", detail) : 0,
             hint && hint[0] ? errhint("%s", hint) : 0));
    pg_unreachable();
}

void r2d_throw_memory(void)
{
    R2dError err;

    r2d_fail_memory(&err);
    r2d_throw(&err);
}

void r2d_check(R2dStatus status, const R2dError *err)
{
    R2dError interrupted;

    if (status == R2D_OK)
        return;
    if (status == R2D_FAILED)
        r2d_throw(err);
    CHECK_FOR_INTERRUPTS();
    r2d_home_tick();
    r2d_fail(&interrupted, R2D_ERR_INTERNAL, "the wait for the network was interrupted");
    r2d_throw(&interrupted);
}

static void end_error(MemoryContext context)
{
    if (geterrcode() == ERRCODE_QUERY_CANCELED)
        InterruptPending = QueryCancelPending = true;
    FlushErrorState();
    r2d_error_mark_clear();
    AbortCurrentTransaction();
    MemoryContextSwitchTo(context);
}

void r2d_error_to_log(MemoryContext context)
{
    MemoryContextSwitchTo(context);
    EmitErrorReport();
    end_error(context);
}

char *r2d_error_to_line(MemoryContext context)
{
    ErrorData *error;
    char *line;

    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    line = error->detail ? psprintf("%s (%s)", error->message, error->detail)
                         : pstrdup(error->message);
    for (char *c = line; *c != '\0'; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    FreeErrorData(error);
    end_error(context);
    return line;
}

const R2dRemoteMark *r2d_error_mark(void)
{
    return &last_mark;
}

void r2d_error_mark_set(const R2dError *err)
{
    strlcpy(last_mark.code, err->code, sizeof(last_mark.code));
    strlcpy(last_mark.request_id, err->request_id, sizeof(last_mark.request_id));
}

void r2d_error_mark_clear(void)
{
    memset(&last_mark, 0, sizeof(last_mark));
}

char *r2d_to_utf8(const char *server_text)
{
    return pg_server_to_any(server_text, strlen(server_text), PG_UTF8);
}

char *r2d_from_utf8(R2dView text)
{
    char *copy = pnstrdup(text.data ? text.data : "", text.len);

    return pg_any_to_server(copy, text.len, PG_UTF8);
}

char *r2d_from_utf8_or_null(R2dView text)
{
    MemoryContext caller = CurrentMemoryContext;
    char *volatile result = NULL;

    if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
        return NULL;
    PG_TRY();
    {
        result = r2d_from_utf8(text);
    }
    PG_CATCH();
    {
        /* Only conversion errors can come from here, and they leave nothing behind. */
        MemoryContextSwitchTo(caller);
        FlushErrorState();
        result = NULL;
    }
    PG_END_TRY();
    return result;
}
