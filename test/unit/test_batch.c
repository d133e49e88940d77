/* test_batch.c - batches are built in place, hold one row per key, and shrink to what is left. */
#include "send_rig.h"

#include "send/key_set.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD "{\"ReturnConsumedCapacity\":\"INDEXES\",\"RequestItems\":{\"table\":["

static SendRig rig;
static R2dBatch batch;
static R2dBytes scratch;

static void begin(RigKey key)
{
    send_rig_init(&rig, key, 1);
    assert_true(r2d_batch_init(&batch, &rig.unit.alloc, "table"));
    r2d_bytes_init(&scratch, &rig.unit.alloc);
}

static void end(void)
{
    r2d_batch_free(&batch);
    r2d_bytes_free(&scratch);
    send_rig_free(&rig);
}

static void assert_body(int count, const char *items)
{
    R2dView body;
    char text[4096];
    assert_true(r2d_batch_body(&batch, count, &scratch, &body));
    snprintf(text, sizeof text, HEAD "%s]}}", items);
    assert_view(body, text);
}

#define ITEM(id, v)                                                                                \
    "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"" id "\"},\"v\":{\"S\":\"" v "\"}}}}"

static void the_body_is_a_whole_request_without_a_copy(void **state)
{
    (void)state;
    R2dView body;
    begin(RIG_STRING);
    assert_int_equal(send_rig_add(&rig, &batch, 1, "a", "1"), 0);
    assert_body(1, ITEM("a", "1"));
    assert_int_equal(send_rig_add(&rig, &batch, 2, "b", "2"), 0);
    assert_int_equal(send_rig_add(&rig, &batch, 3, "c", "3"), 0);
    assert_body(3, ITEM("a", "1") "," ITEM("b", "2") "," ITEM("c", "3"));
    assert_true(r2d_batch_body(&batch, 3, &scratch, &body));
    assert_ptr_equal(body.data, batch.body.data);
    assert_body(2, ITEM("a", "1") "," ITEM("b", "2"));
    assert_body(1, ITEM("a", "1"));
    assert_int_equal(r2d_batch_units(&batch, 3), 3);
    assert_view(r2d_batch_request(&batch, 1), ITEM("b", "2"));
    r2d_batch_clear(&batch);
    send_rig_add(&rig, &batch, 4, "d", "4");
    assert_body(1, ITEM("d", "4"));
    end();
}

static void a_later_row_supersedes_an_earlier_one(void **state)
{
    (void)state;
    begin(RIG_STRING);
    send_rig_add(&rig, &batch, 1, "a", "1");
    send_rig_add(&rig, &batch, 2, "b", "2");
    assert_int_equal(send_rig_add(&rig, &batch, 3, "a", "3"), 1);
    assert_int_equal(send_rig_add(&rig, &batch, 4, "a", "4"), 3);
    assert_body(2, ITEM("b", "2") "," ITEM("a", "4"));
    assert_int_equal(batch.entries[0].row, 2);
    assert_int_equal(batch.entries[1].row, 4);
    end();
}

static void keys_are_compared_by_value(void **state)
{
    (void)state;
    begin(RIG_NUMBER);
    send_rig_add(&rig, &batch, 1, "1.50", "x");
    assert_int_equal(send_rig_add(&rig, &batch, 2, "1.5", "y"), 1);
    assert_int_equal(send_rig_add(&rig, &batch, 3, "15", "z"), 0);
    assert_int_equal(batch.count, 2);
    end();
    begin(RIG_STRING);
    R2dReason reason;
    R2dRow row = send_rig_row(&rig, 1, "\\u0061", "x");
    rig.values[0].escaped = true;
    assert_int_equal(r2d_batch_encode(&batch, &rig.mapping, &row, &reason, NULL), R2D_OK);
    assert_int_equal(r2d_batch_commit(&batch), 0);
    assert_int_equal(send_rig_add(&rig, &batch, 2, "a", "y"), 1);
    end();
}

static void equal_hashes_of_distinct_keys_do_not_collapse(void **state)
{
    (void)state;
    R2dReason reason;
    begin(RIG_STRING);
    send_rig_add(&rig, &batch, 1, "a", "1");
    R2dRow row = send_rig_row(&rig, 2, "b", "2");
    assert_int_equal(r2d_batch_encode(&batch, &rig.mapping, &row, &reason, NULL), R2D_OK);
    batch.pending.key_hash = batch.entries[0].key_hash;
    assert_int_equal(r2d_batch_commit(&batch), 0);
    assert_int_equal(batch.count, 2);
    end();
}

