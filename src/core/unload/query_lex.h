/*
 * query_lex.h - Redshift's tokens, as far as telling code from literals, names and comments needs
 * them. Used by query.c only. Never allocates.
 *
 * Where lexers of the PostgreSQL family could read the same bytes differently (dollar quotes, bit
 * strings, a bare CR that may end a comment), the text is refused unless every reading splits it
 * at the same places.
 */
#ifndef R2D_QUERY_LEX_H
#define R2D_QUERY_LEX_H

#include "../base/bytes.h"

typedef enum R2dQueryTokenKind {
    R2D_TOKEN_END,
    R2D_TOKEN_BLANK,
    R2D_TOKEN_COMMENT,
    R2D_TOKEN_LITERAL, /* '...', $$...$$, $tag$...$tag$ */
    R2D_TOKEN_NAME,    /* "..." */
    R2D_TOKEN_WORD,    /* keyword or plain name */
    R2D_TOKEN_OPEN,
    R2D_TOKEN_CLOSE,
    R2D_TOKEN_SEMICOLON,
    R2D_TOKEN_OTHER, /* one byte: digit, operator, comma ... */
} R2dQueryTokenKind;

typedef struct R2dQueryToken {
    R2dQueryTokenKind kind;
    size_t start; /* bytes from the beginning of the text */
    size_t end;
} R2dQueryToken;

/* What is wrong, in literals, and the byte where it begins. */
typedef struct R2dQueryFault {
    const char *message;
    const char *hint; /* or NULL */
    size_t at;
} R2dQueryFault;

/* The token that begins at byte `at` of text (valid UTF-8); false: *fault is filled. */
bool r2d_query_lex(R2dView text, size_t at, R2dQueryToken *token, R2dQueryFault *fault);

#endif
