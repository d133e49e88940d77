/* reject_queue.c - a list of copies, one block each. */
#include "reject_queue.h"

#include "../base/json.h"

struct R2dRejectNode {
    R2dRejectNode *next;
    R2dReject reject; /* its views point behind the node */
    size_t bytes;
};

void r2d_reject_queue_init(R2dRejectQueue *queue, const R2dAlloc *alloc)
{
    *queue = (R2dRejectQueue){.alloc = alloc};
    r2d_bytes_init(&queue->key, alloc);
}

void r2d_reject_queue_clear(R2dRejectQueue *queue)
{
    R2dReject reject;
    while (r2d_reject_queue_next(queue, &reject) == R2D_OK)
        ;
}

void r2d_reject_queue_free(R2dRejectQueue *queue)
{
    if (queue->alloc == NULL)
        return;
    r2d_reject_queue_clear(queue);
    r2d_bytes_free(&queue->key);
    queue->alloc = NULL;
}

static R2dView store(char **at, R2dView text)
{
    R2dView copy = {*at, text.len};
    if (text.len > 0)
        memcpy(*at, text.data, text.len);
    *at += text.len;
    return copy;
}

static R2dStatus push(R2dRejectQueue *queue, R2dReject reject, R2dError *err)
{
    if (reject.item.len > R2D_REJECT_ITEM_MAX)
        reject.item.len = R2D_REJECT_ITEM_MAX;
    size_t bytes = sizeof(R2dRejectNode) + reject.key.len + reject.code.len + reject.reason.len +
                   reject.item.len;
    R2dRejectNode *node = r2d_new(queue->alloc, bytes);
    if (node == NULL)
        return r2d_fail_memory(err);
    char *at = (char *)(node + 1);
    node->bytes = bytes;
    node->reject.row = reject.row;
    node->reject.key = store(&at, reject.key);
    node->reject.code = store(&at, reject.code);
    node->reject.reason = store(&at, reject.reason);
    node->reject.item = store(&at, reject.item);
    if (queue->first == NULL)
        queue->first = node;
    else
        queue->last->next = node;
    queue->last = node;
    queue->rows++;
    queue->bytes += bytes;
    return R2D_OK;
}

static bool has_key(const R2dMapping *mapping, const R2dRow *row)
{
    int at = mapping->columns[mapping->partition_key.column].first_value;
    return at < row->value_count && row->values[at].kind != R2D_VALUE_ABSENT;
}

R2dStatus r2d_reject_queue_row(R2dRejectQueue *queue, const R2dMapping *mapping, const R2dRow *row,
                               const R2dReason *reason, R2dError *err)
{
    queue->key.len = 0;
    if (has_key(mapping, row) && !r2d_item_key_text(mapping, row, &queue->key))
        return r2d_fail_memory(err);
    return push(queue,
                (R2dReject){.row = row->number,
                            .key = r2d_bytes_view(&queue->key),
                            .code = r2d_view_of(reason->code),
                            .reason = r2d_view_of(reason->text),
                            .item = row->line},
                err);
}

/* Appends "name":value of a key attribute, as it stands in a write request. */
static bool append_key(R2dBytes *out, const R2dMapping *mapping, const R2dKeySpec *key,
                       R2dJsonNode item)
{
    char name[256];
    char type[2] = {key->type, '\0'};
    R2dView view = mapping->columns[key->column].column.name;
    R2dView text = {NULL, 0};
    size_t len = view.len < sizeof name ? view.len : sizeof name - 1;
    memcpy(name, view.data, len);
    name[len] = '\0';
    if (!r2d_json_append_string(out, view) || !r2d_bytes_append_char(out, ':'))
        return false;
    if (!r2d_json_text(r2d_json_member(r2d_json_member(item, name), type), &text))
        return r2d_bytes_append_text(out, "null");
    return key->type == 'N' ? r2d_bytes_append_view(out, text) : r2d_json_append_string(out, text);
}

static bool append_keys(R2dBytes *out, const R2dMapping *mapping, R2dJsonNode item)
{
    bool ok =
        r2d_bytes_append_char(out, '{') && append_key(out, mapping, &mapping->partition_key, item);
    if (ok && mapping->sort_key.column >= 0)
        ok = r2d_bytes_append_char(out, ',') && append_key(out, mapping, &mapping->sort_key, item);
    return ok && r2d_bytes_append_char(out, '}');
}

/* The item or key within a write request: what follows the second brace, without the last two. */
static R2dView inner_of(R2dView request)
{
    R2dView put = R2D_VIEW("{\"PutRequest\":{\"Item\":");
    R2dView delete = R2D_VIEW("{\"DeleteRequest\":{\"Key\":");
    size_t head = r2d_view_starts(request, put)      ? put.len
                  : r2d_view_starts(request, delete) ? delete.len
                                                     : 0;
    return head > 0 ? r2d_view(request.data + head, request.len - head - 2) : request;
}

R2dStatus r2d_reject_queue_request(R2dRejectQueue *queue, const R2dMapping *mapping, int64_t row,
                                   R2dView request, const R2dError *why, R2dError *err)
{
    R2dView inner = inner_of(request);
    R2dJson *json;
    queue->key.len = 0;
    if (r2d_json_parse(queue->alloc, inner, &json, NULL) == R2D_OK) {
        bool ok = append_keys(&queue->key, mapping, r2d_json_root(json));
        r2d_json_free(json);
        if (!ok)
            return r2d_fail_memory(err);
    }
    return push(
        queue,
        (R2dReject){.row = row,
                    .key = r2d_bytes_view(&queue->key),
                    .code = r2d_view_of(why->code),
                    .reason = r2d_view_of(why->detail[0] != '\0' ? why->detail : why->message),
                    .item = inner},
        err);
}

R2dStatus r2d_reject_queue_next(R2dRejectQueue *queue, R2dReject *reject)
{
    r2d_release(queue->alloc, queue->lent);
    queue->lent = queue->first;
    if (queue->first == NULL)
        return R2D_END;
    queue->first = queue->first->next;
    queue->rows--;
    queue->bytes -= queue->lent->bytes;
    *reject = queue->lent->reject;
    return R2D_OK;
}
