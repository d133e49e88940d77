/* wait.c - latch, postmaster death and one socket in one wait set. */
#include "wait.h"

#include "compat.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "utils/guc.h"

#include "home.h"

struct R2dWaiter {
    bool woken;
    WaitEventSet *set;
};

/* A session reads them between its statements, a worker where it waits. */
static void reload_when_asked(void)
{
    if (MyBackendType != B_BG_WORKER || !ConfigReloadPending)
        return;
    ConfigReloadPending = false;
    ProcessConfigFile(PGC_SIGHUP);
}

static void free_set(void *arg)
{
    FreeWaitEventSet(((R2dWaiter *)arg)->set);
}

R2dWaiter *r2d_waiter_create(MemoryContext context, int fd)
{
    R2dWaiter *waiter = MemoryContextAllocZero(context, sizeof(R2dWaiter));

    waiter->set = r2d_create_wait_event_set(3);
    r2d_on_reset(context, free_set, waiter);
    AddWaitEventToSet(waiter->set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
    AddWaitEventToSet(waiter->set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
    AddWaitEventToSet(waiter->set, WL_SOCKET_READABLE, fd, NULL, NULL);
    return waiter;
}

void r2d_waiter_wait(R2dWaiter *waiter, int timeout_ms)
{
    WaitEvent event;

    if (WaitEventSetWait(waiter->set, timeout_ms, &event, 1, r2d_wait_event(R2D_WAIT_AWS)) == 1 &&
        (event.events & WL_LATCH_SET)) {
        ResetLatch(MyLatch);
        waiter->woken = true;
        reload_when_asked();
    }
}

bool r2d_waiter_take_wake(R2dWaiter *waiter)
{
    bool woken = waiter->woken;
    waiter->woken = false;
    return woken;
}

static R2dStatus wait_for_core(void *context, int fd, int timeout_ms)
{
    (void)fd; /* the waiter was made for the client's descriptor */
    if (ProcDiePending || QueryCancelPending || r2d_home_wanted())
        return R2D_CANCELED;
    r2d_waiter_wait(context, r2d_home_bound(timeout_ms));
    if (ProcDiePending || QueryCancelPending || r2d_home_wanted())
        return R2D_CANCELED;
    CHECK_FOR_INTERRUPTS(); /* barriers and the like: they do not throw */
    return R2D_OK;
}

R2dWait r2d_waiter_table(R2dWaiter *waiter)
{
    return (R2dWait){.wait = wait_for_core, .context = waiter};
}

void r2d_sleep(int timeout_ms)
{
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
                    r2d_wait_event(R2D_WAIT_WORKERS));
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    reload_when_asked();
    r2d_home_tick();
}

bool r2d_wait_socket(int fd, int events, TimestampTz deadline)
{
    int happened = 0;

    while ((happened & events) == 0) {
        int left_ms = R2D_HOME_LOOK_MS;
        if (deadline != 0)
            left_ms =
                (int)Min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline), left_ms);
        if (left_ms <= 0)
            return false;
        happened =
            WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH | events, fd,
                              left_ms, r2d_wait_event(R2D_WAIT_WAREHOUSE));
        if (happened & WL_LATCH_SET)
            ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        reload_when_asked();
        r2d_home_tick();
    }
    return true;
}
