/*
 * text.h - JSON string text as the scanner lends it: checked, still escaped, without its quotes.
 */
#ifndef R2D_TEXT_H
#define R2D_TEXT_H

#include "bytes.h"

#include <stdint.h>

/* A control byte takes six bytes when escaped. */
#define R2D_TEXT_GROWTH 6

/* UTF-8 length of the text once decoded. */
size_t r2d_text_decoded_len(R2dView raw);

/* Decodes; out has room for raw.len bytes. Returns the decoded length. */
size_t r2d_text_decode(R2dView raw, char *out);

/* Copies text, bare control bytes as \u00XX; out has room for R2D_TEXT_GROWTH times its length.
 * Returns the length written. */
size_t r2d_text_escape_control(R2dView raw, char *out);

/* True when the decoded texts are equal. */
bool r2d_text_equal(R2dView a, R2dView b);

/* Of the decoded text. */
uint64_t r2d_text_hash(R2dView raw);

/* The longest beginning of at most max_len bytes that cuts no escape and no character. */
R2dView r2d_text_cut(R2dView raw, size_t max_len);

/* Appends plain text as a JSON string with its quotes. false when memory is out: out is as before.
 */
bool r2d_text_append_quoted(R2dBytes *out, R2dView plain);

#endif
