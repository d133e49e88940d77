/* fake_late.c - requests that the fake DynamoDB applies after their connection was closed. */
#include "fake_table.h"

#include <stdlib.h>

void fake_late_add(FakeDynamodb *fake, const char *body)
{
    FakeLate *late = fake->lates;
    double spread_us = (double)(fake->late_max_us - fake->late_min_us);
    while (late < fake->lates + FAKE_LATES && late->body != NULL)
        late++;
    assert_true(late < fake->lates + FAKE_LATES);
    late->body = fake_copy(body, strlen(body));
    late->due_us = fake->clock->mono_us + fake->late_min_us +
                   (int64_t)(r2d_random_unit(&fake->random) * spread_us);
}

/* One poisoned item, and the service refuses all. */
static void apply(FakeDynamodb *fake, FakeLate *late)
{
    FakeWrite writes[FAKE_BATCH] = {0};
    FakeFlight flight = {.body = late->body};
    int count = fake_table_read(fake, &flight, writes);
    bool is_refused = fake->poison != NULL && strstr(late->body, fake->poison) != NULL;
    for (int i = 0; i < count && !is_refused; i++)
        fake_table_write(fake, flight.keys[i], writes[i].item, writes[i].item_end);
    for (int i = 0; i < flight.key_count; i++)
        free(flight.keys[i]);
    free(late->body);
    late->body = NULL;
    fake->applied_late++;
}

void fake_late_apply(FakeDynamodb *fake, int64_t now_us)
{
    for (int i = 0; i < FAKE_LATES; i++)
        if (fake->lates[i].body != NULL && fake->lates[i].due_us <= now_us)
            apply(fake, &fake->lates[i]);
}

void fake_dynamodb_settle(FakeDynamodb *fake)
{
    fake_late_apply(fake, INT64_MAX);
}

void fake_late_clear(FakeDynamodb *fake)
{
    for (int i = 0; i < FAKE_LATES; i++)
        free(fake->lates[i].body);
}
