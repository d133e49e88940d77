/* notes.c - notes for the launcher, in shared memory under one lock. */
#include "notes.h"

#include <limits.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "launcher.h"
#include "pool.h"

#define NOTES_MAX         128
#define LOST_DELAY_MS     1000
#define LOST_DELAY_MAX_MS 60000
#define LOST_AGAIN_MS     600000 /* a leader lost so soon after the last one counts as "again" */
#define FULL_DELAY_MS     5000

typedef struct Note {
    Oid database;
    bool wait_for_slot;
    TimestampTz due_at; /* DT_NOEND: not due */
    TimestampTz lost_at;
    int lost_delay_ms;
} Note;

typedef struct Notes {
    int launcher_pid;
    bool visit_open;
    TimestampTz all_due_at; /* DT_NOEND: not due */
    int count;
    Note notes[NOTES_MAX];
} Notes;

static Notes *notes;
static LWLock *lock;
static shmem_request_hook_type next_request_hook;
static shmem_startup_hook_type next_startup_hook;

static void request_memory(void)
{
    if (next_request_hook != NULL)
        next_request_hook();
    RequestAddinShmemSpace(MAXALIGN(sizeof(Notes)));
    RequestNamedLWLockTranche("rs2ddb", 1);
}

static void begin_memory(void)
{
    bool found;

    if (next_startup_hook != NULL)
        next_startup_hook();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    notes = ShmemInitStruct("rs2ddb", sizeof(Notes), &found);
    lock = &GetNamedLWLockTranche("rs2ddb")->lock;
    if (!found)
        memset(notes, 0, sizeof(Notes));
    LWLockRelease(AddinShmemInitLock);
}

void r2d_notes_define(void)
{
    next_request_hook = shmem_request_hook;
    shmem_request_hook = request_memory;
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = begin_memory;
}

/* Between begin and end: the notes are ours. False when there are none. */
static bool begin(void)
{
    if (notes == NULL)
        return false;
    LWLockAcquire(lock, LW_EXCLUSIVE);
    return true;
}

static void end_and_wake(void)
{
    int pid = notes->launcher_pid;
    LWLockRelease(lock);
    r2d_pool_wake(pid);
}

static TimestampTz after(int delay_ms)
{
    return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay_ms);
}

static bool is_forgettable(const Note *note)
{
    return note->due_at == DT_NOEND && !note->wait_for_slot &&
           TimestampDifferenceExceeds(note->lost_at, GetCurrentTimestamp(), LOST_AGAIN_MS);
}

/* The note of a database, made when there is none; NULL when all are in use: then everything is
 * looked at a little later. */
static Note *note_of(Oid database)
{
    Note *unused = notes->count < NOTES_MAX ? &notes->notes[notes->count] : NULL;

    for (int i = 0; i < notes->count; i++) {
        if (notes->notes[i].database == database)
            return &notes->notes[i];
        if (is_forgettable(&notes->notes[i]))
            unused = &notes->notes[i];
    }
    if (unused == NULL) {
        notes->all_due_at = Min(notes->all_due_at, after(FULL_DELAY_MS));
        return NULL;
    }
    if (unused == &notes->notes[notes->count])
        notes->count++;
    *unused = (Note){.database = database, .due_at = DT_NOEND};
    return unused;
}

bool r2d_launcher_is_there(void)
{
    return notes != NULL;
}

void r2d_launcher_look(Oid database, int delay_ms)
{
    Note *note;

    if (!begin())
        return;
    note = note_of(database);
    if (note != NULL)
        note->due_at = Min(note->due_at, after(delay_ms));
    end_and_wake();
}

void r2d_launcher_lost(Oid database)
{
    TimestampTz now = GetCurrentTimestamp();
    Note *note;

    if (!begin())
        return;
    note = note_of(database);
    if (note != NULL) {
        bool again = !TimestampDifferenceExceeds(note->lost_at, now, LOST_AGAIN_MS);
        note->lost_delay_ms =
            again ? Min(note->lost_delay_ms * 2, LOST_DELAY_MAX_MS) : LOST_DELAY_MS;
        note->lost_at = now;
        note->due_at = Min(note->due_at, after(note->lost_delay_ms));
    }
    end_and_wake();
}

void r2d_launcher_wait_for_slot(Oid database)
{
    Note *note;

    if (!begin())
        return;
    note = note_of(database);
    if (note != NULL)
        note->wait_for_slot = true;
    end_and_wake();
}

void r2d_launcher_slot_free(void)
{
    bool waited = false;

    if (!begin())
        return;
    for (int i = 0; i < notes->count; i++) {
        Note *note = &notes->notes[i];
        if (!note->wait_for_slot)
            continue;
        note->wait_for_slot = false;
        note->due_at = Min(note->due_at, GetCurrentTimestamp());
        waited = true;
    }
    if (waited)
        end_and_wake();
    else
        LWLockRelease(lock);
}

void r2d_launcher_visited(void)
{
    if (!begin())
        return;
    notes->visit_open = false;
    end_and_wake();
}

static void forget_launcher(int code, Datum arg)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    notes->launcher_pid = 0;
    LWLockRelease(lock);
}

void r2d_notes_attach(void)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    notes->launcher_pid = MyProcPid;
    notes->all_due_at = DT_NOEND;
    LWLockRelease(lock);
    on_shmem_exit(forget_launcher, (Datum)0);
}

bool r2d_notes_take_due(Oid *database)
{
    TimestampTz now = GetCurrentTimestamp();
    bool found = false;

    LWLockAcquire(lock, LW_EXCLUSIVE);
    *database = InvalidOid;
    if (notes->all_due_at <= now) {
        notes->all_due_at = DT_NOEND;
        found = true;
    }
    for (int i = 0; i < notes->count && !found; i++) {
        if (notes->notes[i].due_at > now)
            continue;
        notes->notes[i].due_at = DT_NOEND;
        *database = notes->notes[i].database;
        found = true;
    }
    LWLockRelease(lock);
    return found;
}

int r2d_notes_wait_ms(void)
{
    TimestampTz due_at;

    LWLockAcquire(lock, LW_SHARED);
    due_at = notes->all_due_at;
    for (int i = 0; i < notes->count; i++)
        due_at = Min(due_at, notes->notes[i].due_at);
    LWLockRelease(lock);
    if (due_at == DT_NOEND)
        return -1;
    return (int)Min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due_at), INT_MAX);
}

void r2d_notes_look_everywhere(int delay_ms)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    notes->all_due_at = Min(notes->all_due_at, after(delay_ms));
    LWLockRelease(lock);
}

void r2d_notes_begin_visit(void)
{
    LWLockAcquire(lock, LW_EXCLUSIVE);
    notes->visit_open = true;
    LWLockRelease(lock);
}

bool r2d_notes_visit_open(void)
{
    bool open;

    LWLockAcquire(lock, LW_SHARED);
    open = notes->visit_open;
    LWLockRelease(lock);
    return open;
}
