/* table.c - DescribeTable, CreateTable and waiting for it, over aws/call. */
#include "table.h"

#include "../base/json.h"

#include <stdio.h>

#define ATTEMPTS           5
#define DEFAULT_WCU        4000  /* of a new on-demand table (facts: aws 3.1) */
#define TABLE_QUOTA_WCU    40000 /* default quota of one table */
#define POLL_FIRST_MS      200
#define POLL_MAX_MS        5000
#define DYNAMODB_NAMESPACE "DynamoDB_20120810."

bool r2d_table_name_valid(R2dView name)
{
    bool arn = r2d_view_starts(name, R2D_VIEW("arn:"));
    if (name.len < 3 || name.len > (arn ? 1024 : 255))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '.' || c == '-';
        if (!plain && !(arn && (c == ':' || c == '/')))
            return false;
    }
    return true;
}

static bool is_code(const R2dError *err, const char *code)
{
    return strcmp(err->code, code) == 0;
}

/* One control-plane call; on R2D_OK the reply is in *json. */
static R2dStatus perform(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                         const char *target, R2dView body, R2dJson **json, R2dError *err)
{
    R2dAwsCall call;
    R2dAwsRequest request;
    R2dAwsPair pairs[2];
    r2d_aws_call_init(&call, service->alloc);
    r2d_aws_json_request(&request, pairs, target, "application/x-amz-json-1.0", body);
    R2dStatus status = r2d_aws_perform(service, &call, &request, client, wait, ATTEMPTS, err);
    if (status == R2D_OK)
        status = r2d_json_parse(service->alloc, r2d_bytes_view(&call.exchange.response), json, err);
    r2d_aws_call_free(client, &call);
    return status;
}

static void copy_text(R2dJsonNode node, char *out, size_t size)
{
    R2dView text;
    out[0] = '\0';
    if (r2d_json_text(node, &text))
        r2d_text_copy(out, size, text.data, text.len);
}

/* 'S', 'N', 'B' as AttributeDefinitions say; 0 when they do not. */
static char type_of(R2dJsonNode definitions, R2dView name)
{
    for (int i = 0; i < r2d_json_length(definitions); i++) {
        R2dJsonNode definition = r2d_json_element(definitions, i);
        R2dView text, type;
        if (r2d_json_text(r2d_json_member(definition, "AttributeName"), &text) &&
            r2d_view_equal(text, name) &&
            r2d_json_text(r2d_json_member(definition, "AttributeType"), &type) && type.len == 1)
            return type.data[0];
    }
    return 0;
}

static bool read_key(R2dJsonNode element, R2dJsonNode definitions, R2dTableKey *key, bool *sort)
{
    R2dView name, kind;
    if (!r2d_json_text(r2d_json_member(element, "AttributeName"), &name) ||
        !r2d_json_text(r2d_json_member(element, "KeyType"), &kind))
        return false;
    r2d_text_copy(key->name, sizeof key->name, name.data, name.len);
    key->type = type_of(definitions, name);
    *sort = r2d_view_equal(kind, R2D_VIEW("RANGE"));
    return key->type != 0;
}

static void add_index_key(R2dTable *table, const R2dTableKey *key)
{
    for (int i = 0; i < table->index_key_count; i++)
        if (strcmp(table->index_keys[i].name, key->name) == 0)
            return;
    if (table->index_key_count < R2D_TABLE_INDEX_KEYS_MAX)
        table->index_keys[table->index_key_count++] = *key;
}

static void read_indexes(R2dJsonNode indexes, R2dJsonNode definitions, R2dTable *table)
{
    for (int i = 0; i < r2d_json_length(indexes); i++) {
        R2dJsonNode schema = r2d_json_member(r2d_json_element(indexes, i), "KeySchema");
        for (int k = 0; k < r2d_json_length(schema); k++) {
            R2dTableKey key;
            bool sort;
            if (read_key(r2d_json_element(schema, k), definitions, &key, &sort))
                add_index_key(table, &key);
        }
    }
}

