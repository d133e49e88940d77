/* leftover.c - see leftover.h. */
#include "leftover.h"

#include "miscadmin.h"
#include "pgstat.h"

#include "owner.h"
#include "stage.h"

#define LEFTOVERS_MAX 2

void r2d_leftover_give_up(R2dLeader *leader)
{
    r2d_tx_begin();
    r2d_catalog_job_forget_files(leader->job_id);
    r2d_catalog_leftover_add(leader->job_id, true);
    r2d_tx_commit();
}

static void store_result(R2dLeader *leader)
{
    r2d_tx_begin();
    if (leader->stage_error == NULL)
        r2d_catalog_leftover_gone(leader->stage_prefix);
    else
        r2d_catalog_leftover_failed(leader->stage_prefix, leader->stage_error);
    r2d_tx_commit();
}

static void tell_result(R2dLeader *leader, const char *reason)
{
    const char *not_stored;

    leader->stage_error = reason;
    not_stored = r2d_stage_try(leader, store_result);
    if (reason == NULL)
        reason = not_stored;
    if (reason != NULL)
        ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": staging files stay at %s: %s",
                             leader->job_id, leader->stage_prefix, reason)));
}

void r2d_leftover_delete(R2dLeader *leader)
{
    bool may_run = leader->unload_pid != 0 || leader->stage_may_run;

    if (leader->stage_prefix != NULL && leader->aws != NULL)
        tell_result(leader, r2d_stage_remove(leader, may_run));
}

static bool claim(R2dLeader *leader, R2dLeftover *leftover)
{
    bool found;

    r2d_tx_begin();
    MemoryContextSwitchTo(leader->context);
    found = r2d_catalog_oldest_waiting() == 0 && r2d_catalog_leftover_claim(leftover);
    r2d_tx_commit();
    return found;
}

static void open_session(R2dLeader *leader)
{
    r2d_leader_load_options(leader);
    leader->aws = r2d_aws_session_open(leader->context, leader->options, 2);
}

/* As a leader of its job would, if there were one. False: there was none to delete. */
static bool delete_one(MemoryContext context)
{
    R2dLeader leader = {.context = context};
    R2dLeftover leftover;
    const char *reason;
    R2dJob job;

    if (!claim(&leader, &leftover))
        return false;
    job = (R2dJob){.job_id = leftover.job_id,
                   .owner = leftover.owner,
                   .owner_oid = leftover.owner_oid,
                   .server = leftover.server,
                   .server_oid = leftover.server_oid};
    leader.job = &job;
    leader.job_id = leftover.job_id;
    leader.stage_prefix = pstrdup(leftover.uri);
    pgstat_report_activity(
        STATE_RUNNING, psprintf("rs2ddb: deleting the staging files that job " INT64_FORMAT " left",
                                leftover.job_id));
    reason = r2d_stage_try(&leader, open_session);
    tell_result(&leader, reason ? reason : r2d_stage_remove(&leader, leftover.may_run));
    return true;
}

void r2d_leftovers_delete(void)
{
    MemoryContext caller = CurrentMemoryContext;
    bool more = true;

    for (int i = 0; i < LEFTOVERS_MAX && more; i++) {
        MemoryContext context =
            AllocSetContextCreate(caller, "rs2ddb leftover", ALLOCSET_DEFAULT_SIZES);
        MemoryContextSwitchTo(context);
        more = delete_one(context);
        MemoryContextSwitchTo(caller);
        MemoryContextDelete(context);
    }
}