static void only_what_is_kept_remains(void **state)
{
    (void)state;
    begin(RIG_STRING);
    const char *ids[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++)
        send_rig_add(&rig, &batch, i + 1, ids[i], "x");
    r2d_batch_keep(&batch, 1u << 1 | 1u << 4);
    assert_body(2, ITEM("b", "x") "," ITEM("e", "x"));
    assert_int_equal(send_rig_add(&rig, &batch, 6, "f", "x"), 0);
    assert_int_equal(send_rig_add(&rig, &batch, 7, "b", "y"), 2);
    assert_body(3, ITEM("e", "x") "," ITEM("f", "x") "," ITEM("b", "y"));
    r2d_batch_keep(&batch, 0);
    assert_int_equal(batch.count, 0);
    send_rig_add(&rig, &batch, 8, "g", "z");
    assert_body(1, ITEM("g", "z"));
    end();
}

static void the_first_row_can_go_behind_the_others(void **state)
{
    (void)state;
    begin(RIG_STRING);
    send_rig_add(&rig, &batch, 1, "long name", "1");
    assert_true(r2d_batch_rotate(&batch, &scratch));
    assert_body(1, ITEM("long name", "1"));
    send_rig_add(&rig, &batch, 2, "b", "22");
    send_rig_add(&rig, &batch, 3, "ccc", "3");
    assert_true(r2d_batch_rotate(&batch, &scratch));
    assert_body(3, ITEM("b", "22") "," ITEM("ccc", "3") "," ITEM("long name", "1"));
    assert_body(2, ITEM("b", "22") "," ITEM("ccc", "3"));
    assert_int_equal(batch.entries[2].row, 1);
    assert_int_equal(send_rig_add(&rig, &batch, 4, "ccc", "4"), 3);
    assert_body(3, ITEM("b", "22") "," ITEM("long name", "1") "," ITEM("ccc", "4"));
    rig.unit.fail_at = rig.unit.calls + 1;
    r2d_bytes_free(&scratch);
    assert_false(r2d_batch_rotate(&batch, &scratch));
    rig.unit.fail_at = 0;
    assert_body(3, ITEM("b", "22") "," ITEM("long name", "1") "," ITEM("ccc", "4"));
    end();
}

static void a_pending_row_can_leave_and_come_back(void **state)
{
    (void)state;
    R2dReason reason;
    R2dLooseItem loose;
    begin(RIG_STRING);
    r2d_loose_item_init(&loose, &rig.unit.alloc);
    send_rig_add(&rig, &batch, 1, "a", "1");
    R2dRow row = send_rig_row(&rig, 2, "b", "2");
    assert_int_equal(r2d_batch_encode(&batch, &rig.mapping, &row, &reason, NULL), R2D_OK);
    assert_true(r2d_batch_move_out(&batch, &loose));
    assert_true(loose.held);
    assert_body(1, ITEM("a", "1"));
    r2d_batch_clear(&batch);
    assert_true(r2d_batch_append(&batch, &loose));
    assert_int_equal(r2d_batch_commit(&batch), 0);
    assert_body(1, ITEM("b", "2"));
    assert_int_equal(batch.entries[0].row, 2);
    assert_true(r2d_batch_append(&batch, &loose));
    assert_int_equal(r2d_batch_commit(&batch), 2);
    r2d_loose_item_free(&loose);
    end();
}

static void a_refused_row_leaves_no_trace(void **state)
{
    (void)state;
    R2dReason reason;
    begin(RIG_STRING);
    send_rig_add(&rig, &batch, 1, "a", "1");
    R2dRow row = send_rig_row(&rig, 2, "", "2");
    assert_int_equal(r2d_batch_encode(&batch, &rig.mapping, &row, &reason, NULL), R2D_END);
    assert_string_equal(reason.code, "key_empty");
    assert_body(1, ITEM("a", "1"));
    assert_int_equal(send_rig_add(&rig, &batch, 3, "c", "3"), 0);
    assert_body(2, ITEM("a", "1") "," ITEM("c", "3"));
    end();
}

static void bytes_bound_a_batch_but_not_a_single_item(void **state)
{
    (void)state;
    R2dLooseItem large;
    begin(RIG_STRING);
    r2d_loose_item_init(&large, &rig.unit.alloc);
    assert_true(r2d_bytes_reserve(&large.request, R2D_BATCH_BYTES_MAX + 1));
    memset(large.request.data, 'x', R2D_BATCH_BYTES_MAX + 1);
    large.request.len = R2D_BATCH_BYTES_MAX + 1;
    assert_true(r2d_bytes_append_text(&large.keys, "key"));
    large.row = 1;
    assert_true(r2d_batch_append(&batch, &large));
    assert_true(r2d_batch_fits(&batch));
    r2d_batch_rollback(&batch);
    send_rig_add(&rig, &batch, 2, "a", "1");
    assert_true(r2d_batch_append(&batch, &large));
    assert_false(r2d_batch_fits(&batch));
    r2d_batch_rollback(&batch);
    assert_body(1, ITEM("a", "1"));
    r2d_loose_item_free(&large);
    end();
}

