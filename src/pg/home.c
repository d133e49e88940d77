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
#define COMPLAINT_INTERVAL_MS  60000

static struct {
    bool worker;
    bool wanted;  /* somebody wants the database */
    bool gone;    /* the extension was dropped */
    bool ending;  /* the extension is gone: cleaning up, without the catalog */
    bool leaving; /* giving back: no more looks */
    int64 job_id;
    Oid extension; /* InvalidOid: not seen yet */
    TimestampTz next_look;
    TimestampTz next_complaint; /* about a look that failed */
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

/* In PG_CATCH: tells of it in the log, now and then. A cancel is meant for the wait. */
static void end_failed_look(MemoryContext context)
{
    ErrorData *error;

    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    FlushErrorState();
    home.next_look = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), R2D_HOME_LOOK_MS);
    if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
        InterruptPending = QueryCancelPending = true;
    else if (GetCurrentTimestamp() >= home.next_complaint) {
        home.next_complaint =
            TimestampTzPlusMilliseconds(GetCurrentTimestamp(), COMPLAINT_INTERVAL_MS);
        ereport(LOG, (errmsg("rs2ddb: %s could not look whether it may stay in its database: %s",
                             MyBgworkerEntry->bgw_name, error->message)));
    }
    FreeErrorData(error);
}

/* An error of the look says nothing about what it looks for: false then, and the next look will
 * tell. Its transaction ends with it; one of the caller is left alone. */
static bool look(bool (*question)(void))
{
    MemoryContext context = CurrentMemoryContext;
    bool outside = !IsTransactionState();
    volatile bool answer = false;

    PG_TRY();
    {
        answer = question();
    }
    PG_CATCH();
    {
        end_failed_look(context);
        if (outside)
            AbortCurrentTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    return answer;
}

static bool extension_has_gone(void)
{
    bool gone;

    if (!OidIsValid(home.extension) || IsTransactionState())
        return false;
    StartTransactionCommand();
    gone = get_extension_oid("rs2ddb", true) != home.extension;
    CommitTransactionCommand();
    return gone;
}

bool r2d_home_wanted(void)
{
    if (!home.worker || home.leaving)
        return false;
    if (!home.wanted && GetCurrentTimestamp() >= home.next_look) {
        home.wanted = look(database_is_wanted);
        home.gone = home.gone || look(extension_has_gone);
    }
    return home.wanted || (home.gone && !home.ending);
}

static void leave_if_known(void)
{
    if (home.wanted)
        leave_database();
    if (home.gone)
        leave_for_good();
}

/* A transaction of a worker begins with the look. */
static bool transaction_looks(void)
{
    r2d_tx_begin();
    r2d_tx_commit();
    return true;
}

void r2d_home_tick(void)
{
    if (home.ending && r2d_home_wanted())
        proc_exit(0);
    if (!home.worker || home.leaving || home.ending)
        return;
    leave_if_known();
    if (GetCurrentTimestamp() < home.next_look)
        return;
    (void)look(transaction_looks);
    CHECK_FOR_INTERRUPTS();
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
