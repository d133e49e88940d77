/* manifest.c - reads and checks a verbose manifest; see manifest.h. */
#include "manifest.h"

#include "../base/json.h"
#include "manifest_schema.h"

#define URL_SHOWN_MAX 300

typedef struct Reader {
    const R2dAlloc *alloc;
    R2dView s3_prefix;
    R2dManifest *manifest;
    R2dError *err;
} Reader;

static int shown(R2dView text)
{
    return (int)(text.len < URL_SHOWN_MAX ? text.len : URL_SHOWN_MAX);
}

/* Parses without the schema. *without holds the text that was parsed then. */
static R2dStatus parse_without_schema(const R2dAlloc *alloc, R2dView text, R2dBytes *without,
                                      R2dJson **json, R2dError *err)
{
    size_t start, end;
    if (!r2d_manifest_find_schema(text, &start, &end))
        return R2D_FAILED;
    if (!r2d_bytes_append(without, text.data, start) ||
        !r2d_bytes_append(without, text.data + end, text.len - end))
        return r2d_fail_memory(err);
    return r2d_json_parse(alloc, r2d_bytes_view(without), json, err);
}

static R2dStatus parse(const R2dAlloc *alloc, R2dView text, R2dBytes *without, R2dJson **json,
                       R2dError *err)
{
    R2dError first;
    if (r2d_json_parse(alloc, text, json, &first) == R2D_OK)
        return R2D_OK;
    R2dError second = first;
    if (first.kind == R2D_ERR_DATA &&
        parse_without_schema(alloc, text, without, json, &second) == R2D_OK)
        return R2D_OK;
    if (second.kind == R2D_ERR_MEMORY)
        return r2d_fail_memory(err);
    return r2d_fail(err, R2D_ERR_DATA, "the manifest of the UNLOAD cannot be read: %s",
                    first.message);
}

/* A count under meta; -1 when it is not told. */
static R2dStatus read_count(const Reader *reader, R2dJsonNode meta, const char *name, R2dView where,
                            int64_t *count)
{
    R2dJsonNode node = r2d_json_member(meta, name);
    *count = -1;
    if (node == NULL || r2d_json_is_null(node))
        return R2D_OK;
    if (r2d_json_int64(node, count) && *count >= 0)
        return R2D_OK;
    return r2d_fail(reader->err, R2D_ERR_DATA, "the manifest's %s of %.*s is no count", name,
                    shown(where), where.data);
}

/* Appends url with %XX decoded. The storage has room for every url. */
static R2dView store_decoded(R2dBytes *storage, R2dView url)
{
    size_t start = storage->len;
    for (size_t i = 0; i < url.len; i++) {
        int high = url.data[i] == '%' && i + 2 < url.len ? r2d_hex_digit(url.data[i + 1]) : -1;
        int low = high >= 0 ? r2d_hex_digit(url.data[i + 2]) : -1;
        char c = low >= 0 ? (char)(high * 16 + low) : url.data[i];
        i += low >= 0 ? 2 : 0;
        storage->data[storage->len++] = c;
    }
    return r2d_view(storage->data + start, storage->len - start);
}

static bool is_below(R2dView url, R2dView prefix)
{
    return url.len > prefix.len && r2d_view_starts(url, prefix) &&
           memchr(url.data, '\0', url.len) == NULL;
}

/* The url as written, or decoded when only then it lies below the prefix. */
static R2dStatus store_url(const Reader *reader, R2dView url, R2dView *stored)
{
    R2dBytes *storage = &reader->manifest->storage;
    if (is_below(url, reader->s3_prefix)) {
        *stored = r2d_view(storage->data + storage->len, url.len);
        r2d_bytes_append_view(storage, url);
        return R2D_OK;
    }
    *stored = store_decoded(storage, url);
    if (is_below(*stored, reader->s3_prefix))
        return R2D_OK;
    return r2d_fail(reader->err, R2D_ERR_DATA,
                    "the manifest names %.*s, which does not lie below %.*s", shown(url), url.data,
                    shown(reader->s3_prefix), reader->s3_prefix.data);
}

static R2dStatus read_file(const Reader *reader, R2dJsonNode entry, R2dManifestFile *file)
{
    R2dView url;
    R2dJsonNode meta = r2d_json_member(entry, "meta");
    if (!r2d_json_text(r2d_json_member(entry, "url"), &url))
        return r2d_fail(reader->err, R2D_ERR_DATA, "entry %d of the manifest has no url",
                        (int)(file - reader->manifest->files) + 1);
    if (store_url(reader, url, &file->url) != R2D_OK ||
        read_count(reader, meta, "content_length", url, &file->size_bytes) != R2D_OK ||
        read_count(reader, meta, "record_count", url, &file->rows) != R2D_OK)
        return R2D_FAILED;
    return R2D_OK;
}

static R2dStatus read_files(const Reader *reader, R2dJsonNode entries, size_t text_len)
{
    R2dManifest *manifest = reader->manifest;
    int count = r2d_json_length(entries);
    if (count == 0)
        return R2D_OK;
    /* Decoded texts are never longer than the manifest: no view into the storage moves. */
    manifest->files = r2d_new(reader->alloc, (size_t)count * sizeof manifest->files[0]);
    if (manifest->files == NULL || !r2d_bytes_reserve(&manifest->storage, text_len))
        return r2d_fail_memory(reader->err);
    for (; manifest->file_count < count; manifest->file_count++) {
        R2dJsonNode entry = r2d_json_element(entries, manifest->file_count);
        if (read_file(reader, entry, &manifest->files[manifest->file_count]) != R2D_OK)
            return R2D_FAILED;
    }
    return R2D_OK;
}

