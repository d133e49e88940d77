/* hold_file.c - for tests: a session takes the lock of a job's file, as a loader does, and keeps it. */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lock.h"

#define LOCK_FILE 0x7203 /* as in the extension */

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(hold_file);
PGDLLEXPORT Datum hold_file(PG_FUNCTION_ARGS);

/* hold_file(job bigint, file_no integer) */
Datum hold_file(PG_FUNCTION_ARGS)
{
    LOCKTAG tag;

    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32)PG_GETARG_INT64(0), (uint32)PG_GETARG_INT32(1),
                         LOCK_FILE);
    PG_RETURN_BOOL(LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_OK);
}
