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
    bool gone;    /* the extension was dropped */
    bool ending;  /* the extension is gone: cleaning up, without the catalog */
    bool leaving; /* giving back: no more looks */
    int64 job_id;
    Oid extension; /* InvalidOid: not seen yet */
    TimestampTz next_look;
    void (*clean_up)(void *arg);
    void *clean_up_arg;
} home;

void r2d_home_enter(int64 job_id)
{
    home.worker = true;
    home.job_id = job_id;
}

bool r2d_home_is_wanted(Oid database)
{
    LOCKTAG tag;

    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
    if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
        return true;
    LockRelease(&tag, RowExclusiveLock, true);
    return false;
}

static bool database_is_wanted(void)
{
    home.next_look = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), R2D_HOME_LOOK_MS);
    return r2d_home_is_wanted(MyDatabaseId);
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

/* Nobody will ever know again what this worker left outside: it cleans up, unless somebody wants
 * the database meanwhile. */
static void leave_for_good(void)
{
    void (*clean_up)(void *arg) = home.clean_up;

    home.ending = true;
    home.clean_up = NULL;
    end_transaction();
    if (OidIsValid(home.extension))
        ereport(LOG,
                (errmsg("rs2ddb: %s ends, the extension was dropped", MyBgworkerEntry->bgw_name)));
    if (clean_up != NULL)
        clean_up(home.clean_up_arg);
    proc_exit(0);
}

void r2d_home_check(void)
{
    if (!home.worker || home.leaving)
        return;
    if (home.wanted || database_is_wanted())
        leave_database();
    if (home.gone || extension_is_gone())
        leave_for_good();
}

/* An error says nothing about the extension: the next transaction will. */
static bool extension_has_gone(void)
{
    MemoryContext context = CurrentMemoryContext;
    volatile bool gone = false;

    if (!OidIsValid(home.extension) || IsTransactionState())
        return false;
    PG_TRY();
    {
        StartTransactionCommand();
        gone = get_extension_oid("rs2ddb", true) != home.extension;
        CommitTransactionCommand();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        if (geterrcode() == ERRCODE_QUERY_CANCELED) /* it is meant for the wait */
            InterruptPending = QueryCancelPending = true;
        FlushErrorState();
        AbortCurrentTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    return gone;
}

bool r2d_home_wanted(void)
{
    if (!home.worker || home.leaving)
        return false;
    if (!home.wanted && GetCurrentTimestamp() >= home.next_look) {
        home.wanted = database_is_wanted();
        home.gone = home.gone || extension_has_gone();
    }
    return home.wanted || (home.gone && !home.ending);
}

void r2d_home_tick(void)
{
    if (home.ending && r2d_home_wanted())
        proc_exit(0);
    if (!home.worker || home.leaving || home.ending ||
        (!home.wanted && !home.gone && GetCurrentTimestamp() < home.next_look))
        return;
    r2d_tx_begin();
    r2d_tx_commit();
}

void r2d_home_clean_up(void (*clean_up)(void *arg), void *arg)
{
    home.clean_up = clean_up;
    home.clean_up_arg = arg;
}

int r2d_home_bound(int timeout_ms)
{
    if (!home.worker || (timeout_ms >= 0 && timeout_ms < R2D_HOME_LOOK_MS))
        return timeout_ms;
    return R2D_HOME_LOOK_MS;
}
