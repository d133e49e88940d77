/*
 * row.h - one row of a file, as the scanner lends it to the encoder.
 */
#ifndef R2D_ROW_H
#define R2D_ROW_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef enum R2dValueKind {
    R2D_VALUE_ABSENT = 0, /* the row has no such key */
    R2D_VALUE_NULL,
    R2D_VALUE_STRING, /* raw: what stands between the quotes, still escaped */
    R2D_VALUE_NUMBER, /* raw: the token, a valid JSON number */
    R2D_VALUE_TRUE,   /* true, or a bare t */
    R2D_VALUE_FALSE,  /* false, or a bare f */
    R2D_VALUE_NESTED, /* raw: a whole JSON object or array, checked to be well formed */
} R2dValueKind;

typedef struct R2dValue {
    R2dValueKind kind;
    bool escaped; /* STRING: raw contains a backslash */
    bool control; /* STRING: raw contains a bare byte below 0x20 (must be escaped for DynamoDB) */
    R2dView raw;
} R2dValue;

/*
 * A row. All views are lent until the next call of the scanner that returned it.
 * Its text is valid UTF-8.
 */
typedef struct R2dRow {
    int64_t number;   /* 1 for the first row of the file; rows are never renumbered */
    R2dView line;     /* the whole line, without its newline */
    R2dValue *values; /* one per file column */
    int value_count;
} R2dRow;

/* Why a row cannot become an item. Text for people goes into R2dReason.text. */
typedef struct R2dReason {
    char code[40]; /* short and stable: "key_null", "key_empty", "number_range", "item_size", ... */
    char text[256]; /* one sentence that names the column */
} R2dReason;

void r2d_reason_set(R2dReason *reason, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
