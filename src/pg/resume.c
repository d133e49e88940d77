/* resume.c - whether the table and the files of an earlier attempt are still there. */
#include "job_table.h"
#include "leader.h"

/* What a bucket's lifecycle rule has taken away is unloaded anew. The manifest stands for the
 * files, and only files that are still to be loaded matter. */
static void look_for_files(R2dLeader *leader)
{
    R2dFileCounts counts;
    R2dStatus status;
    R2dBytes text;

    r2d_tx_begin();
    counts = r2d_catalog_file_counts(leader->job_id);
    r2d_tx_commit();
    if (counts.pending + counts.running == 0 || leader->stage_prefix == NULL)
        return;
    r2d_bytes_init(&text, leader->aws->alloc);
    status = r2d_unload_manifest_text(leader, &text);
    r2d_bytes_free(&text);
    if (status == R2D_OK)
        return;
    leader->job->unloaded = false;
    r2d_tx_begin();
    r2d_catalog_job_forget_files(leader->job_id);
    r2d_tx_commit();
}

/* What was written to a table that is gone is lost: its successor, which is made if need be, gets
 * every row. */
static void look_at_table(R2dLeader *leader)
{
    R2dTable table;

    if (leader->job->table_id == NULL || /* it was not made yet: r2d_make_table looks */
        r2d_job_table_is_the_same(leader->aws, leader->job, 0, &table))
        return;
    ereport(LOG, (errmsg("rs2ddb job " INT64_FORMAT ": table \"%s\" is not the one that was loaded "
                         "before, all rows are written again",
                         leader->job_id, leader->job->table_name)));
    r2d_prepare(leader);
}

void r2d_resume(R2dLeader *leader)
{
    if (r2d_leader_has_files(leader))
        look_at_table(leader);
    if (r2d_leader_has_files(leader))
        look_for_files(leader);
}
