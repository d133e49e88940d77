/* prepare.c - describe the query, make the plan. */
#include "leader.h"

#include "mb/pg_wchar.h"

#include "../core/encode/column_rules.h"
#include "../core/encode/plan.h"
#include "../core/unload/query.h"

static void check_query(R2dLeader *leader)
{
    R2dError err;
    int position = 0;

    leader->utf8_query = r2d_to_utf8(leader->job->query);
    if (r2d_query_check(r2d_view_of(leader->utf8_query), &leader->query, &position, &err) == R2D_OK)
        return;
    ereport(ERROR,
            (errcode(ERRCODE_SYNTAX_ERROR), errmsg("%s", err.message),
             err.detail[0] ? errdetail("%s", err.detail) : 0,
             err.hint[0] ? errhint("%s", err.hint) : 0, position > 0 ? errposition(position) : 0));
}

static void refuse_type(const R2dError *err)
{
    char *message = r2d_from_utf8_or_null(r2d_view_of(err->message));
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("%s", message ? message : "a column has a type that cannot be exported"),
                    errhint("%s", err->hint)));
}

static void describe_query(R2dLeader *leader)
{
    R2dError err;

    leader->column_count =
        r2d_redshift_describe(r2d_leader_session(leader), leader->query, &leader->remote);
    if (leader->column_count == 0)
        ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("the query returns no columns"),
                        errhint("Only a query can be exported: SELECT or WITH.")));
    leader->columns = palloc0(sizeof(R2dColumn) * leader->column_count);
    for (int i = 0; i < leader->column_count; i++)
        if (r2d_projection_column(&leader->remote[i], &leader->columns[i], &err) != R2D_OK)
            refuse_type(&err);
}

/* Redshift names an expression without AS so, as PostgreSQL does. */
static void refuse_unnamed_columns(const R2dLeader *leader)
{
    for (int i = 0; i < leader->column_count; i++)
        if (r2d_view_equal(leader->columns[i].name, R2D_VIEW("?column?")))
            ereport(ERROR, (errcode(ERRCODE_INVALID_COLUMN_DEFINITION),
                            errmsg("column %d of the query has no name", i + 1),
                            errhint("Name it with AS: it is the name of an attribute.")));
}

/* The plan lives in this database; a name it cannot hold is refused before anything is made. */
static void refuse_foreign_names(const R2dLeader *leader)
{
    for (int i = 0; i < leader->column_count; i++)
        if (r2d_from_utf8_or_null(leader->columns[i].name) == NULL)
            ereport(ERROR,
                    (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
                     errmsg("the encoding of this database (%s) cannot hold the name of column %d",
                            GetDatabaseEncodingName(), i + 1),
                     errhint("Give the column another name with AS, or export from a database with "
                             "encoding UTF8.")));
}

/* Two columns of one name would be one attribute, and one of them lost. */
static void refuse_equal_names(R2dLeader *leader)
{
    for (int i = 1; i < leader->column_count; i++)
        for (int j = 0; j < i; j++)
            if (r2d_view_equal(leader->columns[i].name, leader->columns[j].name))
                ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
                                errmsg("two columns of the query are named \"%s\"",
                                       r2d_from_utf8(leader->columns[i].name)),
                                errdetail("Columns %d and %d would become the same attribute.",
                                          j + 1, i + 1),
                                errhint("Give one of them another name with AS.")));
}

/* The new names live as long as the leader. */
static void apply_attributes(R2dLeader *leader)
{
    R2dBytes texts;
    R2dError err;
    char *message;

    if (leader->job->attributes == NULL)
        return;
    r2d_bytes_init(&texts, leader->aws->alloc);
    if (r2d_column_rules_apply(r2d_view_of(r2d_to_utf8(leader->job->attributes)), leader->columns,
                               leader->column_count, &texts, &err) == R2D_OK)
        return;
    message = r2d_from_utf8_or_null(r2d_view_of(err.message));
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("%s", message ? message : "attributes: a column is not in the query"),
                    err.hint[0] ? errhint("%s", err.hint) : 0));
}

/* Files of an UNLOAD with another plan must never be loaded by this one. */
static void forget_attempt(R2dLeader *leader)
{
    r2d_catalog_job_forget_files(leader->job_id);
    r2d_catalog_leftover_add(leader->job_id, true);
    leader->job->unloaded = false;
}

/* With all that follows, in one transaction: the next leader cannot tell any more what changed. */
static void store_plan(R2dLeader *leader, const char *table_id)
{
    R2dBytes plan;
    bool kept;

    r2d_bytes_init(&plan, leader->aws->alloc);
    if (!r2d_plan_write(leader->columns, leader->column_count, &plan))
        r2d_throw_memory();
    leader->job->plan = r2d_from_utf8(r2d_bytes_view(&plan));
    leader->job->table_id = table_id[0] != '\0' ? pstrdup(table_id) : NULL;
    r2d_tx_begin();
    kept = r2d_catalog_job_set_plan(leader->job_id, leader->job->plan, table_id);
    leader->plan_lost = leader->plan_lost || !kept;
    leader->plan_kept = !leader->plan_lost;
    if (!kept)
        forget_attempt(leader);
    else if (leader->job->unloaded)
        r2d_catalog_files_restart(leader->job_id);
    r2d_tx_commit();
    r2d_bytes_free(&plan);
}

void r2d_prepare(R2dLeader *leader)
{
    R2dTable table;

    check_query(leader);
    describe_query(leader);
    apply_attributes(leader);
    refuse_unnamed_columns(leader);
    refuse_foreign_names(leader);
    refuse_equal_names(leader);
    leader->table_seen = r2d_fit_table(leader, &table);
    store_plan(leader, leader->table_seen ? table.id : "");
}
