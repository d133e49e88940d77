/*
 * compat.h - the differences between PostgreSQL 15, 16, 17 and 18, and nothing else.
 */
#ifndef R2D_PG_COMPAT_H
#define R2D_PG_COMPAT_H

#include "postgres.h"

#include "catalog/pg_foreign_server.h"
#include "foreign/foreign.h"
#include "storage/latch.h"
#include "utils/acl.h"

#if PG_VERSION_NUM < 150000
#error "rs2ddb needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 170000
#include "storage/waiteventset.h"
#endif

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
