/*
 * query.h - the user's query as text: a small lexer for Redshift (literals with backslash
 * escapes, quoted names, comments, dollar quotes) that proves the text is one statement.
 */
#ifndef R2D_QUERY_H
#define R2D_QUERY_H

#include "../base/bytes.h"
#include "../base/status.h"

/*
 * Checks that `text` is one statement with balanced parentheses that ends outside literals and
 * comments, contains no zero byte, is not empty, and takes off trailing semicolons and the comments
 * and blanks behind them: *query is a view into text. Nothing else is changed: error positions
 * stay the user's own.
 * R2D_FAILED: R2D_ERR_ARGUMENT; err->message says what, *position (1-based, in characters, as
 * PostgreSQL counts) where.
 */
R2dStatus r2d_query_check(R2dView text, R2dView *query, int *position, R2dError *err);

/* Appends 'text' as a Redshift literal: quotes and backslashes doubled (facts: redshift 1.7). false
 * when memory is out: out is as before. */
bool r2d_query_literal(R2dBytes *out, R2dView text);

/* Appends "name" as a quoted identifier; the same. */
bool r2d_query_identifier(R2dBytes *out, R2dView name);

#endif
