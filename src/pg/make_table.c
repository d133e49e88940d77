/* make_table.c - the table of a job that had none when its plan was made. It is created when the
 * UNLOAD has finished: a job that fails before leaves no table, whose key would block the next. */
#include "leader.h"

#include "../core/encode/plan.h"

#define TABLE_WAIT_MS 120000

/* The stored plan has the keys, in whichever leader's life it was made. sort->type is 0 without a
 * sort key. */
static void read_keys(R2dLeader *leader, R2dTableKey *partition, R2dTableKey *sort)
{
    const R2dAlloc *alloc = leader->aws->alloc;
    R2dColumn *columns;
    int count;
    R2dError err;

    memset(partition, 0, sizeof *partition);
    memset(sort, 0, sizeof *sort);
    r2d_check(
        r2d_plan_read(alloc, r2d_view_of(r2d_to_utf8(leader->job->plan)), &columns, &count, &err),
        &err);
    for (int i = 0; i < count; i++) {
        R2dTableKey *key = columns[i].key == R2D_KEY_PARTITION ? partition : sort;
        if (columns[i].key == R2D_KEY_NONE)
            continue;
        strlcpy(key->name, pnstrdup(columns[i].name.data, columns[i].name.len), sizeof key->name);
        key->type = r2d_column_attribute_type(columns[i].type)[0];
    }
    r2d_release(alloc, columns);
}

static bool is_same_key(const R2dTableKey *one, const R2dTableKey *other)
{
    return one->type == other->type && (one->type == 0 || strcmp(one->name, other->name) == 0);
}

/* Somebody made it since. */
static void require_keys(const R2dJob *job, const R2dTable *table, const R2dTableKey *partition,
                         const R2dTableKey *sort)
{
    if (is_same_key(&table->partition_key, partition) && is_same_key(&table->sort_key, sort))
        return;
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("table \"%s\" was created meanwhile with another key", job->table_name),
                    errhint("Delete it and call rs2ddb_resume, or export again with its key.")));
}

static void create(R2dLeader *leader, const R2dTableKey *partition, const R2dTableKey *sort,
                   R2dTable *table)
{
    R2dAwsSession *aws = leader->aws;
    const char *name = leader->job->table_name;
    R2dError err;

    if (leader->job->mode == R2D_WRITE_DELETE)
        r2d_refuse_missing_table(leader->job);
    r2d_check(r2d_table_create(&aws->dynamodb, aws->http, &aws->wait, name, partition,
                               sort->type != 0 ? sort : NULL, &err),
              &err);
    r2d_check(r2d_table_wait_active(&aws->dynamodb, aws->http, &aws->wait, name, TABLE_WAIT_MS,
                                    table, &err),
              &err);
}

void r2d_make_table(R2dLeader *leader)
{
    R2dTableKey partition, sort;
    R2dTable table;
    bool exists;

    if (leader->table_seen || leader->job->table_id != NULL)
        return;
    exists = r2d_aws_session_describe_table(leader->aws, leader->job->table_name, 0, &table);
    read_keys(leader, &partition, &sort);
    if (exists)
        require_keys(leader->job, &table, &partition, &sort);
    else
        create(leader, &partition, &sort, &table);
    leader->job->table_id = table.id[0] != '\0' ? pstrdup(table.id) : NULL;
    r2d_tx_begin();
    r2d_catalog_job_set_table(leader->job_id, !exists, table.id);
    if (!exists) /* nothing that was ever written is in it */
        r2d_catalog_files_restart(leader->job_id);
    r2d_tx_commit();
}
