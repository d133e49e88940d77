/* batch.c - see batch.h. Items are separated by one comma; the tail is written behind len. */
#include "batch.h"

static const R2dView tail = {"]}}", 3};

bool r2d_batch_init(R2dBatch *batch, const R2dAlloc *alloc, const char *table_name)
{
    memset(batch, 0, sizeof *batch);
    r2d_bytes_init(&batch->body, alloc);
    r2d_bytes_init(&batch->keys, alloc);
    bool ok = r2d_bytes_append_text(&batch->body, "{\"ReturnConsumedCapacity\":\"INDEXES\","
                                                  "\"RequestItems\":{\"") &&
              r2d_bytes_append_text(&batch->body, table_name) &&
              r2d_bytes_append_text(&batch->body, "\":[");
    batch->head_bytes = batch->body.len;
    return ok;
}

void r2d_batch_free(R2dBatch *batch)
{
    if (batch->body.alloc == NULL)
        return;
    r2d_bytes_free(&batch->body);
    r2d_bytes_free(&batch->keys);
}

void r2d_batch_clear(R2dBatch *batch)
{
    batch->body.len = batch->head_bytes;
    batch->keys.len = 0;
    batch->count = 0;
}

static bool append_comma(R2dBatch *batch)
{
    return batch->count == 0 || r2d_bytes_append_char(&batch->body, ',');
}

static size_t committed_body_len(const R2dBatch *batch)
{
    if (batch->count == 0)
        return batch->head_bytes;
    const R2dBatchEntry *last = &batch->entries[batch->count - 1];
    return last->body_at + last->body_len;
}

static size_t committed_keys_len(const R2dBatch *batch)
{
    if (batch->count == 0)
        return 0;
    const R2dBatchEntry *last = &batch->entries[batch->count - 1];
    return last->key_at + last->key_len;
}

/* The pending item is what was appended since the last commit. */
static void note_pending(R2dBatch *batch, int64_t row, const R2dItem *item)
{
    size_t comma = batch->count > 0 ? 1 : 0;
    batch->pending = (R2dBatchEntry){
        .row = row,
        .key_hash = item->key_hash,
        .partition_hash = item->partition_hash,
        .body_at = committed_body_len(batch) + comma,
        .key_at = committed_keys_len(batch),
        .units = item->write_units,
    };
    batch->pending.body_len = batch->body.len - batch->pending.body_at;
    batch->pending.key_len = batch->keys.len - batch->pending.key_at;
}

R2dStatus r2d_batch_encode(R2dBatch *batch, const R2dMapping *mapping, const R2dRow *row,
                           R2dReason *reason, R2dError *err)
{
    R2dItem item;
    if (!append_comma(batch))
        return r2d_fail_memory(err);
    R2dStatus status =
        r2d_item_encode(mapping, row, &batch->body, &batch->keys, &item, reason, err);
    if (status == R2D_OK)
        note_pending(batch, row->number, &item);
    else
        r2d_batch_rollback(batch);
    return status;
}

bool r2d_batch_append(R2dBatch *batch, const R2dLooseItem *loose)
{
    if (!append_comma(batch) ||
        !r2d_bytes_append_view(&batch->body, r2d_bytes_view(&loose->request)) ||
        !r2d_bytes_append_view(&batch->keys, r2d_bytes_view(&loose->keys))) {
        r2d_batch_rollback(batch);
        return false;
    }
    note_pending(batch, loose->row, &loose->item);
    return true;
}

bool r2d_batch_fits(const R2dBatch *batch)
{
    return batch->count == 0 ||
           (batch->count < R2D_BATCH_ITEMS_MAX && batch->body.len <= R2D_BATCH_BYTES_MAX);
}

bool r2d_batch_has_room(const R2dBatch *batch, size_t request_bytes)
{
    size_t comma = 1;
    return batch->count == 0 || (batch->count < R2D_BATCH_ITEMS_MAX &&
                                 batch->body.len + comma + request_bytes <= R2D_BATCH_BYTES_MAX);
}

void r2d_batch_rollback(R2dBatch *batch)
{
    batch->body.len = committed_body_len(batch);
    batch->keys.len = committed_keys_len(batch);
    r2d_bytes_trim(&batch->body, R2D_BATCH_ROOM_KEPT);
    r2d_bytes_trim(&batch->keys, R2D_BATCH_ROOM_KEPT);
}

bool r2d_batch_move_out(R2dBatch *batch, R2dLooseItem *loose)
{
    const R2dBatchEntry *pending = &batch->pending;
    loose->request.len = 0;
    loose->keys.len = 0;
    if (!r2d_bytes_append(&loose->request, batch->body.data + pending->body_at,
                          pending->body_len) ||
        !r2d_bytes_append(&loose->keys, batch->keys.data + pending->key_at, pending->key_len))
        return false;
    loose->held = true;
    loose->row = pending->row;
    loose->item = (R2dItem){.write_units = pending->units,
                            .key_hash = pending->key_hash,
                            .partition_hash = pending->partition_hash,
                            .request_bytes = pending->body_len,
                            .key_bytes = pending->key_len};
    r2d_batch_rollback(batch);
    return true;
}

