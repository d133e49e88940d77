/* owner.c - see owner.h. */
#include "owner.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

Oid r2d_job_owner(const R2dJob *job)
{
    if (!OidIsValid(job->owner_oid))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT),
                 errmsg("role \"%s\", the owner of the job, does not exist here", job->owner),
                 errhint("Create it, then call rs2ddb_resume to take the job over.")));
    if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->owner_oid)))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT),
                 errmsg("role \"%s\", the owner of the job, does not exist any more", job->owner)));
    return job->owner_oid;
}

/* For row security: (owner name, owner_oid oid, system_identifier bigint). */
PG_FUNCTION_INFO_V1(rs2ddb_is_owner);
PGDLLEXPORT Datum rs2ddb_is_owner(PG_FUNCTION_ARGS)
{
    if (PG_GETARG_INT64(2) == (int64)GetSystemIdentifier())
        PG_RETURN_BOOL(PG_GETARG_OID(1) == GetUserId());
    PG_RETURN_BOOL(get_role_oid(NameStr(*PG_GETARG_NAME(0)), true) == GetUserId());
}
