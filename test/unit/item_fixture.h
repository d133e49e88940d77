/* item_fixture.h - one line of a file encoded as an item, and what became of it. */
#ifndef R2D_ITEM_FIXTURE_H
#define R2D_ITEM_FIXTURE_H

#include "unit.h"

#include "encode/item.h"

/* What became of one line. */
typedef struct Outcome {
    R2dStatus status;
    R2dItem item;
    R2dReason reason;
    R2dBytes request; /* behind six bytes that were there before */
    R2dBytes keys;    /* behind one byte */
} Outcome;

/* Two columns to begin with: the partition key k (text, file column c0), and v (c1). */
typedef struct Fixture {
    R2dColumn columns[3];
    int column_count;
    R2dWriteMode mode;
    Outcome outcome;
} Fixture;

extern Fixture fixture;

int fixture_begin(void **state);
int fixture_end(void **state);

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)

/* Sets the type of v. */
void of_type(R2dColumnType type);

/* Scans one line and hands its row to `use`. */
void with_row(R2dView line, void (*use)(const R2dMapping *, const R2dRow *, void *), void *context);

/* For with_row: encodes into the Outcome that context is, and checks what is left on a reject. */
void encode_row(const R2dMapping *mapping, const R2dRow *row, void *context);

Outcome *encode(R2dView line);

/* Appends x count times. */
void append_x(R2dBytes *line, size_t count, const char *x);

#endif
