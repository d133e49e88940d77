/* job_table.c - see job_table.h. */
#include "job_table.h"

bool r2d_job_table_is_the_same(R2dAwsSession *session, const R2dJob *job, int patience_ms,
                               R2dTable *table)
{
    return r2d_aws_session_describe_table(session, job->table_name, patience_ms, table) &&
           (job->table_id == NULL || strcmp(job->table_id, table->id) == 0);
}

void r2d_job_table_require(R2dAwsSession *session, const R2dJob *job, int patience_ms,
                           R2dTable *table)
{
    R2dError err;

    if (r2d_job_table_is_the_same(session, job, patience_ms, table))
        return;
    r2d_fail(&err, R2D_ERR_REMOTE,
             "DynamoDB table \"%s\" is not the one that this job has written to", job->table_name);
    strlcpy(err.detail,
            "It was deleted or made anew meanwhile, or Region or account are other ones now.",
            sizeof err.detail);
    strlcpy(err.hint, "Go on with rs2ddb_resume: it writes every row again.", sizeof err.hint);
    r2d_throw(&err);
}
