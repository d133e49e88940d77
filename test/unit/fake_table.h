/* fake_table.h - the items of the fake DynamoDB, and how it reads a BatchWriteItem body. */
#ifndef R2D_FAKE_TABLE_H
#define R2D_FAKE_TABLE_H

#include "fake_dynamodb.h"

typedef struct FakeWrite {
    const char *request, *request_end; /* the whole write request */
    const char *item, *item_end;       /* of a put; NULL for a delete */
} FakeWrite;

char *fake_copy(const char *text, size_t len);

/* The write requests of a body; -1 when it is not as it must be. The flight gets the keys. */
int fake_table_read(FakeDynamodb *fake, FakeFlight *flight, FakeWrite writes[FAKE_BATCH]);
/* Puts the item under its key, or deletes it (item NULL). */
void fake_table_write(FakeDynamodb *fake, const char *key, const char *item, const char *end);
/* Appends a write request as it comes back unprocessed. */
void fake_table_append(R2dBytes *out, const FakeDynamodb *fake, const FakeWrite *write);
void fake_table_clear(FakeDynamodb *fake);

/* fake_late.c: a request whose connection is closed now is applied later; what is due by then is
 * applied; what is left is dropped. */
void fake_late_add(FakeDynamodb *fake, const char *body);
void fake_late_apply(FakeDynamodb *fake, int64_t now_us);
void fake_late_clear(FakeDynamodb *fake);

#endif