static void failing_memory_leaves_the_batch_as_it_was(void **state)
{
    (void)state;
    R2dReason reason;
    R2dError err;
    begin(RIG_STRING);
    for (int i = 0; i < R2D_BATCH_ITEMS_MAX - 1; i++) {
        char id[16];
        snprintf(id, sizeof id, "k%d", i);
        R2dRow row = send_rig_row(&rig, i + 1, id, "some text of a length that makes buffers grow");
        rig.unit.fail_at = rig.unit.calls + 1;
        while (r2d_batch_encode(&batch, &rig.mapping, &row, &reason, &err) == R2D_FAILED) {
            assert_int_equal(err.kind, R2D_ERR_MEMORY);
            long fail_at = rig.unit.calls + 1;
            rig.unit.fail_at = 0;
            R2dView body;
            assert_true(i == 0 || r2d_batch_body(&batch, i, &scratch, &body));
            rig.unit.fail_at = fail_at + 1;
        }
        rig.unit.fail_at = 0;
        assert_int_equal(r2d_batch_commit(&batch), 0);
        assert_int_equal(batch.count, i + 1);
    }
    end();
}

static void the_key_set_remembers_owners(void **state)
{
    (void)state;
    R2dKeySet set;
    enum { KEYS = 500 };
    static uint64_t hashes[KEYS];
    static bool in[KEYS];
    unit_alloc_init(&rig.unit);
    assert_true(r2d_key_set_init(&set, &rig.unit.alloc, KEYS));
    srand(3);
    for (int i = 0; i < KEYS; i++)
        hashes[i] = i % 3 == 0 ? (uint64_t)i << 20 : ((uint64_t)rand() << 31) ^ (uint64_t)rand();
    for (int round = 0; round < 200000; round++) {
        int i = rand() % KEYS;
        assert_int_equal(r2d_key_set_owner(&set, hashes[i]), in[i] ? i : -1);
        if (in[i])
            r2d_key_set_remove(&set, hashes[i]);
        else
            r2d_key_set_add(&set, hashes[i], i);
        in[i] = !in[i];
    }
    r2d_key_set_clear(&set);
    r2d_key_set_add(&set, 0, 1);
    r2d_key_set_add(&set, 0, 1);
    r2d_key_set_remove(&set, 0);
    assert_int_equal(r2d_key_set_owner(&set, 0), 1);
    r2d_key_set_remove(&set, 0);
    assert_int_equal(r2d_key_set_owner(&set, 0), -1);
    r2d_key_set_free(&set);
    assert_int_equal(rig.unit.live, 0);
}

static void a_row_that_is_far_too_large_leaves_no_memory_behind(void **state)
{
    (void)state;
    enum { HUGE_BYTES = 15 * 1024 * 1024 };
    R2dReason reason;
    char *text = malloc(HUGE_BYTES);
    assert_non_null(text);
    memset(text, 'x', HUGE_BYTES);
    begin(RIG_STRING);
    send_rig_add(&rig, &batch, 1, "a", "1");
    for (int i = 0; i < 3; i++) {
        R2dRow row = send_rig_row(&rig, 2, "b", "2");
        rig.values[1].raw = r2d_view(text, HUGE_BYTES);
        assert_int_equal(r2d_batch_encode(&batch, &rig.mapping, &row, &reason, NULL), R2D_END);
        assert_string_equal(reason.code, "item_size");
        assert_in_range(batch.body.capacity, 1, R2D_BATCH_ROOM_KEPT);
    }
    send_rig_add(&rig, &batch, 3, "c", "3");
    assert_body(2, "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"a\"},\"v\":{\"S\":\"1\"}}}},"
                   "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"c\"},\"v\":{\"S\":\"3\"}}}}");
    end();
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_a_whole_request_without_a_copy),
        cmocka_unit_test(a_later_row_supersedes_an_earlier_one),
        cmocka_unit_test(keys_are_compared_by_value),
        cmocka_unit_test(equal_hashes_of_distinct_keys_do_not_collapse),
        cmocka_unit_test(only_what_is_kept_remains),
        cmocka_unit_test(the_first_row_can_go_behind_the_others),
        cmocka_unit_test(a_pending_row_can_leave_and_come_back),
        cmocka_unit_test(a_refused_row_leaves_no_trace),
        cmocka_unit_test(bytes_bound_a_batch_but_not_a_single_item),
        cmocka_unit_test(failing_memory_leaves_the_batch_as_it_was),
        cmocka_unit_test(the_key_set_remembers_owners),
        cmocka_unit_test(a_row_that_is_far_too_large_leaves_no_memory_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
