/* prepare.c - describe the query, fit it to the table, make the plan. */
#include "leader.h"

#include "mb/pg_wchar.h"

#include "../core/encode/column_rules.h"
#include "../core/encode/mapping.h"
#include "../core/encode/plan.h"
#include "../core/unload/query.h"

#define TABLE_WAIT_MS 120000

static void check_query(R2dLeader *leader)
{
    R2dError err;
    int position = 0;
    int sqlstate = ERRCODE_SYNTAX_ERROR;

    leader->utf8_query = r2d_to_utf8(leader->job->query);
    if (r2d_query_check(r2d_view_of(leader->utf8_query), &leader->query, &position, &err) == R2D_OK)
        return;
    ereport(ERROR,
            (errcode(sqlstate), errmsg("%s", err.message),
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

    leader->redshift = r2d_redshift_open(leader->context, leader->options);
    leader->column_count = r2d_redshift_describe(leader->redshift, leader->query, &leader->remote);
    if (leader->column_count == 0)
        ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("the query returns no columns"),
                        errhint("Only a query can be exported: SELECT or WITH.")));
    leader->columns = palloc0(sizeof(R2dColumn) * leader->column_count);
    for (int i = 0; i < leader->column_count; i++) {
        bool guessed;
        if (r2d_projection_column(&leader->remote[i], &leader->columns[i], &guessed, &err) !=
            R2D_OK)
            refuse_type(&err);
    }
}

static R2dColumn *find_column(R2dLeader *leader, const char *utf8_name)
{
    for (int i = 0; i < leader->column_count; i++)
        if (r2d_view_equal(leader->columns[i].name, r2d_view_of(utf8_name)))
            return &leader->columns[i];
    return NULL;
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

static void type_name(const R2dLeader *leader, const R2dColumn *column, char out[64])
{
    r2d_projection_type_name(&leader->remote[column - leader->columns], out, 64);
}

/* Gives a column its role, or says why it cannot have it. `type` is the table's letter, 0 when
 * the table is about to be created. */
static void assign_key(R2dLeader *leader, const char *utf8_name, R2dKeyRole role, char type)
{
    R2dColumn *column = find_column(leader, utf8_name);
    const char *what = role == R2D_KEY_PARTITION ? "partition key" : "sort key";
    const char *shown = r2d_from_utf8(r2d_view_of(utf8_name));
    const char *letter;
    char redshift_type[64];

    if (column == NULL)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_COLUMN),
                 errmsg("the %s \"%s\" of table \"%s\" is not a column of the query", what, shown,
                        leader->job->table_name),
                 errhint("Add the column to the query, or name it so: ... AS \"%s\".", shown)));
    letter = r2d_column_attribute_type(column->type);
    type_name(leader, column, redshift_type);
    if (strlen(letter) != 1)
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH),
                 errmsg("column \"%s\" of type %s cannot be a %s", shown, redshift_type, what),
                 errhint("A key is text, a number or bytes: cast the column.")));
    if (type != 0 && letter[0] != type)
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH),
                 errmsg("the %s \"%s\" of table \"%s\" has type %c, the query's column is %s (%s)",
                        what, shown, leader->job->table_name, type, redshift_type, letter),
                 errhint("Cast the column in the query.")));
    column->key = role;
}

static void check_key_count(const R2dJob *job)
{
    if (job->key_count > 2)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a key has at most two columns: partition key and sort key")));
}

static void same_key(const R2dJob *job, int index, const R2dTableKey *actual)
{
    const char *wanted = index < job->key_count ? r2d_to_utf8(job->key[index]) : "";
    const char *name = actual->type != 0 ? actual->name : "";

    if (job->key_count == 0 || strcmp(wanted, name) == 0)
        return;
    ereport(ERROR,
            (errcode(ERRCODE_DATATYPE_MISMATCH),
             errmsg("table \"%s\" has another key than the one given", job->table_name),
             errdetail("Its %s is %s, given was %s.", index == 0 ? "partition key" : "sort key",
                       name[0] ? psprintf("\"%s\"", r2d_from_utf8(r2d_view_of(name))) : "missing",
                       wanted[0] ? psprintf("\"%s\"", job->key[index]) : "none"),
             errhint("Leave key out to use the table's own.")));
}

