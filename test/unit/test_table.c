/* test_table.c - the target table is described, created and waited for. */
#include "send_rig.h"

#include "send/table.h"

static SendRig rig;
static int waits;
static int cancel_at; /* the wait with this number is interrupted; 0: none */
static R2dTable table;
static R2dError err;

static R2dStatus unit_wait(void *context, int fd, int timeout_ms)
{
    (void)context;
    (void)fd;
    if (++waits == cancel_at)
        return R2D_CANCELED;
    rig.clock.mono_us += (timeout_ms > 0 ? timeout_ms : 1) * R2D_US_PER_MS;
    return R2D_OK;
}

static const R2dWait wait = {.wait = unit_wait};

static void begin(void)
{
    send_rig_init(&rig, RIG_STRING, 1);
    waits = cancel_at = 0;
    memset(&table, 0x55, sizeof table);
    memset(&err, 0, sizeof err);
}

static R2dStatus describe(const char *name)
{
    return r2d_table_describe(&rig.service, &rig.fake.client, &wait, name, &table, &err);
}

#define KEYS(status)                                                                               \
    "{\"Table\":{\"TableStatus\":\"" status "\",\"AttributeDefinitions\":["                        \
    "{\"AttributeName\":\"id\",\"AttributeType\":\"S\"},"                                          \
    "{\"AttributeName\":\"at\",\"AttributeType\":\"N\"},"                                          \
    "{\"AttributeName\":\"owner\",\"AttributeType\":\"B\"}],"                                      \
    "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"},"                              \
    "{\"AttributeName\":\"at\",\"KeyType\":\"RANGE\"}]"
#define NOT_FOUND                                                                                  \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\","                  \
    "\"message\":\"Requested resource not found: Table: t not found\"}"

static void a_table_is_described_with_all_that_matters(void **state)
{
    (void)state;
    begin();
    fake_dynamodb_reply(
        &rig.fake, 200,
        KEYS("ACTIVE") ",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"},"
                       "\"ProvisionedThroughput\":{\"WriteCapacityUnits\":0},"
                       "\"WarmThroughput\":{\"WriteUnitsPerSecond\":6000},"
                       "\"OnDemandThroughput\":{\"MaxWriteRequestUnits\":5000},"
                       "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"i\",\"KeySchema\":["
                       "{\"AttributeName\":\"owner\",\"KeyType\":\"HASH\"},"
                       "{\"AttributeName\":\"id\",\"KeyType\":\"RANGE\"}]}],"
                       "\"LocalSecondaryIndexes\":[{\"KeySchema\":["
                       "{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"},"
                       "{\"AttributeName\":\"owner\",\"KeyType\":\"RANGE\"}]}]}}");
    assert_int_equal(describe("reviews"), R2D_OK);
    assert_string_equal(rig.fake.last_target, "DynamoDB_20120810.DescribeTable");
    assert_string_equal(rig.fake.last_body, "{\"TableName\":\"reviews\"}");
    assert_string_equal(table.status, "ACTIVE");
    assert_string_equal(table.partition_key.name, "id");
    assert_int_equal(table.partition_key.type, 'S');
    assert_string_equal(table.sort_key.name, "at");
    assert_int_equal(table.sort_key.type, 'N');
    assert_true(table.on_demand);
    assert_int_equal(table.index_key_count, 2);
    assert_string_equal(table.index_keys[0].name, "owner");
    assert_int_equal(table.index_keys[0].type, 'B');
    assert_int_equal(r2d_table_initial_wcu(&table), 5000);
    send_rig_free(&rig);
}