static void read_throughput(R2dJsonNode node, R2dTable *table)
{
    R2dJsonNode warm = r2d_json_member(node, "WarmThroughput");
    R2dJsonNode limit = r2d_json_member(node, "OnDemandThroughput");
    R2dJsonNode provisioned = r2d_json_member(node, "ProvisionedThroughput");
    R2dJsonNode billing = r2d_json_member(node, "BillingModeSummary");
    R2dView mode;
    table->on_demand = r2d_json_text(r2d_json_member(billing, "BillingMode"), &mode) &&
                       r2d_view_equal(mode, R2D_VIEW("PAY_PER_REQUEST"));
    r2d_json_int64(r2d_json_member(warm, "WriteUnitsPerSecond"), &table->warm_wcu);
    if (table->on_demand)
        r2d_json_int64(r2d_json_member(limit, "MaxWriteRequestUnits"), &table->max_on_demand_wcu);
    else
        r2d_json_int64(r2d_json_member(provisioned, "WriteCapacityUnits"), &table->provisioned_wcu);
    if (table->max_on_demand_wcu < 0) /* -1: the limit was taken away */
        table->max_on_demand_wcu = 0;
}

/* TableId, or where that is not told the time of its creation. */
static void read_id(R2dJsonNode node, R2dTable *table)
{
    double created_s;
    copy_text(r2d_json_member(node, "TableId"), table->id, sizeof table->id);
    if (table->id[0] == '\0' &&
        r2d_json_double(r2d_json_member(node, "CreationDateTime"), &created_s))
        snprintf(table->id, sizeof table->id, "created %.6f", created_s);
}

static R2dStatus read_table(R2dJsonNode node, const char *name, R2dTable *table, R2dError *err)
{
    R2dJsonNode definitions = r2d_json_member(node, "AttributeDefinitions");
    R2dJsonNode schema = r2d_json_member(node, "KeySchema");
    memset(table, 0, sizeof *table);
    copy_text(r2d_json_member(node, "TableStatus"), table->status, sizeof table->status);
    read_id(node, table);
    for (int i = 0; i < r2d_json_length(schema); i++) {
        R2dTableKey key;
        bool sort;
        if (read_key(r2d_json_element(schema, i), definitions, &key, &sort))
            *(sort ? &table->sort_key : &table->partition_key) = key;
    }
    if (table->status[0] == '\0' || table->partition_key.type == 0)
        return r2d_fail(err, R2D_ERR_DATA, "the description of table \"%s\" is not readable", name);
    read_throughput(node, table);
    read_indexes(r2d_json_member(node, "GlobalSecondaryIndexes"), definitions, table);
    read_indexes(r2d_json_member(node, "LocalSecondaryIndexes"), definitions, table);
    return R2D_OK;
}

static R2dStatus check_name(const char *name, R2dError *err)
{
    if (r2d_table_name_valid(r2d_view_of(name)))
        return R2D_OK;
    r2d_fail(err, R2D_ERR_ARGUMENT, "\"%.300s\" is not a name of a DynamoDB table", name);
    if (err != NULL)
        strcpy(err->hint, "A table name has 3 to 255 of the characters a-z, A-Z, 0-9, '_', '-' "
                          "and '.'.");
    return R2D_FAILED;
}

R2dStatus r2d_table_describe(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                             const char *name, R2dTable *table, R2dError *err)
{
    R2dError local;
    R2dBytes body;
    R2dJson *json = NULL;
    err = err != NULL ? err : &local;
    R2dStatus status = check_name(name, err);
    if (status != R2D_OK)
        return status;
    r2d_bytes_init(&body, service->alloc);
    if (r2d_bytes_appendf(&body, "{\"TableName\":\"%s\"}", name))
        status = perform(service, client, wait, DYNAMODB_NAMESPACE "DescribeTable",
                         r2d_bytes_view(&body), &json, err);
    else
        status = r2d_fail_memory(err);
    r2d_bytes_free(&body);
    if (status == R2D_FAILED && is_code(err, "ResourceNotFoundException"))
        return R2D_END;
    if (status != R2D_OK)
        return status;
    status = read_table(r2d_json_member(r2d_json_root(json), "Table"), name, table, err);
    r2d_json_free(json);
    return status;
}

static bool append_definition(R2dBytes *body, const R2dTableKey *key)
{
    return r2d_bytes_append_text(body, "{\"AttributeName\":") &&
           r2d_json_append_string(body, r2d_view_of(key->name)) &&
           r2d_bytes_appendf(body, ",\"AttributeType\":\"%c\"}", key->type);
}

