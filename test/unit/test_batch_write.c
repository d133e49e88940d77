/* test_batch_write.c - replies are read right, whatever their shape, and never believed blindly. */
#include "send_rig.h"

#include "send/batch_write.h"

#include <stdio.h>

static SendRig rig;
static R2dBatch batch;
static R2dBytes scratch;

static void begin(RigKey key, const char *const *ids)
{
    send_rig_init(&rig, key, 1);
    assert_true(r2d_batch_init(&batch, &rig.unit.alloc, "table"));
    r2d_bytes_init(&scratch, &rig.unit.alloc);
    for (int i = 0; ids[i] != NULL; i++)
        send_rig_add(&rig, &batch, i + 1, ids[i], "x");
}

static void end(void)
{
    r2d_batch_free(&batch);
    r2d_bytes_free(&scratch);
    send_rig_free(&rig);
}

static R2dStatus read(const char *text, R2dBatchReply *reply)
{
    R2dError err = {0};
    R2dStatus status = r2d_batch_write_reply(&batch, batch.count, &rig.mapping, r2d_view_of(text),
                                             &scratch, reply, &err);
    if (status != R2D_OK)
        assert_int_equal(err.kind, R2D_ERR_DATA);
    return status;
}

static const char *const abc[] = {"a", "b", "c", NULL};

static void assert_units(const char *text, double units)
{
    R2dBatchReply reply;
    assert_int_equal(read(text, &reply), R2D_OK);
    assert_int_equal(reply.unprocessed, 0);
    assert_true(reply.consumed > units - 1e-9 && reply.consumed < units + 1e-9);
}

static void units_are_those_of_table_and_indexes_together(void **state)
{
    (void)state;
    begin(RIG_STRING, abc);
    assert_units("{\"ConsumedCapacity\":[{\"CapacityUnits\":25.0,\"TableName\":\"t\"}],"
                 "\"UnprocessedItems\":{}}",
                 25);
    assert_units("{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"TableName\":\"t\","
                 "\"Table\":{\"CapacityUnits\":2.5},\"GlobalSecondaryIndexes\":{\"g\":"
                 "{\"CapacityUnits\":1}},\"CapacityUnits\":3.5}]}",
                 3.5);
    assert_units(
        "{ \"UnprocessedItems\" : { } ,\n\"ConsumedCapacity\" : [ { \"CapacityUnits\" : 7 } "
        "] }",
        7);
    assert_units("{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"CapacityUnits\":1.25e1}]}",
                 12.5);
    assert_units("{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"CapacityUnits\":2},"
                 "{\"CapacityUnits\":3}]}",
                 5);
    assert_units("{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"TableName\":\"a\\\"b\","
                 "\"CapacityUnits\":4.0}]}",
                 4);
    assert_units("{\"UnprocessedItems\":{}}", -1);
    end();
}

/* What the pacer adds up must stay a number. */
static void units_that_cannot_be_are_not_believed(void **state)
{
    (void)state;
    static const char form[] =
        "{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"CapacityUnits\":%s}]}";
    static const char *const cases[] = {"-5", "1e999", "-1e999", "1e300", "1000000000"};
    char text[600], digits[401] = "";
    begin(RIG_STRING, abc);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, form, cases[i]);
        assert_units(text, -1);
    }
    memset(digits, '9', sizeof digits - 1);
    snprintf(text, sizeof text, form, digits);
    assert_units(text, -1);
    assert_units("{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"CapacityUnits\":-5},"
                 "{\"CapacityUnits\":2}]}",
                 2);
    end();
}

static void the_usual_reply_needs_no_memory(void **state)
{
    (void)state;
    begin(RIG_STRING, abc);
    rig.unit.fail_at = 1;
    assert_units("{\"ConsumedCapacity\":[{\"CapacityUnits\":50.0,\"GlobalSecondaryIndexes\":"
                 "{\"by_date\":{\"CapacityUnits\":25.0}},\"Table\":{\"CapacityUnits\":25.0},"
                 "\"TableName\":\"t\"}],\"UnprocessedItems\":{}}",
                 50);
    rig.unit.fail_at = 0;
    end();
}

static void unprocessed_items_are_found_by_key_in_any_order(void **state)
{
    (void)state;
    R2dBatchReply reply;
    begin(RIG_STRING, abc);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":["
                          "{\"PutRequest\":{\"Item\":{\"v\":{\"S\":\"x\"},\"id\":{\"S\":\"c\"}}}},"
                          "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"\\u0061\"}}}}]},"
                          "\"ConsumedCapacity\":[{\"CapacityUnits\":1.0}]}",
                          &reply),
                     R2D_OK);
    assert_int_equal(reply.unprocessed, 5);
    assert_true(reply.consumed == 1);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":["
                          "{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"b\"}}}}]}}",
                          &reply),
                     R2D_OK);
    assert_int_equal(reply.unprocessed, 2);
    end();
}

static void numbers_may_come_back_normalised(void **state)
{
    (void)state;
    R2dBatchReply reply;
    static const char *const ids[] = {"10.00", "-0.50", "7", NULL};
    begin(RIG_NUMBER, ids);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":["
                          "{\"PutRequest\":{\"Item\":{\"id\":{\"N\":\"-0.5\"}}}},"
                          "{\"PutRequest\":{\"Item\":{\"id\":{\"N\":\"1E+1\"}}}}]}}",
                          &reply),
                     R2D_OK);
    assert_int_equal(reply.unprocessed, 3);
    end();
}