static void the_first_rate_follows_what_the_table_tells(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        int64_t wcu;
    } cases[] = {
        {",\"ProvisionedThroughput\":{\"WriteCapacityUnits\":70}}}", 70},
        {",\"BillingModeSummary\":{\"BillingMode\":\"PROVISIONED\"},"
         "\"WarmThroughput\":{\"WriteUnitsPerSecond\":4000},"
         "\"ProvisionedThroughput\":{\"WriteCapacityUnits\":90}}}",
         90},
        {",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"}}}", 4000},
        {",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"},"
         "\"OnDemandThroughput\":{\"MaxWriteRequestUnits\":-1}}}",
         4000},
        {",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"},"
         "\"OnDemandThroughput\":{\"MaxWriteRequestUnits\":100}}}",
         100},
        {",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"},"
         "\"WarmThroughput\":{\"WriteUnitsPerSecond\":12000}}}",
         12000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[2048];
        begin();
        strcpy(body, KEYS("ACTIVE"));
        strcat(body, cases[i].rest);
        fake_dynamodb_reply(&rig.fake, 200, body);
        assert_int_equal(describe("reviews"), R2D_OK);
        assert_int_equal(r2d_table_initial_wcu(&table), cases[i].wcu);
        send_rig_free(&rig);
    }
}

static void a_missing_table_is_no_error(void **state)
{
    (void)state;
    begin();
    fake_dynamodb_reply(&rig.fake, 400, NOT_FOUND);
    assert_int_equal(describe("reviews"), R2D_END);
    send_rig_free(&rig);
}

static void failures_are_told_and_passing_ones_retried(void **state)
{
    (void)state;
    begin();
    fake_dynamodb_reply(&rig.fake, 503, "");
    fake_dynamodb_reply(&rig.fake, 500, "{\"__type\":\"a#InternalServerError\"}");
    fake_dynamodb_reply(&rig.fake, 200, KEYS("ACTIVE") "}}");
    assert_int_equal(describe("reviews"), R2D_OK);
    send_rig_free(&rig);
    begin();
    fake_dynamodb_reply(&rig.fake, 400,
                        "{\"__type\":\"a#AccessDeniedException\",\"Message\":\"not you\"}");
    assert_int_equal(describe("reviews"), R2D_FAILED);
    assert_string_equal(err.code, "AccessDeniedException");
    assert_string_equal(err.detail, "not you");
    send_rig_free(&rig);
    begin();
    fake_dynamodb_reply(&rig.fake, 200, "{\"Table\":{}}");
    assert_int_equal(describe("reviews"), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_DATA);
    send_rig_free(&rig);
}

static void a_table_is_created_on_demand_with_its_keys(void **state)
{
    (void)state;
    R2dTableKey partition = {.name = "id", .type = 'S'}, sort = {.name = "at \"x\"", .type = 'N'};
    begin();
    fake_dynamodb_reply(&rig.fake, 200, "{\"TableDescription\":{}}");
    assert_int_equal(
        r2d_table_create(&rig.service, &rig.fake.client, &wait, "reviews", &partition, &sort, &err),
        R2D_OK);
    assert_string_equal(rig.fake.last_target, "DynamoDB_20120810.CreateTable");
    assert_string_equal(rig.fake.last_body,
                        "{\"TableName\":\"reviews\",\"AttributeDefinitions\":["
                        "{\"AttributeName\":\"id\",\"AttributeType\":\"S\"},"
                        "{\"AttributeName\":\"at \\\"x\\\"\",\"AttributeType\":\"N\"}],"
                        "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"},"
                        "{\"AttributeName\":\"at \\\"x\\\"\",\"KeyType\":\"RANGE\"}],"
                        "\"BillingMode\":\"PAY_PER_REQUEST\"}");
    fake_dynamodb_reply(&rig.fake, 400, "{\"__type\":\"a#ResourceInUseException\"}");
    assert_int_equal(
        r2d_table_create(&rig.service, &rig.fake.client, &wait, "reviews", &partition, NULL, &err),
        R2D_OK);
    assert_null(strstr(rig.fake.last_body, "RANGE"));
    fake_dynamodb_reply(&rig.fake, 400, "{\"__type\":\"a#AccessDeniedException\"}");
    assert_int_equal(
        r2d_table_create(&rig.service, &rig.fake.client, &wait, "reviews", &partition, NULL, &err),
        R2D_FAILED);
    send_rig_free(&rig);
}

