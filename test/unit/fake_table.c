/* fake_table.c - see fake_table.h. Uses libc memory, so that tests may fail the core's. */
#include "fake_table.h"

#include <stdlib.h>

/* A small JSON walker of its own, over text that ends with a zero. */

static const char *skip_value(const char *at)
{
    int depth = 0;
    do {
        if (*at == '"') {
            for (at++; *at != '"'; at++)
                if (*at == '\0' || (*at == '\\' && *++at == '\0'))
                    return NULL;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            depth--;
        } else if (*at == '\0') {
            return NULL;
        }
        at++;
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']' || *at == '\0' || *at == ':'))
            return at;
    } while (*at != '\0');
    return depth == 0 ? at : NULL;
}

/* The value of a member of the object at `at`, up to *end; NULL when absent. */
static const char *member(const char *at, const char *name, const char **end)
{
    if (at == NULL || *at++ != '{')
        return NULL;
    while (*at == '"') {
        const char *colon = skip_value(at);
        if (colon == NULL || *colon != ':')
            return NULL;
        *end = skip_value(colon + 1);
        if (*end == NULL)
            return NULL;
        size_t len = (size_t)(colon - at) - 2;
        if (strlen(name) == len && memcmp(at + 1, name, len) == 0)
            return colon + 1;
        at = **end == ',' ? *end + 1 : *end;
    }
    return NULL;
}

char *fake_copy(const char *text, size_t len)
{
    char *block = malloc(len + 1);
    memcpy(block, text, len);
    block[len] = '\0';
    return block;
}

/* {"N":"1.0"} as {"N":"1"}; other types as they are. */
static void append_key(R2dBytes *out, const char *value, const char *end)
{
    if (value[2] == 'N')
        r2d_bytes_appendf(out, "{\"N\":\"%.17g\"}", strtod(value + 6, NULL));
    else
        r2d_bytes_append(out, value, (size_t)(end - value));
}

static char *key_of(FakeDynamodb *fake, const char *item)
{
    R2dBytes out;
    const char *end;
    const char *value = member(item, fake->partition_key, &end);
    if (value == NULL)
        return NULL;
    r2d_bytes_init(&out, &r2d_alloc_libc);
    append_key(&out, value, end);
    if (fake->sort_key != NULL) {
        value = member(item, fake->sort_key, &end);
        if (value == NULL) {
            r2d_bytes_free(&out);
            return NULL;
        }
        r2d_bytes_append_char(&out, ',');
        append_key(&out, value, end);
    }
    r2d_bytes_append_char(&out, '\0');
    return out.data;
}

static size_t bucket_of(const char *key)
{
    uint64_t hash = 1469598103934665603u;
    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return hash % 4096;
}

static FakeItem **find(const FakeDynamodb *fake, const char *key)
{
    FakeItem **at = (FakeItem **)&fake->buckets[bucket_of(key)];
    while (*at != NULL && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

const char *fake_dynamodb_item(const FakeDynamodb *fake, const char *key)
{
    FakeItem *item = *find(fake, key);
    return item != NULL ? item->text : NULL;
}

static void forget_item(FakeItem **at)
{
    FakeItem *item = *at;
    *at = item->next;
    free(item->key);
    free(item->text);
    free(item);
}

void fake_table_write(FakeDynamodb *fake, const char *key, const char *item, const char *end)
{
    FakeItem **at = find(fake, key);
    fake->writes++;
    if (*at != NULL) {
        fake->item_count--;
        forget_item(at);
    }
    if (item == NULL)
        return;
    FakeItem *new = calloc(1, sizeof *new);
    new->key = fake_copy(key, strlen(key));
    new->text = fake_copy(item, (size_t)(end - item));
    new->next = *at;
    *at = new;
    fake->item_count++;
}

/* The write requests of a body; -1 when it is not as it must be. */
int fake_table_read(FakeDynamodb *fake, FakeFlight *flight, FakeWrite writes[FAKE_BATCH])
{
    const char *end;
    const char *tables = member(flight->body, "RequestItems", &end);
    const char *at = tables != NULL ? strchr(tables, '[') : NULL;
    int count = 0;
    if (at == NULL || member(flight->body, "ReturnConsumedCapacity", &end) == NULL)
        return -1;
    for (at++; *at != ']'; at = *end == ',' ? end + 1 : end) {
        end = skip_value(at);
        if (end == NULL || count == FAKE_BATCH)
            return -1;
        FakeWrite *write = &writes[count];
        const char *inner_end, *put_end;
        const char *put = member(at, "PutRequest", &put_end);
        const char *delete = member(at, "DeleteRequest", &put_end);
        const char *item =
            put != NULL ? member(put, "Item", &inner_end) : member(delete, "Key", &inner_end);
        flight->keys[count] = item != NULL ? key_of(fake, item) : NULL;
        if (flight->keys[count] == NULL)
            return -1;
        *write = (FakeWrite){at, end, put != NULL ? item : NULL, put != NULL ? inner_end : NULL};
        flight->key_count = ++count;
    }
    return count;
}

/* Number keys come back normalised, as the service may do. */
void fake_table_append(R2dBytes *out, const FakeDynamodb *fake, const FakeWrite *write)
{
    const char *end;
    const char *value = write->item != NULL ? member(write->item, fake->partition_key, &end) : NULL;
    if (value == NULL || value[2] != 'N') {
        r2d_bytes_append(out, write->request, (size_t)(write->request_end - write->request));
        return;
    }
    r2d_bytes_append(out, write->request, (size_t)(value - write->request));
    append_key(out, value, end);
    r2d_bytes_append(out, end, (size_t)(write->request_end - end));
}

void fake_table_clear(FakeDynamodb *fake)
{
    for (size_t b = 0; b < sizeof fake->buckets / sizeof fake->buckets[0]; b++)
        while (fake->buckets[b] != NULL)
            forget_item(&fake->buckets[b]);
}
