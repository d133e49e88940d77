/*
 * json.c - a read-only tree over json-c, and the writer of one string.
 *
 * json-c takes its memory from malloc (it has no hooks) and stands a JSON null for a NULL pointer;
 * here NULL means absent, so a null is the address of null_node.
 */
#include "json.h"
#include "json_tokens.h"

#include <json-c/json.h>
#include <limits.h>

/* An item of DynamoDB may be 31 levels deep, each of them two of JSON. json-c frees recursively:
 * this also bounds the stack. */
#define MAX_DEPTH 96

struct R2dJson {
    const R2dAlloc *alloc;
    json_object *root;
};

static const char null_node;

static R2dJsonNode to_node(json_object *object)
{
    return object != NULL ? (R2dJsonNode)object : &null_node;
}

/* NULL for absent nodes and for JSON nulls: json-c's own view. */
static json_object *to_object(R2dJsonNode node)
{
    return node == &null_node ? NULL : (json_object *)node;
}

/* json-c returns NULL with "success" both for the text null and when memory is out. */
static bool is_null_text(R2dView text)
{
    size_t at = r2d_json_skip_blanks(text, 0);
    return text.len - at >= 4 && memcmp(text.data + at, "null", 4) == 0;
}

static R2dStatus parse_with(json_tokener *tokener, R2dView text, json_object **root, R2dError *err)
{
    *root = json_tokener_parse_ex(tokener, text.data, (int)text.len);
    size_t end = json_tokener_get_parse_end(tokener);
    enum json_tokener_error what = json_tokener_get_error(tokener);
    if (what == json_tokener_continue) { /* a number at the end: only a zero byte ends it */
        *root = json_tokener_parse_ex(tokener, "", 1);
        what = json_tokener_get_error(tokener);
        end = text.len;
    }
    if (what == json_tokener_continue)
        what = json_tokener_error_parse_eof;
    if (what == json_tokener_success && r2d_json_skip_blanks(text, end) != text.len)
        what = json_tokener_error_parse_unexpected;
    if (what == json_tokener_success && (*root != NULL || is_null_text(text)))
        return R2D_OK;
    json_object_put(*root);
    *root = NULL;
    if (what == json_tokener_success)
        return r2d_fail_memory(err);
    return r2d_fail(err, R2D_ERR_DATA, "not JSON at byte %zu: %s", end,
                    json_tokener_error_desc(what));
}

static R2dStatus parse_text(R2dView text, json_object **root, R2dError *err)
{
    if (text.len > INT_MAX)
        return r2d_fail(err, R2D_ERR_LIMIT, "a JSON document of %zu bytes is too large", text.len);
    if (r2d_json_check_tokens(text, err) != R2D_OK)
        return R2D_FAILED;
    json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
    if (tokener == NULL)
        return r2d_fail_memory(err);
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    R2dStatus status = parse_with(tokener, text.len > 0 ? text : R2D_VIEW(" "), root, err);
    json_tokener_free(tokener);
    return status;
}

R2dStatus r2d_json_parse(const R2dAlloc *alloc, R2dView text, R2dJson **json, R2dError *err)
{
    *json = NULL;
    R2dJson *document = r2d_new(alloc, sizeof *document);
    if (document == NULL)
        return r2d_fail_memory(err);
    document->alloc = alloc;
    R2dStatus status = parse_text(text, &document->root, err);
    if (status != R2D_OK) {
        r2d_release(alloc, document);
        return status;
    }
    *json = document;
    return R2D_OK;
}

void r2d_json_free(R2dJson *json)
{
    if (json == NULL)
        return;
    json_object_put(json->root);
    r2d_release(json->alloc, json);
}

R2dJsonNode r2d_json_root(const R2dJson *json)
{
    return json != NULL ? to_node(json->root) : NULL;
}

R2dJsonNode r2d_json_member(R2dJsonNode object, const char *name)
{
    json_object *member;
    if (!json_object_object_get_ex(to_object(object), name, &member))
        return NULL;
    return to_node(member);
}