static R2dStatus wait_active(int timeout_ms)
{
    return r2d_table_wait_active(&rig.service, &rig.fake.client, &wait, "reviews", timeout_ms,
                                 &table, &err);
}

static void a_new_table_is_waited_for(void **state)
{
    (void)state;
    begin();
    fake_dynamodb_reply(&rig.fake, 400, NOT_FOUND);
    fake_dynamodb_reply(&rig.fake, 200, KEYS("CREATING") "}}");
    fake_dynamodb_reply(&rig.fake, 200, KEYS("CREATING") "}}");
    fake_dynamodb_reply(&rig.fake, 200, KEYS("UPDATING") "}}");
    assert_int_equal(wait_active(60000), R2D_OK);
    assert_string_equal(table.status, "UPDATING");
    send_rig_free(&rig);
}

static void waiting_for_a_table_ends(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 30; i++)
        fake_dynamodb_reply(&rig.fake, 200, KEYS("DELETING") "}}");
    int64_t start_us = rig.clock.mono_us;
    assert_int_equal(wait_active(10000), R2D_FAILED);
    assert_non_null(strstr(err.message, "DELETING"));
    assert_in_range((rig.clock.mono_us - start_us) / R2D_US_PER_MS, 10000, 11000);
    cancel_at = waits + 3;
    assert_int_equal(wait_active(10000), R2D_CANCELED);
    send_rig_free(&rig);
}

static void names_are_checked_before_anything_is_sent(void **state)
{
    (void)state;
    assert_true(r2d_table_name_valid(R2D_VIEW("a-b_c.D9")));
    assert_true(
        r2d_table_name_valid(R2D_VIEW("arn:aws:dynamodb:us-west-2:123456789012:table/reviews")));
    assert_false(r2d_table_name_valid(R2D_VIEW("ab")));
    assert_false(r2d_table_name_valid(R2D_VIEW("a b")));
    assert_false(r2d_table_name_valid(R2D_VIEW("a/b")));
    assert_false(r2d_table_name_valid(R2D_VIEW("a\"b")));
    assert_false(r2d_table_name_valid(R2D_VIEW("t\xC3\xA4"
                                               "t")));
    char name[300];
    memset(name, 'a', sizeof name);
    assert_true(r2d_table_name_valid(r2d_view(name, 255)));
    assert_false(r2d_table_name_valid(r2d_view(name, 256)));
    begin();
    assert_int_equal(describe("no/pe"), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_int_equal(rig.fake.requests, 0);
    send_rig_free(&rig);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    R2dStatus status = R2D_FAILED;
    int failures = 0;
    for (long at = 1; status == R2D_FAILED; at++) {
        begin();
        fake_dynamodb_reply(&rig.fake, 200, KEYS("ACTIVE") "}}");
        rig.unit.fail_at = rig.unit.calls + at;
        status = describe("reviews");
        if (status == R2D_FAILED)
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
        failures += status == R2D_FAILED;
        rig.unit.fail_at = 0;
        send_rig_free(&rig);
    }
    assert_int_equal(status, R2D_OK);
    assert_true(failures > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_described_with_all_that_matters),
        cmocka_unit_test(the_first_rate_follows_what_the_table_tells),
        cmocka_unit_test(a_missing_table_is_no_error),
        cmocka_unit_test(failures_are_told_and_passing_ones_retried),
        cmocka_unit_test(a_table_is_created_on_demand_with_its_keys),
        cmocka_unit_test(a_new_table_is_waited_for),
        cmocka_unit_test(waiting_for_a_table_ends),
        cmocka_unit_test(names_are_checked_before_anything_is_sent),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
