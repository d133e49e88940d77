/* pool.c - background workers and the locks that say who is alive. */
#include "pool.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "catalog.h"
#include "home.h"
#include "launcher.h"
#include "settings.h"

/* The class (field 4) of our advisory locks; the server's own use 1 and 2. */
#define LOCK_SLOT    0x7201
#define LOCK_JOB     R2D_POOL_LOCK_JOB
#define LOCK_FILE    0x7203
#define LOCK_REJECTS 0x7204

StaticAssertDecl(sizeof(R2dWorkerArgs) <= BGW_EXTRALEN, "worker arguments fit bgw_extra");

#define JOBS_AT_ONCE 64

static int slot_taken = -1;
static bool leading;

static void fill_worker(BackgroundWorker *worker, const char *function, const char *type,
                        Oid database, int64 job_id)
{
    R2dWorkerArgs args = {.database = database, .job_id = job_id};

    memset(worker, 0, sizeof *worker);
    worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker->bgw_restart_time = BGW_NEVER_RESTART;
    strlcpy(worker->bgw_library_name, "rs2ddb", sizeof worker->bgw_library_name);
    strlcpy(worker->bgw_function_name, function, sizeof worker->bgw_function_name);
    strlcpy(worker->bgw_type, type, sizeof worker->bgw_type);
    if (job_id == 0)
        strlcpy(worker->bgw_name, type, sizeof worker->bgw_name);
    else
        snprintf(worker->bgw_name, sizeof worker->bgw_name, "%s of job " INT64_FORMAT, type,
                 job_id);
    memcpy(worker->bgw_extra, &args, sizeof args);
}

bool r2d_pool_start_leader(int64 job_id)
{
    BackgroundWorker worker;
    fill_worker(&worker, "r2d_leader_main", "rs2ddb leader", MyDatabaseId, job_id);
    return RegisterDynamicBackgroundWorker(&worker, NULL);
}

static BackgroundWorkerHandle *start_watched(BackgroundWorker *worker)
{
    BackgroundWorkerHandle *handle;
    worker->bgw_notify_pid = MyProcPid;
    return RegisterDynamicBackgroundWorker(worker, &handle) ? handle : NULL;
}

BackgroundWorkerHandle *r2d_pool_start_visitor(Oid database)
{
    BackgroundWorker worker;
    fill_worker(&worker, "r2d_leader_main", "rs2ddb leader", database, 0);
    return start_watched(&worker);
}

BackgroundWorkerHandle *r2d_pool_start_loader(int64 job_id)
{
    BackgroundWorker worker;
    fill_worker(&worker, "r2d_loader_main", "rs2ddb loader", MyDatabaseId, job_id);
    return start_watched(&worker);
}

/* What an administrator sets for the sessions of a database must not stop our transactions. */
static void pin_settings(void)
{
    static const char *const settings[][2] = {
        {"default_transaction_isolation", "read committed"},
        {"default_transaction_read_only", "off"},
        {"default_transaction_deferrable", "off"},
        {"lock_timeout", "0"},
        {"transaction_timeout", "0"}, /* since 17 */
    };
    for (int i = 0; i < lengthof(settings); i++)
        if (GetConfigOption(settings[i][0], true, false) != NULL)
            SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * Workers convert text outside of transactions too, where a conversion cannot be looked up. Those
 * between the database and its client are kept at hand, so UTF-8 is made the client's encoding.
 */
static void keep_conversions(void)
{
    r2d_tx_begin();
    SetConfigOption("client_encoding", "UTF8", PGC_USERSET, PGC_S_OVERRIDE);
    r2d_tx_commit();
}

/* After the locks are gone, so that who is woken finds them free. */
static void tell_launcher(int code, Datum visitor)
{
    if (leading)
        r2d_launcher_lost(MyDatabaseId);
    if (DatumGetBool(visitor))
        r2d_launcher_visited();
    r2d_launcher_slot_free();
}

R2dWorkerArgs r2d_pool_worker_begin(void)
{
    R2dWorkerArgs args;
    memcpy(&args, MyBgworkerEntry->bgw_extra, sizeof args);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(args.database, InvalidOid, 0);
    on_shmem_exit(tell_launcher, BoolGetDatum(args.job_id == 0));
    r2d_home_enter(args.job_id);
    pin_settings();
    keep_conversions();
    return args;
}

/* False, and nothing has changed, when somebody holds it, this process included. */
static bool take_lock(LOCKTAG *tag)
{
    LockAcquireResult result = LockAcquire(tag, ExclusiveLock, true, true);

    if (result == LOCKACQUIRE_ALREADY_HELD || result == LOCKACQUIRE_ALREADY_CLEAR)
        LockRelease(tag, ExclusiveLock, true); /* or it would have to be given back twice */
    return result == LOCKACQUIRE_OK;
}

static void slot_tag(LOCKTAG *tag, int slot)
{
    SET_LOCKTAG_ADVISORY(*tag, InvalidOid, 0, slot, LOCK_SLOT);
}

static void job_tag(LOCKTAG *tag, int64 job_id)
{
    SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32)(job_id >> 32), (uint32)job_id, LOCK_JOB);
}

