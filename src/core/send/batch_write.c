/*
 * batch_write.c - see batch_write.h. The usual reply, all written, is read by the two small
 * scanners below; whatever does not look exactly as they expect goes through the JSON parser.
 */
#include "batch_write.h"

#include "../base/json.h"

void r2d_batch_write_request(R2dAwsRequest *request, R2dAwsPair pairs[2], R2dView body)
{
    r2d_aws_json_request(request, pairs, "DynamoDB_20120810.BatchWriteItem",
                         "application/x-amz-json-1.0", body);
}

static const char *find(R2dView text, R2dView what)
{
    return text.len == 0 ? NULL : memmem(text.data, text.len, what.data, what.len);
}

/* The end of the string that starts behind an opening quote: at its closing quote. */
static const char *string_end(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++)
        if (*at == '\\')
            return NULL;
    return at < end ? at : NULL;
}

/* "12.5", not "1e3"; returns what follows it, NULL when it is of another shape. */
static const char *read_decimal(const char *at, const char *end, double *value)
{
    double whole = 0, unit = 1;
    const char *start = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        whole = whole * 10 + (*at - '0');
    if (at == start || at == end)
        return NULL;
    if (*at == '.')
        for (at++; at < end && *at >= '0' && *at <= '9'; at++)
            whole += (*at - '0') * (unit /= 10);
    *value = whole;
    return at < end && (*at == ',' || *at == '}') ? at : NULL;
}

/*
 * CapacityUnits of the only element of ConsumedCapacity: the member at the element's own level, not
 * those of its table and indexes. false when the text is of another shape.
 */
static bool scan_consumed(R2dView text, double *consumed)
{
    R2dView start = R2D_VIEW("\"ConsumedCapacity\":[{");
    R2dView name = R2D_VIEW("CapacityUnits\":");
    const char *end = text.data + text.len;
    const char *at = find(text, start);
    bool found = false;
    int depth = 1;
    if (at == NULL)
        return false;
    for (at += start.len; at < end && depth > 0; at++) {
        if (*at == '{' || *at == '}') {
            depth += *at == '{' ? 1 : -1;
        } else if (*at == '"') {
            bool units = depth == 1 && (size_t)(end - at - 1) > name.len &&
                         memcmp(at + 1, name.data, name.len) == 0;
            if (units && found)
                return false;
            at = units ? read_decimal(at + 1 + name.len, end, consumed) : string_end(at + 1, end);
            if (at == NULL)
                return false;
            found = found || units;
            at -= units ? 1 : 0;
        }
    }
    return found && at < end && *at == ']';
}

/* More than 25 items of 400 KB cost with twenty indexes each, so that sums stay numbers. */
#define UNITS_MAX 1e6

static bool are_units(double units)
{
    return units >= 0 && units <= UNITS_MAX;
}

static void sum_consumed(R2dJsonNode root, double *consumed)
{
    R2dJsonNode list = r2d_json_member(root, "ConsumedCapacity");
    for (int i = 0; i < r2d_json_length(list); i++) {
        double units;
        if (r2d_json_double(r2d_json_member(r2d_json_element(list, i), "CapacityUnits"), &units) &&
            are_units(units))
            *consumed = (*consumed < 0 ? 0 : *consumed) + units;
    }
}

typedef struct Matching {
    const R2dBatch *batch;
    int sent;
    const R2dMapping *mapping;
    R2dBytes *scratch;
    uint32_t found;
    bool unknown; /* an item that was not sent, or no list of items */
} Matching;

/* The text of a key attribute of an item in DynamoDB JSON. */
static bool key_text(const Matching *m, const R2dKeySpec *key, R2dJsonNode item, R2dView *text)
{
    char name[256];
    char type[2] = {key->type, '\0'};
    R2dView view = m->mapping->columns[key->column].column.name;
    if (view.len >= sizeof name)
        return false;
    memcpy(name, view.data, view.len);
    name[view.len] = '\0';
    return r2d_json_text(r2d_json_member(r2d_json_member(item, name), type), text);
}

static void match_item(Matching *m, R2dJsonNode item)
{
    R2dView partition, sort = {NULL, 0};
    const R2dMapping *mapping = m->mapping;
    m->scratch->len = 0;
    bool keyed = key_text(m, &mapping->partition_key, item, &partition) &&
                 (mapping->sort_key.column < 0 || key_text(m, &mapping->sort_key, item, &sort));
    if (keyed && r2d_item_canonical_key(mapping, partition, sort, m->scratch)) {
        for (int i = 0; i < m->sent; i++) {
            if (r2d_view_equal(r2d_batch_key(m->batch, i), r2d_bytes_view(m->scratch))) {
                m->found |= (uint32_t)1 << i;
                return;
            }
        }
    }
    m->unknown = true;
}

static bool match_table(void *context, R2dView name, R2dJsonNode requests)
{
    Matching *m = context;
    (void)name;
    m->unknown = !r2d_json_is_array(requests);
    for (int i = 0; i < r2d_json_length(requests) && !m->unknown; i++) {
        R2dJsonNode request = r2d_json_element(requests, i);
        R2dJsonNode item = r2d_json_member(r2d_json_member(request, "PutRequest"), "Item");
        if (item == NULL)
            item = r2d_json_member(r2d_json_member(request, "DeleteRequest"), "Key");
        match_item(m, item);
    }
    return !m->unknown;
}

static R2dStatus parse_reply(Matching *m, R2dView text, R2dBatchReply *reply, R2dError *err)
{
    R2dJson *json;
    R2dStatus status = r2d_json_parse(m->scratch->alloc, text, &json, err);
    if (status != R2D_OK)
        return status;
    R2dJsonNode root = r2d_json_root(json);
    R2dJsonNode unprocessed = r2d_json_member(root, "UnprocessedItems");
    m->unknown = !r2d_json_is_object(unprocessed);
    r2d_json_each(unprocessed, match_table, m);
    sum_consumed(root, &reply->consumed);
    reply->unprocessed = m->found;
    r2d_json_free(json);
    return m->unknown
               ? r2d_fail(err, R2D_ERR_DATA, "the reply of BatchWriteItem does not fit its request")
               : R2D_OK;
}

R2dStatus r2d_batch_write_reply(const R2dBatch *batch, int sent, const R2dMapping *mapping,
                                R2dView text, R2dBytes *scratch, R2dBatchReply *reply,
                                R2dError *err)
{
    *reply = (R2dBatchReply){.unprocessed = 0, .consumed = -1};
    /* Within a string the quote would be escaped, and no attribute value is an empty object, so
     * this text can only be the member itself. */
    if (find(text, R2D_VIEW("\"UnprocessedItems\":{}")) != NULL &&
        scan_consumed(text, &reply->consumed) && are_units(reply->consumed))
        return R2D_OK;
    reply->consumed = -1;
    Matching m = {.batch = batch, .sent = sent, .mapping = mapping, .scratch = scratch};
    return parse_reply(&m, text, reply, err);
}

bool r2d_batch_write_one_partition(R2dView text)
{
    return find(text, R2D_VIEW("KeyRangeThroughputExceeded")) != NULL &&
           find(text, R2D_VIEW("WriteProvisionedThroughputExceeded")) == NULL &&
           find(text, R2D_VIEW("WriteMaxOnDemandThroughputExceeded")) == NULL &&
           find(text, R2D_VIEW("WriteAccountLimitExceeded")) == NULL;
}
