/* launcher.c - the launcher's process: visits databases whose jobs may have lost their leader. */
#include "launcher.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "home.h"
#include "notes.h"
#include "pool.h"

#define RESTART_S         5
#define LOCKED_DELAY_MS   1000
#define VISIT_PATIENCE_MS 5000

PGDLLEXPORT void r2d_launcher_main(Datum arg);

void r2d_launcher_define(void)
{
    BackgroundWorker worker = {.bgw_flags =
                                   BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
                               .bgw_start_time = BgWorkerStart_RecoveryFinished,
                               .bgw_restart_time = RESTART_S};

    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
        return;
    strlcpy(worker.bgw_library_name, "rs2ddb", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, "r2d_launcher_main", sizeof worker.bgw_function_name);
    strlcpy(worker.bgw_type, "rs2ddb launcher", sizeof worker.bgw_type);
    strlcpy(worker.bgw_name, "rs2ddb launcher", sizeof worker.bgw_name);
    r2d_notes_define();
    RegisterBackgroundWorker(&worker);
}

/* Databases that a visitor may connect to and that have jobs: not the templates, not those that a
 * DROP left half done. In the caller's memory context. */
static List *connectable_databases(void)
{
    MemoryContext context = CurrentMemoryContext;
    List *list = NIL;
    Relation relation;
    TableScanDesc scan;
    HeapTuple tuple;

    StartTransactionCommand();
    (void)GetTransactionSnapshot();
    relation = table_open(DatabaseRelationId, AccessShareLock);
    scan = table_beginscan_catalog(relation, 0, NULL);
    while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection))) {
        Form_pg_database database = (Form_pg_database)GETSTRUCT(tuple);
        MemoryContext old;
        if (!database->datallowconn || database->datistemplate || database->datconnlimit < -1)
            continue;
        old = MemoryContextSwitchTo(context);
        list = lappend_oid(list, database->oid);
        MemoryContextSwitchTo(old);
    }
    table_endscan(scan);
    table_close(relation, AccessShareLock);
    CommitTransactionCommand();
    MemoryContextSwitchTo(context);
    return list;
}

static void wait_on_latch(int timeout_ms)
{
    (void)WaitLatch(MyLatch,
                    WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout_ms >= 0 ? WL_TIMEOUT : 0),
                    timeout_ms, r2d_wait_event(R2D_WAIT_IDLE));
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
        r2d_launcher_slot_free(); /* rs2ddb.max_workers may have grown */
    }
}

/* Until it says that it has found what it looked for, or is gone: then the next one may see which
 * slots are free. One that waits for a lock in its database must not keep the others waiting. */
static void wait_for_visitor(BackgroundWorkerHandle *visitor)
{
    TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), VISIT_PATIENCE_MS);
    pid_t pid;

    while (r2d_notes_visit_open() && GetBackgroundWorkerPid(visitor, &pid) != BGWH_STOPPED &&
           GetCurrentTimestamp() < deadline)
        wait_on_latch((int)TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline));
}

static void visit(Oid database)
{
    BackgroundWorkerHandle *visitor;

    if (r2d_home_is_wanted(
            database)) { /* a visitor would wait for it, and stumble when it is gone */
        r2d_launcher_look(database, LOCKED_DELAY_MS);
        return;
    }
    r2d_notes_begin_visit();
    visitor = r2d_pool_start_visitor(database);
    if (visitor == NULL)
        r2d_launcher_look(database, R2D_NO_WORKER_DELAY_MS);
    else
        wait_for_visitor(visitor);
}

static void visit_due(void)
{
    Oid database;

    while (r2d_notes_take_due(&database)) {
        List *connectable = connectable_databases();
        ListCell *cell;
        if (OidIsValid(database)) {
            if (list_member_oid(connectable, database))
                visit(database);
            continue;
        }
        foreach (cell, connectable)
            visit(lfirst_oid(cell));
    }
}

void r2d_launcher_main(Datum arg)
{
    MemoryContext context;

    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(InvalidOid, InvalidOid, 0);
    r2d_notes_attach();
    r2d_notes_look_everywhere(0);
    context = AllocSetContextCreate(TopMemoryContext, "rs2ddb launcher", ALLOCSET_SMALL_SIZES);
    for (;;) {
        MemoryContextReset(context);
        MemoryContextSwitchTo(context);
        if (r2d_notes_wait_ms() == 0)
            visit_due();
        pgstat_report_activity(STATE_IDLE, NULL);
        wait_on_latch(r2d_notes_wait_ms());
    }
}