static void sort_keys_are_part_of_the_key(void **state)
{
    (void)state;
    R2dBatchReply reply;
    begin(RIG_STRING_SORTED, abc);
    assert_int_equal(
        read("{\"UnprocessedItems\":{\"table\":["
             "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"b\"},\"n\":{\"N\":\"7.0\"}}}}]}}",
             &reply),
        R2D_OK);
    assert_int_equal(reply.unprocessed, 2);
    assert_int_equal(
        read("{\"UnprocessedItems\":{\"table\":["
             "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"b\"},\"n\":{\"N\":\"8\"}}}}]}}",
             &reply),
        R2D_FAILED);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":["
                          "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"b\"}}}}]}}",
                          &reply),
                     R2D_FAILED);
    end();
}

static void what_is_no_reply_to_this_batch_is_refused(void **state)
{
    (void)state;
    R2dBatchReply reply;
    begin(RIG_STRING, abc);
    assert_int_equal(read("", &reply), R2D_FAILED);
    assert_int_equal(read("<html>", &reply), R2D_FAILED);
    assert_int_equal(read("[]", &reply), R2D_FAILED);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":[", &reply), R2D_FAILED);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":[{\"PutRequest\":{\"Item\":{\"id\":"
                          "{\"S\":\"d\"}}}}]}}",
                          &reply),
                     R2D_FAILED);
    assert_int_equal(read("{\"UnprocessedItems\":{\"table\":[{}]}}", &reply), R2D_FAILED);
    end();
}

/* What another program behind the same address may say. */
static void a_reply_that_does_not_say_what_was_not_written_proves_nothing(void **state)
{
    (void)state;
    R2dBatchReply reply;
    static const char *const texts[] = {"{}",
                                        "{\"message\":\"ok\"}",
                                        "{\"ConsumedCapacity\":[{\"CapacityUnits\":3.0}]}",
                                        "{\"UnprocessedItems\":null}",
                                        "{\"UnprocessedItems\":[]}",
                                        "{\"UnprocessedItems\":\"\"}",
                                        "{\"UnprocessedItems\":{\"table\":{}}}",
                                        "{\"UnprocessedItems\":{\"table\":null}}"};
    begin(RIG_STRING, abc);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(read(texts[i], &reply), R2D_FAILED);
    end();
}

static void an_item_of_the_deepest_nesting_is_found_again(void **state)
{
    (void)state;
    R2dBatchReply reply;
    R2dBytes text;
    begin(RIG_STRING, abc);
    r2d_bytes_init(&text, &rig.unit.alloc);
    r2d_bytes_append_text(&text, "{\"UnprocessedItems\":{\"table\":[{\"PutRequest\":{\"Item\":"
                                 "{\"id\":{\"S\":\"b\"},\"v\":");
    for (int i = 0; i < R2D_NESTING_MAX; i++)
        r2d_bytes_append_text(&text, "{\"M\":{\"k\":");
    r2d_bytes_append_text(&text, "{\"N\":\"1\"}");
    for (int i = 0; i < R2D_NESTING_MAX; i++)
        r2d_bytes_append_text(&text, "}}");
    r2d_bytes_append_text(&text, "}}}]}}");
    assert_int_equal(read(r2d_bytes_text(&text), &reply), R2D_OK);
    assert_int_equal(reply.unprocessed, 2);
    r2d_bytes_free(&text);
    end();
}

static void hidden_text_in_an_item_is_no_empty_list(void **state)
{
    (void)state;
    R2dBatchReply reply;
    begin(RIG_STRING, abc);
    assert_int_equal(
        read("{\"UnprocessedItems\":{\"table\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"b\"},"
             "\"v\":{\"S\":\"\\\"UnprocessedItems\\\":{}\"},\"UnprocessedItems\":{\"M\":{}}}}}]},"
             "\"ConsumedCapacity\":[{\"CapacityUnits\":2.0}]}",
             &reply),
        R2D_OK);
    assert_int_equal(reply.unprocessed, 2);
    end();
}

static void throttled_partitions_are_told_from_tables(void **state)
{
    (void)state;
    R2dView one = R2D_VIEW("{\"throttlingReasons\":[{\"reason\":"
                           "\"TableWriteKeyRangeThroughputExceeded\"}]}");
    R2dView both = R2D_VIEW("[\"IndexWriteKeyRangeThroughputExceeded\","
                            "\"TableWriteProvisionedThroughputExceeded\"]");
    assert_true(r2d_batch_write_one_partition(one));
    assert_false(r2d_batch_write_one_partition(both));
    assert_false(r2d_batch_write_one_partition(R2D_VIEW("{}")));
    assert_false(r2d_batch_write_one_partition(r2d_view(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_those_of_table_and_indexes_together),
        cmocka_unit_test(the_usual_reply_needs_no_memory),
        cmocka_unit_test(units_that_cannot_be_are_not_believed),
        cmocka_unit_test(unprocessed_items_are_found_by_key_in_any_order),
        cmocka_unit_test(numbers_may_come_back_normalised),
        cmocka_unit_test(sort_keys_are_part_of_the_key),
        cmocka_unit_test(what_is_no_reply_to_this_batch_is_refused),
        cmocka_unit_test(a_reply_that_does_not_say_what_was_not_written_proves_nothing),
        cmocka_unit_test(an_item_of_the_deepest_nesting_is_found_again),
        cmocka_unit_test(hidden_text_in_an_item_is_no_empty_list),
        cmocka_unit_test(throttled_partitions_are_told_from_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