static bool has_type(R2dJsonNode node, json_type type)
{
    return node != NULL && json_object_is_type(to_object(node), type);
}

int r2d_json_length(R2dJsonNode array)
{
    return has_type(array, json_type_array) ? (int)json_object_array_length(to_object(array)) : 0;
}

R2dJsonNode r2d_json_element(R2dJsonNode array, int index)
{
    if (index < 0 || index >= r2d_json_length(array))
        return NULL;
    return to_node(json_object_array_get_idx(to_object(array), (size_t)index));
}

bool r2d_json_is_object(R2dJsonNode node)
{
    return has_type(node, json_type_object);
}

bool r2d_json_is_array(R2dJsonNode node)
{
    return has_type(node, json_type_array);
}

bool r2d_json_is_null(R2dJsonNode node)
{
    return node == &null_node;
}

bool r2d_json_text(R2dJsonNode node, R2dView *text)
{
    if (!has_type(node, json_type_string))
        return false;
    json_object *object = to_object(node);
    *text = r2d_view(json_object_get_string(object), (size_t)json_object_get_string_len(object));
    return true;
}

/* json-c keeps the nearest int64 or uint64 of an integer that is too large. INT64_MIN is refused
 * with them: it cannot be told from what lies below it. */
bool r2d_json_int64(R2dJsonNode node, int64_t *value)
{
    if (!has_type(node, json_type_int))
        return false;
    json_object *object = to_object(node);
    int64_t number = json_object_get_int64(object);
    if (number == INT64_MIN ||
        (number == INT64_MAX && json_object_get_uint64(object) > (uint64_t)INT64_MAX))
        return false;
    *value = number;
    return true;
}

bool r2d_json_double(R2dJsonNode node, double *value)
{
    if (!has_type(node, json_type_double) && !has_type(node, json_type_int))
        return false;
    *value = json_object_get_double(to_object(node));
    return true;
}

bool r2d_json_bool(R2dJsonNode node, bool *value)
{
    if (!has_type(node, json_type_boolean))
        return false;
    *value = json_object_get_boolean(to_object(node));
    return true;
}

void r2d_json_each(R2dJsonNode object, R2dJsonVisitor visitor, void *context)
{
    if (!r2d_json_is_object(object))
        return;
    json_object_object_foreach(to_object(object), name, value)
    {
        if (!visitor(context, r2d_view_of(name), to_node(value)))
            return;
    }
}

/* The escape of a byte that cannot stand in a JSON string, or NULL. */
static const char *escape_of(unsigned char c, char buffer[8])
{
    static const char hex[] = "0123456789abcdef";
    static const char pairs[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    if (c >= 0x20 && c != '"' && c != '\\')
        return NULL;
    for (const char *pair = pairs; *pair != '\0'; pair += 2) {
        if (c == (unsigned char)*pair) {
            memcpy(buffer, (char[]){'\\', pair[1], '\0'}, 3);
            return buffer;
        }
    }
    memcpy(buffer, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], '\0'}, 7);
    return buffer;
}

static bool append_escaped(R2dBytes *out, R2dView text)
{
    size_t from = 0;
    char buffer[8];
    for (size_t i = 0; i < text.len; i++) {
        const char *escape = escape_of((unsigned char)text.data[i], buffer);
        if (escape == NULL)
            continue;
        if (!r2d_bytes_append(out, text.data + from, i - from) ||
            !r2d_bytes_append_text(out, escape))
            return false;
        from = i + 1;
    }
    return r2d_bytes_append(out, text.data + from, text.len - from);
}

bool r2d_json_append_string(R2dBytes *out, R2dView text)
{
    size_t start = out->len;
    if (r2d_bytes_append_char(out, '"') && append_escaped(out, text) &&
        r2d_bytes_append_char(out, '"'))
        return true;
    out->len = start;
    return false;
}
