/* s3_list.c - ListObjectsV2, page by page; see s3_list.h. */
#include "s3_list.h"

#include "../base/xml.h"
#include "s3_name.h"

#define ATTEMPTS            8
#define RESPONSE_BYTES_MAX  ((size_t)8 * 1024 * 1024) /* 1,000 keys of 1,024 bytes, encoded */
#define KEYS_PER_PAGE_LIMIT 1000
#define TO_TEXT_(number)    #number
#define TO_TEXT(number)     TO_TEXT_(number)

typedef struct ListEntry {
    size_t start; /* in Page.keys */
    size_t len;
    int64_t size_bytes;
} ListEntry;

/* One reply. Keys are decoded after it was read: only then it is known whether they are encoded. */
typedef struct Page {
    R2dBytes keys;
    R2dBytes entries; /* ListEntry, one after the other */
    R2dBytes token;   /* of the next page */
    ListEntry current;
    bool key_seen;
    bool encoded;
    bool truncated;
    bool complete; /* the root element was a listing, and it ended */
    bool broken;   /* a size that is none */
    bool memory_out;
} Page;

static void page_init(Page *page, const R2dAlloc *alloc)
{
    *page = (Page){.key_seen = false};
    r2d_bytes_init(&page->keys, alloc);
    r2d_bytes_init(&page->entries, alloc);
    r2d_bytes_init(&page->token, alloc);
}

static void page_free(Page *page)
{
    r2d_bytes_free(&page->keys);
    r2d_bytes_free(&page->entries);
    r2d_bytes_free(&page->token);
}

static void page_clear(Page *page)
{
    page->keys.len = page->entries.len = page->token.len = 0;
    page->encoded = page->truncated = page->complete = page->broken = false;
    page->key_seen = false;
    page->current = (ListEntry){.size_bytes = -1};
}

static bool is(R2dView text, const char *literal)
{
    return r2d_view_equal(text, r2d_view_of(literal));
}

static void end_entry(Page *page)
{
    if (!page->key_seen || page->current.size_bytes < 0)
        page->broken = true;
    else if (!r2d_bytes_append(&page->entries, (const char *)&page->current, sizeof page->current))
        page->memory_out = true;
    page->key_seen = false;
    page->current = (ListEntry){.size_bytes = -1};
}

static void begin_entry(Page *page, R2dView key)
{
    page->current.start = page->keys.len;
    page->current.len = key.len;
    page->key_seen = true;
    if (!r2d_bytes_append_view(&page->keys, key))
        page->memory_out = true;
}

static bool visit_element(void *context, R2dView path, R2dView text)
{
    Page *page = context;
    if (is(path, "ListBucketResult/Contents/Key"))
        begin_entry(page, text);
    else if (is(path, "ListBucketResult/Contents/Size"))
        page->broken |= !r2d_view_to_int64(text, &page->current.size_bytes);
    else if (is(path, "ListBucketResult/Contents"))
        end_entry(page);
    else if (is(path, "ListBucketResult/IsTruncated"))
        page->truncated = is(text, "true");
    else if (is(path, "ListBucketResult/EncodingType"))
        page->encoded = is(text, "url");
    else if (is(path, "ListBucketResult/NextContinuationToken"))
        page->memory_out |= !r2d_bytes_append_view(&page->token, text);
    else if (is(path, "ListBucketResult"))
        page->complete = true;
    return !page->memory_out;
}

static R2dStatus read_page(Page *page, const R2dAlloc *alloc, R2dView text, R2dError *err)
{
    page_clear(page);
    if (r2d_xml_read(alloc, text, visit_element, page, err) != R2D_OK)
        return R2D_FAILED;
    if (page->memory_out)
        return r2d_fail_memory(err);
    if (!page->complete || page->broken)
        return r2d_fail(err, R2D_ERR_DATA, "the reply is no listing");
    if (page->truncated && page->token.len == 0)
        return r2d_fail(err, R2D_ERR_DATA, "the listing breaks off");
    return R2D_OK;
}

