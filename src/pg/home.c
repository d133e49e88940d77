/* home.c - whether a worker may stay in its database. */
#include "home.h"

#include "access/xact.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "catalog.h"
#include "launcher.h"

#define GIVE_BACK_LOCK_TIMEOUT "500ms"

static struct {
    bool worker;
    bool wanted;  /* somebody wants the database */
    bool leaving; /* giving back: no more looks */
    int64 job_id;
    Oid extension; /* InvalidOid: not seen yet */
    TimestampTz next_look;
} home;

void r2d_home_enter(int64 job_id)
{
    home.worker = true;
    home.job_id = job_id;
}

/* Whoever copies, renames, moves or drops the database holds a lock that this one conflicts with.
 */
static bool database_is_wanted(void)
{
    LOCKTAG tag;

    home.next_look = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), R2D_HOME_LOOK_MS);
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
    if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
        return true;
    LockRelease(&tag, RowExclusiveLock, true);
    return false;
}

/* DROP EXTENSION locks the extension before its tables: whoever holds it shared can neither meet
 * half of it nor deadlock with the drop. */
static bool extension_is_gone(void)
{
    Oid seen = home.extension;

    if (!OidIsValid(seen))
        seen = get_extension_oid("rs2ddb", true);
    if (!OidIsValid(seen))
        return true;
    LockDatabaseObject(ExtensionRelationId, seen, 0, AccessShareLock);
    if (get_extension_oid("rs2ddb", true) != seen)
        return true;
    home.extension = seen;
    return false;
}

/* What is not given back is found by its locks, later: an error here is only told. */
static void give_back(void)
{
    PG_TRY();
    {
        SetConfigOption("lock_timeout", GIVE_BACK_LOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
        r2d_tx_begin();
        r2d_catalog_worker_leaves(home.job_id);
        r2d_tx_commit();
    }
    PG_CATCH();
    {
        EmitErrorReport();
        FlushErrorState();
    }
    PG_END_TRY();
}

static void end_transaction(void)
{
    if (IsTransactionState())
        AbortCurrentTransaction();
}

static void leave_database(void)
{
    home.leaving = true;
    end_transaction();
    if (OidIsValid(home.extension))
        give_back();
    r2d_launcher_look(MyDatabaseId, R2D_HOME_LOOK_MS);
    ereport(LOG, (errmsg("rs2ddb: %s leaves its database, which is being copied or dropped",
                         MyBgworkerEntry->bgw_name)));
    proc_exit(0);
}

static void leave_for_good(void)
{
    home.leaving = true;
    end_transaction();
    if (OidIsValid(home.extension))
        ereport(LOG,
                (errmsg("rs2ddb: %s ends, the extension was dropped", MyBgworkerEntry->bgw_name)));
    proc_exit(0);
}

void r2d_home_check(void)
{
    if (!home.worker || home.leaving)
        return;
    if (home.wanted || database_is_wanted())
        leave_database();
    if (extension_is_gone())
        leave_for_good();
}

bool r2d_home_wanted(void)
{
    if (home.worker && !home.leaving && !home.wanted && GetCurrentTimestamp() >= home.next_look)
        home.wanted = database_is_wanted();
    return home.wanted && !home.leaving;
}

void r2d_home_tick(void)
{
    MemoryContext context = CurrentMemoryContext;

    if (!home.worker || home.leaving || (!home.wanted && GetCurrentTimestamp() < home.next_look))
        return;
    r2d_tx_begin();
    r2d_tx_commit();
    MemoryContextSwitchTo(context);
}

int r2d_home_bound(int timeout_ms)
{
    if (!home.worker || (timeout_ms >= 0 && timeout_ms < R2D_HOME_LOOK_MS))
        return timeout_ms;
    return R2D_HOME_LOOK_MS;
}
