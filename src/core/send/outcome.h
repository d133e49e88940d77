/* outcome.h - what became of a row: the words of the ledger. */
#ifndef R2D_OUTCOME_H
#define R2D_OUTCOME_H

typedef enum R2dOutcome {
    R2D_ROW_OPEN = 0,  /* read, not settled */
    R2D_ROW_WRITTEN,   /* acknowledged by DynamoDB */
    R2D_ROW_COLLAPSED, /* superseded by a later row with the same key, never acknowledged itself */
    R2D_ROW_REJECTED,  /* cannot be written; kept with its reason */
} R2dOutcome;

#endif