/* Decodes %XX and + in place; the new length. */
static size_t decode(char *text, size_t len)
{
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? r2d_hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? r2d_hex_digit(text[i + 2]) : -1;
        text[to++] = low >= 0 ? (char)(high * 16 + low) : text[i] == '+' ? ' ' : text[i];
        i += low >= 0 ? 2 : 0;
    }
    return to;
}

static R2dStatus visit_page(Page *page, R2dS3ListVisitor visitor, void *context)
{
    for (size_t at = 0; at < page->entries.len; at += sizeof(ListEntry)) {
        ListEntry entry;
        memcpy(&entry, page->entries.data + at, sizeof entry);
        if (entry.len == 0)
            continue;
        char *key = page->keys.data + entry.start;
        size_t len = page->encoded ? decode(key, entry.len) : entry.len;
        if (!visitor(context, r2d_view(key, len), entry.size_bytes))
            return R2D_END;
    }
    return R2D_OK;
}

/* What every page of one listing needs. */
typedef struct Listing {
    R2dAwsService *service;
    R2dHttpClient *http;
    const R2dWait *wait;
    const char *prefix;
    R2dBytes path;
    R2dBytes token; /* of the page to ask for; empty: the first one */
    R2dAwsCall call;
} Listing;

static R2dStatus ask(Listing *listing, R2dError *err)
{
    R2dAwsPair query[5] = {
        {R2D_VIEW("list-type"), R2D_VIEW("2")},
        {R2D_VIEW("encoding-type"), R2D_VIEW("url")},
        {R2D_VIEW("max-keys"), R2D_VIEW(TO_TEXT(KEYS_PER_PAGE_LIMIT))},
        {R2D_VIEW("prefix"), r2d_view_of(listing->prefix)},
        {R2D_VIEW("continuation-token"), r2d_bytes_view(&listing->token)},
    };
    R2dAwsRequest request = {.method = "GET",
                             .path = r2d_bytes_view(&listing->path),
                             .query = query,
                             .query_count = listing->token.len > 0 ? 5 : 4};
    listing->call.exchange.response_limit = RESPONSE_BYTES_MAX;
    return r2d_aws_perform(listing->service, &listing->call, &request, listing->http, listing->wait,
                           ATTEMPTS, err);
}

/* One page after the other. */
static R2dStatus walk(Listing *listing, Page *page, R2dS3ListVisitor visitor, void *context,
                      R2dError *err)
{
    do {
        R2dStatus status = ask(listing, err);
        if (status == R2D_OK)
            status = read_page(page, listing->service->alloc,
                               r2d_bytes_view(&listing->call.exchange.response), err);
        if (status == R2D_OK)
            status = visit_page(page, visitor, context);
        if (status != R2D_OK)
            return status;
        if (page->truncated &&
            r2d_view_equal(r2d_bytes_view(&page->token), r2d_bytes_view(&listing->token)))
            return r2d_fail(err, R2D_ERR_DATA, "the listing goes round in circles");
        R2dBytes previous = listing->token;
        listing->token = page->token;
        page->token = previous;
    } while (page->truncated);
    return R2D_OK;
}

R2dStatus r2d_s3_list(R2dAwsService *service, R2dHttpClient *http, const R2dWait *wait,
                      const char *bucket, const char *prefix, R2dS3ListVisitor visitor,
                      void *context, R2dError *err)
{
    Listing listing = {.service = service, .http = http, .wait = wait, .prefix = prefix};
    R2dError why = {.kind = R2D_ERR_NONE};
    Page page;
    page_init(&page, service->alloc);
    r2d_bytes_init(&listing.path, service->alloc);
    r2d_bytes_init(&listing.token, service->alloc);
    r2d_aws_call_init(&listing.call, service->alloc);
    R2dStatus status = r2d_s3_append_path(service, bucket, "", &listing.path)
                           ? walk(&listing, &page, visitor, context, &why)
                           : r2d_fail_memory(&why);
    if (status == R2D_FAILED)
        r2d_s3_explain(&why, &listing.call, R2D_S3_LIST, bucket, prefix);
    if (status == R2D_FAILED && err != NULL)
        *err = why;
    r2d_aws_call_free(http, &listing.call);
    r2d_bytes_free(&listing.path);
    r2d_bytes_free(&listing.token);
    page_free(&page);
    return status;
}