/* Job ids beyond 32 bits share locks with others of the same low half: such a file would only be
 * loaded a little later. */
static void file_tag(LOCKTAG *tag, int64 job_id, int file_no)
{
    SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32)job_id, (uint32)file_no, LOCK_FILE);
}

bool r2d_pool_slot_take(void)
{
    LOCKTAG tag;
    for (int slot = 0; slot < r2d_max_workers; slot++) {
        slot_tag(&tag, slot);
        if (take_lock(&tag)) {
            slot_taken = slot;
            return true;
        }
    }
    return false;
}

void r2d_pool_slot_release(void)
{
    LOCKTAG tag;
    if (slot_taken < 0)
        return;
    slot_tag(&tag, slot_taken);
    LockRelease(&tag, ExclusiveLock, true);
    slot_taken = -1;
}

int r2d_pool_slots_free(void)
{
    LOCKTAG tag;
    int count = 0;
    for (int slot = 0; slot < r2d_max_workers; slot++) {
        slot_tag(&tag, slot);
        if (slot != slot_taken && take_lock(&tag)) {
            LockRelease(&tag, ExclusiveLock, true);
            count++;
        }
    }
    return count;
}

bool r2d_pool_lock_job(int64 job_id)
{
    LOCKTAG tag;
    job_tag(&tag, job_id);
    return take_lock(&tag);
}

void r2d_pool_unlock_job(int64 job_id)
{
    LOCKTAG tag;
    job_tag(&tag, job_id);
    LockRelease(&tag, ExclusiveLock, true);
}

bool r2d_pool_lead(int64 job_id)
{
    leading = r2d_pool_lock_job(job_id);
    return leading;
}

void r2d_pool_lead_end(int64 job_id)
{
    r2d_pool_unlock_job(job_id);
    leading = false;
}

bool r2d_pool_lock_file(int64 job_id, int file_no)
{
    LOCKTAG tag;
    file_tag(&tag, job_id, file_no);
    return take_lock(&tag);
}

void r2d_pool_unlock_file(int64 job_id, int file_no)
{
    LOCKTAG tag;
    file_tag(&tag, job_id, file_no);
    LockRelease(&tag, ExclusiveLock, true);
}

void r2d_pool_lock_rejects(int64 job_id)
{
    LOCKTAG tag;

    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32)(job_id >> 32), (uint32)job_id, LOCK_REJECTS);
    (void)LockAcquire(&tag, ExclusiveLock, false, false);
}

void r2d_pool_interrupt(int pid)
{
    if (pid > 0 && BackendPidGetProc(pid) != NULL)
        kill(pid, SIGINT);
}

void r2d_pool_wake(int pid)
{
    PGPROC *proc = pid > 0 ? BackendPidGetProc(pid) : NULL;
    if (proc != NULL)
        SetLatch(&proc->procLatch);
}

/* There are more that wait than slots: their turn comes when a worker ends. */
void r2d_pool_start_waiting(void)
{
    int64 job_ids[JOBS_AT_ONCE];
    int slots, count;

    r2d_tx_begin();
    slots = r2d_pool_slots_free();
    count = r2d_catalog_waiting(job_ids, Min(slots + 1, JOBS_AT_ONCE));
    r2d_tx_commit();
    for (int i = 0; i < Min(count, slots); i++)
        if (!r2d_pool_start_leader(job_ids[i])) {
            r2d_launcher_look(MyDatabaseId, R2D_NO_WORKER_DELAY_MS);
            return;
        }
    if (count > slots)
        r2d_launcher_wait_for_slot(MyDatabaseId);
}

void r2d_pool_worker_end(void)
{
    int64 job_id;

    r2d_tx_begin();
    r2d_pool_slot_release();
    r2d_tx_commit();
    r2d_tx_begin();
    job_id = r2d_catalog_oldest_waiting();
    r2d_tx_commit();
    if (job_id > 0 && !r2d_pool_start_leader(job_id))
        r2d_launcher_look(MyDatabaseId, R2D_NO_WORKER_DELAY_MS);
}
