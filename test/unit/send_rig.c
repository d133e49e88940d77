/* send_rig.c - see send_rig.h. */
#include "send_rig.h"

#include <stdio.h>

static void init_mapping(SendRig *rig, RigKey key)
{
    R2dColumn columns[3] = {
        {.name = R2D_VIEW("id"),
         .type = key == RIG_NUMBER ? R2D_COL_DECIMAL : R2D_COL_TEXT,
         .key = R2D_KEY_PARTITION,
         .piece_count = 1},
        {.name = R2D_VIEW("n"), .type = R2D_COL_INTEGER, .key = R2D_KEY_SORT, .piece_count = 1},
        {.name = R2D_VIEW("v"), .type = R2D_COL_TEXT, .piece_count = 1},
    };
    int count = 3;
    if (key != RIG_STRING_SORTED) {
        columns[1] = columns[2];
        count = 2;
    }
    R2dError err;
    assert_int_equal(
        r2d_mapping_init(&rig->mapping, &rig->unit.alloc, columns, count, R2D_WRITE_PUT, &err),
        R2D_OK);
}

void send_rig_init(SendRig *rig, RigKey key, uint64_t seed)
{
    R2dError err;
    unit_alloc_init(&rig->unit);
    unit_clock_init(&rig->clock);
    fake_dynamodb_init(&rig->fake, &rig->clock, seed);
    if (key == RIG_STRING_SORTED)
        rig->fake.sort_key = "n";
    init_mapping(rig, key);
    r2d_credentials_init(&rig->credentials, &rig->unit.alloc);
    assert_true(
        r2d_credentials_set(&rig->credentials, R2D_VIEW("AKID"), R2D_VIEW("secret"), R2D_VIEW("")));
    r2d_aws_service_init(&rig->service, &rig->unit.alloc, &rig->clock.clock, "dynamodb",
                         &rig->credentials);
    strcpy(rig->service.region, "us-west-2");
    assert_int_equal(r2d_endpoint_custom(&rig->service.endpoint, "http://127.0.0.1:4566", &err),
                     R2D_OK);
}

void send_rig_free(SendRig *rig)
{
    assert_string_equal(rig->fake.offence, "");
    fake_dynamodb_free(&rig->fake);
    r2d_aws_service_wipe(&rig->service);
    r2d_credentials_wipe(&rig->credentials);
    r2d_mapping_free(&rig->mapping);
    assert_int_equal(rig->unit.live, 0);
}

R2dRow send_rig_row(SendRig *rig, int64_t number, const char *id, const char *v)
{
    int last = rig->mapping.column_count - 1;
    snprintf(rig->text[0], sizeof rig->text[0], "%s", id);
    snprintf(rig->text[last], sizeof rig->text[last], "%s", v);
    rig->values[0] = (R2dValue){.kind = R2D_VALUE_STRING, .raw = r2d_view_of(rig->text[0])};
    rig->values[last] = (R2dValue){.kind = R2D_VALUE_STRING, .raw = r2d_view_of(rig->text[last])};
    if (last == 2)
        rig->values[1] = (R2dValue){.kind = R2D_VALUE_NUMBER, .raw = R2D_VIEW("7")};
    return (R2dRow){.number = number,
                    .line = R2D_VIEW("a line"),
                    .values = rig->values,
                    .value_count = last + 1};
}

int64_t send_rig_add(SendRig *rig, R2dBatch *batch, int64_t number, const char *id, const char *v)
{
    R2dReason reason;
    R2dError err;
    R2dRow row = send_rig_row(rig, number, id, v);
    assert_int_equal(r2d_batch_encode(batch, &rig->mapping, &row, &reason, &err), R2D_OK);
    assert_true(r2d_batch_fits(batch));
    return r2d_batch_commit(batch);
}