/* Index of the committed entry with the key of the pending item, or -1. */
static int find_same_key(const R2dBatch *batch)
{
    const R2dBatchEntry *pending = &batch->pending;
    R2dView key = {batch->keys.data + pending->key_at, pending->key_len};
    for (int i = 0; i < batch->count; i++)
        if (batch->entries[i].key_hash == pending->key_hash &&
            r2d_view_equal(r2d_batch_key(batch, i), key))
            return i;
    return -1;
}

int64_t r2d_batch_commit(R2dBatch *batch)
{
    int same = find_same_key(batch);
    batch->entries[batch->count++] = batch->pending;
    if (same < 0)
        return 0;
    int64_t superseded = batch->entries[same].row;
    r2d_batch_keep(batch, ~((uint32_t)1 << same));
    return superseded;
}

void r2d_batch_keep(R2dBatch *batch, uint32_t keep)
{
    size_t body_at = batch->head_bytes;
    size_t key_at = 0;
    int count = 0;
    for (int i = 0; i < batch->count; i++) {
        if (!(keep >> i & 1))
            continue;
        R2dBatchEntry entry = batch->entries[i];
        if (count > 0)
            batch->body.data[body_at++] = ',';
        memmove(batch->body.data + body_at, batch->body.data + entry.body_at, entry.body_len);
        memmove(batch->keys.data + key_at, batch->keys.data + entry.key_at, entry.key_len);
        entry.body_at = body_at;
        entry.key_at = key_at;
        body_at += entry.body_len;
        key_at += entry.key_len;
        batch->entries[count++] = entry;
    }
    batch->count = count;
    batch->body.len = body_at;
    batch->keys.len = key_at;
}

/* What follows the first copy.len bytes moves to the front, and the copy stands behind that. */
static void turn(char *text, size_t len, R2dView copy)
{
    memmove(text, text + copy.len, len - copy.len);
    memcpy(text + len - copy.len, copy.data, copy.len);
}

bool r2d_batch_rotate(R2dBatch *batch, R2dBytes *scratch)
{
    R2dBatchEntry first = batch->entries[0];
    size_t key_at = 0, body_at = batch->head_bytes;
    size_t moved = 1 + first.body_len; /* with a comma: it changes its side */
    if (batch->count < 2)
        return true;
    scratch->len = 0;
    if (!r2d_bytes_append_char(scratch, ',') ||
        !r2d_bytes_append_view(scratch, r2d_batch_request(batch, 0)) ||
        !r2d_bytes_append_view(scratch, r2d_batch_key(batch, 0)))
        return false;
    turn(batch->body.data + body_at, batch->body.len - body_at, r2d_view(scratch->data, moved));
    turn(batch->keys.data, batch->keys.len, r2d_view(scratch->data + moved, first.key_len));
    batch->count--;
    memmove(batch->entries, batch->entries + 1, (size_t)batch->count * sizeof first);
    batch->entries[batch->count++] = first;
    for (int i = 0; i < batch->count; i++) {
        R2dBatchEntry *entry = &batch->entries[i];
        entry->body_at = body_at;
        entry->key_at = key_at;
        body_at += entry->body_len + 1;
        key_at += entry->key_len;
    }
    return true;
}

int r2d_batch_units(const R2dBatch *batch, int count)
{
    int units = 0;
    for (int i = 0; i < count; i++)
        units += batch->entries[i].units;
    return units;
}

R2dView r2d_batch_key(const R2dBatch *batch, int index)
{
    const R2dBatchEntry *entry = &batch->entries[index];
    return r2d_view(batch->keys.data + entry->key_at, entry->key_len);
}

R2dView r2d_batch_request(const R2dBatch *batch, int index)
{
    const R2dBatchEntry *entry = &batch->entries[index];
    return r2d_view(batch->body.data + entry->body_at, entry->body_len);
}

bool r2d_batch_body(R2dBatch *batch, int count, R2dBytes *scratch, R2dView *body)
{
    if (count == batch->count) {
        if (!r2d_bytes_reserve(&batch->body, tail.len))
            return false;
        memcpy(batch->body.data + batch->body.len, tail.data, tail.len);
        *body = r2d_view(batch->body.data, batch->body.len + tail.len);
        return true;
    }
    const R2dBatchEntry *last = &batch->entries[count - 1];
    scratch->len = 0;
    if (!r2d_bytes_append(scratch, batch->body.data, last->body_at + last->body_len) ||
        !r2d_bytes_append_view(scratch, tail))
        return false;
    *body = r2d_bytes_view(scratch);
    return true;
}

void r2d_loose_item_init(R2dLooseItem *loose, const R2dAlloc *alloc)
{
    *loose = (R2dLooseItem){0};
    r2d_bytes_init(&loose->request, alloc);
    r2d_bytes_init(&loose->keys, alloc);
}

void r2d_loose_item_free(R2dLooseItem *loose)
{
    if (loose->request.alloc == NULL)
        return;
    r2d_bytes_free(&loose->request);
    r2d_bytes_free(&loose->keys);
    loose->held = false;
}