static uint32_t hash(R2dView text)
{
    uint32_t value = 2166136261u;
    for (size_t i = 0; i < text.len; i++)
        value = (value ^ (unsigned char)text.data[i]) * 16777619u;
    return value;
}

/* slots: a power of two of them, -1 where empty. */
static R2dStatus insert_all(const Reader *reader, int *slots, size_t slot_count)
{
    const R2dManifest *manifest = reader->manifest;
    for (int i = 0; i < manifest->file_count; i++) {
        R2dView url = manifest->files[i].url;
        size_t at = hash(url) & (slot_count - 1);
        for (; slots[at] >= 0; at = (at + 1) & (slot_count - 1))
            if (r2d_view_equal(manifest->files[slots[at]].url, url))
                return r2d_fail(reader->err, R2D_ERR_DATA, "the manifest names %.*s twice",
                                shown(url), url.data);
        slots[at] = i;
    }
    return R2D_OK;
}

static R2dStatus check_distinct(const Reader *reader)
{
    size_t slot_count = 16;
    while (slot_count < (size_t)reader->manifest->file_count * 2)
        slot_count *= 2;
    int *slots = r2d_resize(reader->alloc, NULL, slot_count * sizeof slots[0]);
    if (slots == NULL)
        return r2d_fail_memory(reader->err);
    memset(slots, 0xFF, slot_count * sizeof slots[0]);
    R2dStatus status = insert_all(reader, slots, slot_count);
    r2d_release(reader->alloc, slots);
    return status;
}

/* The sum over all files of what is told; *all says whether each of them told it. */
static bool add_up(const R2dManifest *manifest, bool rows, int64_t *sum, bool *all)
{
    *sum = 0;
    *all = true;
    for (int i = 0; i < manifest->file_count; i++) {
        int64_t one = rows ? manifest->files[i].rows : manifest->files[i].size_bytes;
        if (one < 0)
            *all = false;
        else if (__builtin_add_overflow(*sum, one, sum))
            return false;
    }
    return true;
}

static R2dStatus check_total(const Reader *reader, R2dJsonNode meta, const char *name, bool rows,
                             int64_t *total)
{
    int64_t sum;
    bool all;
    if (read_count(reader, meta, name, R2D_VIEW("the whole"), total) != R2D_OK)
        return R2D_FAILED;
    if (!add_up(reader->manifest, rows, &sum, &all))
        return r2d_fail(reader->err, R2D_ERR_DATA, "the manifest's %s is out of range", name);
    if (*total < 0 && all && reader->manifest->file_count > 0)
        *total = sum;
    if (*total < 0 || (all ? sum == *total : sum <= *total))
        return R2D_OK;
    return r2d_fail(reader->err, R2D_ERR_DATA,
                    "the manifest contradicts itself: %s is %lld in all, but its %d files add up "
                    "to %lld",
                    name, (long long)*total, reader->manifest->file_count, (long long)sum);
}

static R2dStatus read_manifest(const Reader *reader, R2dJsonNode root, size_t text_len)
{
    R2dJsonNode entries = r2d_json_member(root, "entries");
    R2dJsonNode meta = r2d_json_member(root, "meta");
    int64_t total_bytes;
    if (!r2d_json_is_array(entries))
        return r2d_fail(reader->err, R2D_ERR_DATA, "the manifest of the UNLOAD has no entries");
    if (read_files(reader, entries, text_len) != R2D_OK || check_distinct(reader) != R2D_OK ||
        check_total(reader, meta, "record_count", true, &reader->manifest->total_rows) != R2D_OK ||
        check_total(reader, meta, "content_length", false, &total_bytes) != R2D_OK)
        return R2D_FAILED;
    return R2D_OK;
}

R2dStatus r2d_manifest_parse(const R2dAlloc *alloc, R2dView text, R2dView s3_prefix,
                             R2dManifest *manifest, R2dError *err)
{
    Reader reader = {.alloc = alloc, .s3_prefix = s3_prefix, .manifest = manifest, .err = err};
    R2dJson *json = NULL;
    R2dBytes without;
    *manifest = (R2dManifest){.total_rows = -1};
    r2d_bytes_init(&manifest->storage, alloc);
    r2d_bytes_init(&without, alloc);
    R2dStatus status = parse(alloc, text, &without, &json, err);
    if (status == R2D_OK)
        status = read_manifest(&reader, r2d_json_root(json), text.len);
    r2d_json_free(json);
    r2d_bytes_free(&without);
    if (status != R2D_OK)
        r2d_manifest_free(alloc, manifest);
    return status;
}

void r2d_manifest_free(const R2dAlloc *alloc, R2dManifest *manifest)
{
    r2d_release(alloc, manifest->files);
    r2d_bytes_free(&manifest->storage);
    *manifest = (R2dManifest){.total_rows = -1, .storage = manifest->storage};
}
