/* ledger.c - see ledger.h. One byte per row of the window. */
#include "ledger.h"

#define MASK (R2D_LEDGER_WINDOW - 1)

bool r2d_ledger_init(R2dLedger *ledger, const R2dAlloc *alloc)
{
    *ledger = (R2dLedger){.alloc = alloc};
    ledger->outcomes = r2d_new(alloc, R2D_LEDGER_WINDOW);
    return ledger->outcomes != NULL;
}

void r2d_ledger_free(R2dLedger *ledger)
{
    if (ledger->alloc != NULL)
        r2d_release(ledger->alloc, ledger->outcomes);
    *ledger = (R2dLedger){0};
}

void r2d_ledger_reset(R2dLedger *ledger, int64_t checkpoint)
{
    ledger->checkpoint = ledger->last = checkpoint;
    ledger->written = ledger->collapsed = ledger->rejected = 0;
}

bool r2d_ledger_open(R2dLedger *ledger, int64_t row)
{
    if (row != ledger->last + 1 || r2d_ledger_full(ledger))
        return false;
    ledger->last = row;
    ledger->outcomes[row & MASK] = R2D_ROW_OPEN;
    return true;
}

static void count(R2dLedger *ledger, R2dOutcome outcome)
{
    if (outcome == R2D_ROW_WRITTEN)
        ledger->written++;
    else if (outcome == R2D_ROW_COLLAPSED)
        ledger->collapsed++;
    else
        ledger->rejected++;
}

bool r2d_ledger_settle(R2dLedger *ledger, int64_t row, R2dOutcome outcome)
{
    if (row <= ledger->checkpoint || row > ledger->last || outcome == R2D_ROW_OPEN ||
        ledger->outcomes[row & MASK] != R2D_ROW_OPEN)
        return false;
    ledger->outcomes[row & MASK] = (uint8_t)outcome;
    while (ledger->checkpoint < ledger->last) {
        R2dOutcome next = ledger->outcomes[(ledger->checkpoint + 1) & MASK];
        if (next == R2D_ROW_OPEN)
            break;
        count(ledger, next);
        ledger->checkpoint++;
    }
    return true;
}
