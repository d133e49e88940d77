/*
 * compat.h - the differences between PostgreSQL 15, 16, 17, 18 and 19, and nothing else.
 */
#ifndef R2D_PG_COMPAT_H
#define R2D_PG_COMPAT_H

#include "postgres.h"

#include "catalog/pg_foreign_server.h"
#include "foreign/foreign.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/memutils.h"

#if PG_VERSION_NUM < 150000
#error "rs2ddb needs PostgreSQL 15 or later"
#endif

#include "utils/wait_event.h"

#if PG_VERSION_NUM >= 180000
#include "storage/waiteventset.h"
#endif

/* 18 has it, as a prefix, in place of pg_attribute_noreturn(). */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 19 has signal handlers of another type, and names of its own for the dispositions. */
#ifndef PG_SIG_IGN
#define PG_SIG_IGN SIG_IGN
#endif

/* What a process of ours waits for, as pg_stat_activity shows it. */
typedef enum R2dWaitFor {
    R2D_WAIT_AWS,       /* S3 or DynamoDB */
    R2D_WAIT_WAREHOUSE, /* Redshift */
    R2D_WAIT_WORKERS,   /* other workers of ours, or a short pause */
    R2D_WAIT_IDLE,      /* the launcher: something to do */
} R2dWaitFor;

/* 17 lets extensions name their wait events; before they are all "Extension". */
static inline uint32 r2d_wait_event(R2dWaitFor what)
{
#if PG_VERSION_NUM >= 170000
    static const char *const names[] = {"Rs2ddbAws", "Rs2ddbWarehouse", "Rs2ddbWorkers",
                                        "Rs2ddbIdle"};
    static uint32 events[lengthof(names)];
    if (events[what] == 0)
        events[what] = WaitEventExtensionNew(names[what]);
    return events[what];
#else
    (void)what;
    return PG_WAIT_EXTENSION;
#endif
}

/* 16 replaced the aclcheck function of each object class by one for all. */
static inline AclResult r2d_server_aclcheck(Oid server, Oid role)
{
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(ForeignServerRelationId, server, role, ACL_USAGE);
#else
    return pg_foreign_server_aclcheck(server, role, ACL_USAGE);
#endif
}

/* 17 lets a resource owner, not a memory context, own a wait event set. NULL: for the session. */
static inline WaitEventSet *r2d_create_wait_event_set(int event_count)
{
#if PG_VERSION_NUM >= 170000
    return CreateWaitEventSet(NULL, event_count);
#else
    return CreateWaitEventSet(TopMemoryContext, event_count);
#endif
}

#endif
