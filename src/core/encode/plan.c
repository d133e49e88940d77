/* plan.c - the columns of a job as JSON. */
#include "plan.h"

#include "../base/json.h"

static const char *const null_rules[] = {[R2D_NULL_OMIT] = "omit", [R2D_NULL_WRITE] = "write"};
static const char *const key_roles[] = {
    [R2D_KEY_NONE] = "", [R2D_KEY_PARTITION] = "partition", [R2D_KEY_SORT] = "sort"};

bool r2d_plan_write(const R2dColumn *columns, int column_count, R2dBytes *out)
{
    bool ok = r2d_bytes_append_text(out, "{\"columns\":[");
    for (int i = 0; ok && i < column_count; i++) {
        const R2dColumn *column = &columns[i];
        ok =
            r2d_bytes_append_text(out, i > 0 ? ",{\"name\":" : "{\"name\":") &&
            r2d_json_append_string(out, column->name) &&
            r2d_bytes_appendf(out, ",\"type\":\"%s\",\"pieces\":%d,\"null\":\"%s\",\"key\":\"%s\"}",
                              r2d_column_type_name(column->type), column->piece_count,
                              null_rules[column->null_rule], key_roles[column->key]);
    }
    return ok && r2d_bytes_append_text(out, "]}");
}

static int find_name(R2dView text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (r2d_view_equal(text, r2d_view_of(names[i])))
            return i;
    return 0;
}

static bool read_column(R2dJsonNode node, R2dColumn *column)
{
    R2dView type, null_rule, key;
    int64_t pieces;
    if (!r2d_json_text(r2d_json_member(node, "name"), &column->name) ||
        !r2d_json_text(r2d_json_member(node, "type"), &type) ||
        !r2d_column_type_from_name(type, &column->type) ||
        !r2d_json_int64(r2d_json_member(node, "pieces"), &pieces) || pieces < 1 ||
        pieces > R2D_BYTES_PIECES_MAX ||
        !r2d_json_text(r2d_json_member(node, "null"), &null_rule) ||
        !r2d_json_text(r2d_json_member(node, "key"), &key))
        return false;
    column->piece_count = (int)pieces;
    column->null_rule = (R2dNullRule)find_name(null_rule, null_rules, 2);
    column->key = (R2dKeyRole)find_name(key, key_roles, 3);
    return true;
}

static size_t text_bytes(R2dJsonNode list, int count)
{
    size_t total = 0;
    R2dView name;
    for (int i = 0; i < count; i++)
        if (r2d_json_text(r2d_json_member(r2d_json_element(list, i), "name"), &name))
            total += name.len;
    return total;
}

static R2dStatus read_columns(const R2dAlloc *alloc, R2dJsonNode list, R2dColumn **columns,
                              int *column_count, R2dError *err)
{
    int count = r2d_json_length(list);
    R2dColumn *out = r2d_new(alloc, sizeof(R2dColumn) * (size_t)count + text_bytes(list, count));
    if (out == NULL)
        return r2d_fail_memory(err);
    char *text = (char *)(out + count);
    for (int i = 0; i < count; i++) {
        if (!read_column(r2d_json_element(list, i), &out[i])) {
            r2d_release(alloc, out);
            return r2d_fail(err, R2D_ERR_DATA, "column %d of the job's plan is not readable",
                            i + 1);
        }
        if (out[i].name.len > 0)
            memcpy(text, out[i].name.data, out[i].name.len);
        out[i].name.data = text;
        text += out[i].name.len;
    }
    *columns = out;
    *column_count = count;
    return R2D_OK;
}

R2dStatus r2d_plan_read(const R2dAlloc *alloc, R2dView text, R2dColumn **columns, int *column_count,
                        R2dError *err)
{
    R2dJson *json;
    R2dStatus status = r2d_json_parse(alloc, text, &json, err);
    if (status != R2D_OK)
        return status;
    status = read_columns(alloc, r2d_json_member(r2d_json_root(json), "columns"), columns,
                          column_count, err);
    r2d_json_free(json);
    return status;
}
