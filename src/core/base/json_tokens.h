/*
 * json_tokens.h - the tokens of a JSON document, checked one by one (RFC 8259). Used by json.c
 * only.
 *
 * Even when strict, json-c takes 'a' for a name, NaN, 01 and line feeds in strings, and 0.18 then
 * refuses all that is not ASCII. So it is not asked to be strict: the tokens are checked here, and
 * that no comma is the last; how else they are put together is for json-c to check.
 */
#ifndef R2D_JSON_TOKENS_H
#define R2D_JSON_TOKENS_H

#include "bytes.h"

/* R2D_ERR_DATA with the position of the first byte that begins no token, or of a comma that nothing
 * follows. Escapes and UTF-8 within
 * strings are not looked at. */
R2dStatus r2d_json_check_tokens(R2dView text, R2dError *err);

/* Where the blanks that begin at `at` end. */
size_t r2d_json_skip_blanks(R2dView text, size_t at);

#endif
