/* column_rules.c - see column_rules.h. */
#include "column_rules.h"

#include "../base/json.h"

#include <stdio.h>

typedef struct Rules {
    R2dColumn *columns;
    R2dView *names; /* as the query gives them */
    int column_count;
    R2dBytes *texts;
    R2dView of; /* the column at hand, as its rule names it */
    R2dColumn *column;
    R2dStatus status;
    R2dError *err;
} Rules;

static bool refuse(Rules *rules, const char *problem)
{
    int len = (int)(rules->of.len < 300 ? rules->of.len : 300);
    rules->status = r2d_fail(rules->err, R2D_ERR_ARGUMENT, "attributes: column \"%.*s\" %s", len,
                             rules->of.len > 0 ? rules->of.data : "", problem);
    return false;
}

static void set_hint(R2dError *err)
{
    if (err != NULL)
        snprintf(
            err->hint, sizeof err->hint,
            "Write {\"column\": {\"name\": \"Attribute\", \"null\": \"omit\" or \"write\"}} with "
            "columns of the query.");
}

/* There is room: a text is never longer than its JSON. So names that were lent stay in place. */
static bool rename_column(Rules *rules, R2dView name)
{
    size_t at = rules->texts->len;
    (void)r2d_bytes_append_view(rules->texts, name);
    rules->column->name = r2d_view(rules->texts->data + at, name.len);
    return true;
}

static bool apply_member(void *context, R2dView member, R2dJsonNode value)
{
    Rules *rules = context;
    R2dView text;
    if (!r2d_json_text(value, &text))
        return refuse(rules, "has a rule that is no text");
    if (r2d_view_equal(member, R2D_VIEW("name")))
        return rename_column(rules, text);
    if (!r2d_view_equal(member, R2D_VIEW("null")))
        return refuse(rules, "has an unknown rule");
    if (r2d_view_equal(text, R2D_VIEW("write")))
        rules->column->null_rule = R2D_NULL_WRITE;
    else if (!r2d_view_equal(text, R2D_VIEW("omit")))
        return refuse(rules, "has an unknown null rule");
    return true;
}

static bool apply_column(void *context, R2dView name, R2dJsonNode members)
{
    Rules *rules = context;
    rules->of = name;
    rules->column = NULL;
    for (int i = 0; i < rules->column_count; i++)
        if (r2d_view_equal(rules->names[i], name))
            rules->column = &rules->columns[i];
    if (rules->column == NULL)
        return refuse(rules, "is not in the query");
    if (!r2d_json_is_object(members))
        return refuse(rules, "has no rule");
    r2d_json_each(members, apply_member, rules);
    return rules->status == R2D_OK;
}

static R2dStatus apply(R2dView json, Rules *rules)
{
    R2dJson *document;
    if (r2d_json_parse(rules->texts->alloc, json, &document, rules->err) != R2D_OK)
        return R2D_FAILED;
    if (r2d_json_is_object(r2d_json_root(document)))
        r2d_json_each(r2d_json_root(document), apply_column, rules);
    else
        rules->status = r2d_fail(rules->err, R2D_ERR_ARGUMENT, "attributes: this is no object");
    if (rules->status != R2D_OK)
        set_hint(rules->err);
    r2d_json_free(document);
    return rules->status;
}

R2dStatus r2d_column_rules_apply(R2dView json, R2dColumn *columns, int column_count,
                                 R2dBytes *texts, R2dError *err)
{
    const R2dAlloc *alloc = texts->alloc;
    Rules rules = {.columns = columns,
                   .names = r2d_new(alloc, sizeof(R2dView) * (size_t)(column_count + 1)),
                   .column_count = column_count,
                   .texts = texts,
                   .status = R2D_OK,
                   .err = err};
    if (rules.names == NULL || !r2d_bytes_reserve(texts, json.len + 1)) {
        r2d_release(alloc, rules.names);
        return r2d_fail_memory(err);
    }
    for (int i = 0; i < column_count; i++)
        rules.names[i] = columns[i].name;
    R2dStatus status = apply(json, &rules);
    r2d_release(alloc, rules.names);
    return status;
}
