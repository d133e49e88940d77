/* wishes.c - see wishes.h. */
#include "wishes.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "launcher.h"
#include "pool.h"
#include "settings.h"

typedef struct Wish {
    R2dWishKind kind;
    int64 job_id;
    int pid; /* whom to interrupt or to wake */
    const char *text;
    SubTransactionId subxact;
    struct Wish *next;
} Wish;

static Wish *wishes; /* in TopTransactionContext */

static Wish *wish_for(R2dWishKind kind, int64 job_id)
{
    Wish *wish = MemoryContextAllocZero(TopTransactionContext, sizeof *wish);
    Wish **last = &wishes;

    wish->kind = kind;
    wish->job_id = job_id;
    wish->subxact = GetCurrentSubTransactionId();
    while (*last != NULL)
        last = &(*last)->next;
    *last = wish;
    return wish;
}

void r2d_wish(R2dWishKind kind, int64 job_id, int pid)
{
    wish_for(kind, job_id)->pid = pid;
}

void r2d_wish_log(int64 job_id, const char *text)
{
    wish_for(R2D_WISH_LOG, job_id)->text = MemoryContextStrdup(TopTransactionContext, text);
}

const char *r2d_queued_hint(void)
{
    return r2d_launcher_is_there() ? "It starts by itself when one is free."
                                   : "It starts when another job of this database ends, or with "
                                     "the next call of rs2ddb_export or rs2ddb_wait.";
}

static void tell_no_worker(const Wish *wish)
{
    r2d_launcher_look(MyDatabaseId, R2D_NO_WORKER_DELAY_MS);
    ereport(WARNING,
            (errmsg("no background worker is free: rs2ddb job " INT64_FORMAT " stays queued",
                    wish->job_id),
             errhint("%s Consider raising max_worker_processes.", r2d_queued_hint())));
}

/* The oldest first, and no more than can have a slot: the next start when these end. */
static void start_leaders(void)
{
    int started = 0;

    for (const Wish *wish = wishes; wish != NULL && started < r2d_max_workers; wish = wish->next) {
        if (wish->kind != R2D_WISH_LEADER)
            continue;
        if (!r2d_pool_start_leader(wish->job_id)) {
            tell_no_worker(wish);
            return;
        }
        started++;
    }
}

/* An error here would take the whole server down: only what cannot throw. */
static void carry_out(void)
{
    for (const Wish *wish = wishes; wish != NULL; wish = wish->next) {
        if (wish->kind == R2D_WISH_INTERRUPT)
            r2d_pool_interrupt(wish->pid);
        else if (wish->kind == R2D_WISH_WAKE)
            r2d_pool_wake(wish->pid);
        else if (wish->kind == R2D_WISH_LOG) /* a client could get an encoding that throws */
            ereport(LOG_SERVER_ONLY, (errmsg_internal("%s", wish->text)));
    }
    start_leaders();
}

/* Whoever commits a prepared transaction does not know our wishes: a cancel would be lost. */
static void refuse_prepare(void)
{
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot PREPARE a transaction that has called functions of rs2ddb"),
                    errhint("Call them in a transaction of their own.")));
}

static void at_transaction_end(XactEvent event, void *arg)
{
    (void)arg;
    if (event == XACT_EVENT_PRE_PREPARE && wishes != NULL)
        refuse_prepare();
    if (event == XACT_EVENT_COMMIT)
        carry_out();
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT)
        wishes = NULL;
}

static void at_subtransaction_end(SubXactEvent event, SubTransactionId mine,
                                  SubTransactionId parent, void *arg)
{
    (void)arg;
    for (Wish **link = &wishes; *link != NULL;) {
        if ((*link)->subxact == mine && event == SUBXACT_EVENT_ABORT_SUB) {
            *link = (*link)->next;
            continue;
        }
        if ((*link)->subxact == mine && event == SUBXACT_EVENT_COMMIT_SUB)
            (*link)->subxact = parent;
        link = &(*link)->next;
    }
}

void r2d_wishes_init(void)
{
    RegisterXactCallback(at_transaction_end, NULL);
    RegisterSubXactCallback(at_subtransaction_end, NULL);
}
