/* progress.c - what rs2ddb.progress asks of a job that has not settled: whether it belongs here,
 * and whether somebody works on it. */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "catalog.h"
#include "pool.h"

/* (system_identifier bigint, database_oid oid) */
PG_FUNCTION_INFO_V1(rs2ddb_is_copy);
PGDLLEXPORT Datum rs2ddb_is_copy(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(PG_GETARG_INT64(0) != (int64)GetSystemIdentifier() ||
                   PG_GETARG_OID(1) != MyDatabaseId);
}

/*
 * (job_id bigint, leader_pid integer), as a row of rs2ddb.job says. A leader keeps the lock of its
 * job from before its process id is in the row until the row is settled or queued again, so a lock
 * that it does not hold means that it is gone, or that the row is an old one: only a look at the
 * row after the look at the lock tells the two apart.
 */
PG_FUNCTION_INFO_V1(rs2ddb_is_led);
PGDLLEXPORT Datum rs2ddb_is_led(PG_FUNCTION_ARGS)
{
    int64 job_id;
    int leader_pid = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);

    if (PG_ARGISNULL(0) || RecoveryInProgress()) /* a standby does not have the primary's locks */
        PG_RETURN_NULL();
    job_id = PG_GETARG_INT64(0);
    if (r2d_pool_leads(leader_pid, job_id))
        PG_RETURN_BOOL(true);
    if (r2d_catalog_job_names_leader(job_id, leader_pid))
        PG_RETURN_BOOL(false);
    PG_RETURN_NULL();
}
