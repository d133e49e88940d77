/*
 * ledger.h - what became of each row between the checkpoint and the last row read.
 *
 * A row is opened when it is read and settled once. The checkpoint is the highest row up to which
 * all are settled; the counts cover exactly the rows up to it, so that going on at the checkpoint
 * after a crash never counts a row twice.
 */
#ifndef R2D_LEDGER_H
#define R2D_LEDGER_H

#include "../base/alloc.h"
#include "../send/outcome.h"

#include <stdbool.h>
#include <stdint.h>

/* Rows between the checkpoint and the last row read, at most; a power of two. */
#define R2D_LEDGER_WINDOW 524288

typedef struct R2dLedger {
    const R2dAlloc *alloc;
    uint8_t *outcomes; /* ring, by row number */
    int64_t checkpoint;
    int64_t last; /* last row opened */
    int64_t written;
    int64_t collapsed;
    int64_t rejected;
} R2dLedger;

bool r2d_ledger_init(R2dLedger *ledger, const R2dAlloc *alloc); /* false when memory is out */
void r2d_ledger_free(R2dLedger *ledger);
/* Starts anew for a file whose rows up to `checkpoint` are settled already. */
void r2d_ledger_reset(R2dLedger *ledger, int64_t checkpoint);

static inline bool r2d_ledger_full(const R2dLedger *ledger)
{
    return ledger->last - ledger->checkpoint >= R2D_LEDGER_WINDOW;
}

/* Every row opened is settled. */
static inline bool r2d_ledger_balanced(const R2dLedger *ledger)
{
    return ledger->last == ledger->checkpoint;
}

/* Opens the next row; false when it is not the next one, or the ledger is full. */
bool r2d_ledger_open(R2dLedger *ledger, int64_t row);
/* Settles an open row and moves the checkpoint; false when the row is not open: the ledger cannot
 * balance any more, and the file must fail. */
__attribute__((warn_unused_result)) bool r2d_ledger_settle(R2dLedger *ledger, int64_t row,
                                                           R2dOutcome outcome);

#endif