/* A column that is the key of an index must have its type, or every row would be refused. */
static void check_index_keys(R2dLeader *leader, const R2dTable *table)
{
    for (int i = 0; i < table->index_key_count; i++) {
        const R2dTableKey *key = &table->index_keys[i];
        R2dColumn *column = find_column(leader, key->name);
        const char *letter = column ? r2d_column_attribute_type(column->type) : "";
        if (column == NULL || letter[0] == '\0' || (letter[0] == key->type && letter[1] == '\0'))
            continue;
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("\"%s\" is the key of an index with type %c, the query's column "
                               "becomes %s",
                               r2d_from_utf8(column->name), key->type, letter),
                        errhint("Cast the column in the query.")));
    }
}

/* The mapping is made here once only to prove that the loaders can make it. */
static void prove_mapping(R2dLeader *leader)
{
    R2dMapping mapping;
    R2dError err;

    r2d_check(r2d_mapping_init(&mapping, leader->aws->alloc, leader->columns, leader->column_count,
                               leader->job->mode, &err),
              &err);
    r2d_mapping_free(&mapping);
}

static void fit_existing_table(R2dLeader *leader, const R2dTable *table)
{
    same_key(leader->job, 0, &table->partition_key);
    same_key(leader->job, 1, &table->sort_key);
    assign_key(leader, table->partition_key.name, R2D_KEY_PARTITION, table->partition_key.type);
    if (table->sort_key.type != 0)
        assign_key(leader, table->sort_key.name, R2D_KEY_SORT, table->sort_key.type);
    check_index_keys(leader, table);
    prove_mapping(leader);
}

static void fill_key(R2dLeader *leader, int index, R2dKeyRole role, R2dTableKey *key)
{
    const char *name = r2d_to_utf8(leader->job->key[index]);

    assign_key(leader, name, role, 0);
    strlcpy(key->name, name, sizeof key->name);
    key->type = r2d_column_attribute_type(find_column(leader, name)->type)[0];
}

static void create_table(R2dLeader *leader, R2dTable *table)
{
    R2dAwsSession *aws = leader->aws;
    const R2dJob *job = leader->job;
    R2dTableKey partition = {0}, sort = {0};
    R2dError err;

    if (job->key_count == 0)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("DynamoDB table \"%s\" does not exist", job->table_name),
                        errhint("Give its key and it will be created: key => '{partition_key}' or "
                                "'{partition_key,sort_key}'.")));
    fill_key(leader, 0, R2D_KEY_PARTITION, &partition);
    if (job->key_count == 2)
        fill_key(leader, 1, R2D_KEY_SORT, &sort);
    prove_mapping(leader);
    r2d_check(r2d_table_create(&aws->dynamodb, aws->http, &aws->wait, job->table_name, &partition,
                               job->key_count == 2 ? &sort : NULL, &err),
              &err);
    r2d_check(r2d_table_wait_active(&aws->dynamodb, aws->http, &aws->wait, job->table_name,
                                    TABLE_WAIT_MS, table, &err),
              &err);
}

/* True when the table was created. */
static bool fit_table(R2dLeader *leader, R2dTable *table)
{
    bool exists = r2d_aws_session_describe_table(leader->aws, leader->job->table_name, table);

    check_key_count(leader->job);
    if (exists)
        fit_existing_table(leader, table);
    else
        create_table(leader, table);
    return !exists;
}

/* Files of an UNLOAD with another plan must never be loaded by this one. */
static void forget_attempt(R2dLeader *leader)
{
    r2d_catalog_job_forget_files(leader->job_id);
    r2d_catalog_job_doom_stage(leader->job_id);
    leader->job->rows_unloaded = -1;
    leader->job->stage_doomed = leader->stage_prefix != NULL;
}

/* With all that follows, in one transaction: the next leader cannot tell any more what changed. */
static void store_plan(R2dLeader *leader, bool table_created, const char *table_id)
{
    R2dBytes plan;

    r2d_bytes_init(&plan, leader->aws->alloc);
    if (!r2d_plan_write(leader->columns, leader->column_count, &plan))
        r2d_throw_memory();
    leader->job->plan = r2d_from_utf8(r2d_bytes_view(&plan));
    r2d_tx_begin();
    leader->plan_kept =
        r2d_catalog_job_set_plan(leader->job_id, leader->job->plan, table_created, table_id);
    if (!leader->plan_kept)
        forget_attempt(leader);
    else if (leader->job->rows_unloaded >= 0)
        r2d_catalog_files_restart(leader->job_id);
    r2d_tx_commit();
    r2d_bytes_free(&plan);
}

void r2d_prepare(R2dLeader *leader)
{
    R2dTable table;
    bool created;

    check_query(leader);
    describe_query(leader);
    apply_attributes(leader);
    refuse_foreign_names(leader);
    refuse_equal_names(leader);
    created = fit_table(leader, &table);
    store_plan(leader, created, table.id);
}