static bool append_schema(R2dBytes *body, const R2dTableKey *key, const char *kind)
{
    return r2d_bytes_append_text(body, "{\"AttributeName\":") &&
           r2d_json_append_string(body, r2d_view_of(key->name)) &&
           r2d_bytes_appendf(body, ",\"KeyType\":\"%s\"}", kind);
}

static bool append_create(R2dBytes *body, const char *name, const R2dTableKey *partition_key,
                          const R2dTableKey *sort_key)
{
    bool sorted = sort_key != NULL && sort_key->type != 0;
    bool ok = r2d_bytes_appendf(body, "{\"TableName\":\"%s\",\"AttributeDefinitions\":[", name) &&
              append_definition(body, partition_key);
    if (ok && sorted)
        ok = r2d_bytes_append_char(body, ',') && append_definition(body, sort_key);
    ok = ok && r2d_bytes_append_text(body, "],\"KeySchema\":[") &&
         append_schema(body, partition_key, "HASH");
    if (ok && sorted)
        ok = r2d_bytes_append_char(body, ',') && append_schema(body, sort_key, "RANGE");
    return ok && r2d_bytes_append_text(body, "],\"BillingMode\":\"PAY_PER_REQUEST\"}");
}

R2dStatus r2d_table_create(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                           const char *name, const R2dTableKey *partition_key,
                           const R2dTableKey *sort_key, R2dError *err)
{
    R2dError local;
    R2dBytes body;
    R2dJson *json = NULL;
    err = err != NULL ? err : &local;
    R2dStatus status = check_name(name, err);
    if (status != R2D_OK)
        return status;
    r2d_bytes_init(&body, service->alloc);
    if (append_create(&body, name, partition_key, sort_key))
        status = perform(service, client, wait, DYNAMODB_NAMESPACE "CreateTable",
                         r2d_bytes_view(&body), &json, err);
    else
        status = r2d_fail_memory(err);
    r2d_bytes_free(&body);
    r2d_json_free(json);
    if (status == R2D_FAILED && is_code(err, "ResourceInUseException"))
        return R2D_OK;
    return status;
}

static bool takes_writes(const R2dTable *table)
{
    return strcmp(table->status, "ACTIVE") == 0 || strcmp(table->status, "UPDATING") == 0;
}

R2dStatus r2d_table_wait_active(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                                const char *name, int timeout_ms, R2dTable *table, R2dError *err)
{
    int64_t end_us = r2d_mono_us(service->clock) + timeout_ms * R2D_US_PER_MS;
    const char *state = "missing";
    for (int ms = POLL_FIRST_MS;; ms = ms * 3 / 2 < POLL_MAX_MS ? ms * 3 / 2 : POLL_MAX_MS) {
        R2dStatus status = r2d_table_describe(service, client, wait, name, table, err);
        if (status == R2D_OK && takes_writes(table))
            return R2D_OK;
        if (status != R2D_OK && status != R2D_END)
            return status;
        state = status == R2D_OK ? table->status : "missing";
        int64_t left_us = end_us - r2d_mono_us(service->clock);
        if (left_us <= 0)
            return r2d_fail(err, R2D_ERR_REMOTE, "table \"%s\" is still %s after %d seconds", name,
                            state, timeout_ms / 1000);
        int64_t pause_us = ms * R2D_US_PER_MS;
        status = r2d_http_sleep(client, wait, service->clock,
                                left_us < pause_us ? left_us : pause_us, err);
        if (status != R2D_OK)
            return status;
    }
}

int64_t r2d_table_initial_wcu(const R2dTable *table)
{
    if (!table->on_demand && table->provisioned_wcu > 0)
        return table->provisioned_wcu;
    int64_t wcu = table->warm_wcu > 0 ? table->warm_wcu : DEFAULT_WCU;
    if (wcu > TABLE_QUOTA_WCU)
        wcu = TABLE_QUOTA_WCU;
    if (table->max_on_demand_wcu > 0 && wcu > table->max_on_demand_wcu)
        wcu = table->max_on_demand_wcu;
    return wcu;
}
