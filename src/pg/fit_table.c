/* fit_table.c - whether the columns of the query fit the key of the table, or can be the key of one
 * that is created later. */
#include "leader.h"

#include "../core/encode/mapping.h"

static R2dColumn *find_column(R2dLeader *leader, const char *utf8_name)
{
    for (int i = 0; i < leader->column_count; i++)
        if (r2d_view_equal(leader->columns[i].name, r2d_view_of(utf8_name)))
            return &leader->columns[i];
    return NULL;
}

static void type_name(const R2dLeader *leader, const R2dColumn *column, char out[64])
{
    r2d_projection_type_name(&leader->remote[column - leader->columns], out, 64);
}

/* The rules of the job may have given the column another name. */
static void refuse_missing_key(const R2dLeader *leader, const char *utf8_name, const char *what)
{
    const char *shown = r2d_from_utf8(r2d_view_of(utf8_name));

    for (int i = 0; i < leader->column_count; i++)
        if (r2d_view_equal(leader->remote[i].name, r2d_view_of(utf8_name)))
            ereport(ERROR,
                    (errcode(ERRCODE_UNDEFINED_COLUMN),
                     errmsg("the %s \"%s\" of table \"%s\" is not an attribute of its items", what,
                            shown, leader->job->table_name),
                     errdetail("The column \"%s\" becomes the attribute \"%s\".", shown,
                               r2d_from_utf8(leader->columns[i].name)),
                     errhint("Name the key as the attribute is named, or leave the column its name "
                             "in attributes.")));
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("the %s \"%s\" of table \"%s\" is not a column of the query", what,
                           shown, leader->job->table_name),
                    errhint("Add the column to the query, or name it so: ... AS \"%s\".", shown)));
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
        refuse_missing_key(leader, utf8_name, what);
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

void r2d_refuse_missing_table(const R2dJob *job)
{
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE),
             errmsg("DynamoDB table \"%s\" does not exist", job->table_name),
             job->mode == R2D_WRITE_DELETE
                 ? errhint("Mode 'delete' deletes items of a table that exists: check its name and "
                           "the Region.")
                 : errhint("Give its key and it will be created: key => '{partition_key}' or "
                           "'{partition_key,sort_key}'.")));
}

static void fit_new_table(R2dLeader *leader)
{
    const R2dJob *job = leader->job;

    if (job->key_count == 0 || job->mode == R2D_WRITE_DELETE)
        r2d_refuse_missing_table(job);
    assign_key(leader, r2d_to_utf8(job->key[0]), R2D_KEY_PARTITION, 0);
    if (job->key_count == 2)
        assign_key(leader, r2d_to_utf8(job->key[1]), R2D_KEY_SORT, 0);
    prove_mapping(leader);
}

bool r2d_fit_table(R2dLeader *leader, R2dTable *table)
{
    bool exists = r2d_aws_session_describe_table(leader->aws, leader->job->table_name, 0, table);

    check_key_count(leader->job);
    if (exists)
        fit_existing_table(leader, table);
    else
        fit_new_table(leader);
    return exists;
}
