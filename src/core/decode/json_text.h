/*
 * json_text.h - the tokens of JSON, checked and not decoded; private to decode.
 */
#ifndef R2D_JSON_TEXT_H
#define R2D_JSON_TEXT_H

#include "../base/bytes.h"
#include "row.h"

/* A line being read, and the first thing found wrong with it. */
typedef struct R2dJsonCursor {
    const char *at;
    const char *end;
    const char *readable; /* >= end: bytes up to here may be loaded */
    const char *begin;
    const char *fault_code; /* NULL: no fault yet */
    const char *fault_text;
    const char *fault_at;
} R2dJsonCursor;

/* Notes a fault and returns false. */
bool r2d_json_fault(R2dJsonCursor *cursor, const char *at, const char *code, const char *text);

static inline void r2d_json_blanks(R2dJsonCursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r'))
        cursor->at++;
}

/* `at` is on the opening quote; afterwards behind the closing one. Checks UTF-8 and escapes. */
bool r2d_json_string(R2dJsonCursor *cursor, R2dValue *value);

static inline bool r2d_json_is_number_start(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

/* `at` is on a minus or a digit. The token is a number by RFC 8259. */
bool r2d_json_number(R2dJsonCursor *cursor, R2dView *token);

/* True, and moved behind it, when `word` stands here and no letter or digit follows. */
bool r2d_json_word(R2dJsonCursor *cursor, R2dView word);

/* One bit per open level: true for an object. */
typedef struct R2dJsonStack {
    unsigned char *bits;
    int limit;
} R2dJsonStack;

/* `at` is on { or [; afterwards behind the bracket that closes it. */
bool r2d_json_nested(R2dJsonCursor *cursor, R2dJsonStack *stack);

#endif
