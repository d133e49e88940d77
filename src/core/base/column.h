/*
 * column.h - what a column of the query becomes: the plan that the leader makes
 * once per job (unload/projection) and every loader follows (encode/mapping).
 */
#ifndef R2D_COLUMN_H
#define R2D_COLUMN_H

#include "bytes.h"

/*
 * How a value stands in the unloaded file, and so how it becomes an attribute.
 * The projection makes every value a JSON string, integer, nested SUPER or null:
 * the only renderings of UNLOAD ... FORMAT JSON that are documented
 * (facts: redshift 2.3).
 */
typedef enum R2dColumnType {
    R2D_COL_INTEGER,   /* bare integer -> N */
    R2D_COL_DECIMAL,   /* text of a decimal -> N */
    R2D_COL_REAL,      /* text of a float4 printed as float8 -> N, shortened */
    R2D_COL_DOUBLE,    /* text with 17 digits -> N, shortened */
    R2D_COL_BOOLEAN,   /* 'true' | 'false' -> BOOL; t, f, true, false bare or quoted are read too */
    R2D_COL_TEXT,      /* VARCHAR -> S as is */
    R2D_COL_CHAR,      /* CHAR -> S without its padding (trailing blanks) */
    R2D_COL_DATE,      /* 'YYYY-MM-DD' -> S; anything else is a date outside 1..9999 */
    R2D_COL_TIMESTAMP, /* 'YYYY-MM-DDTHH:MM:SS.ffffff' -> S; anything else as above */
    R2D_COL_TIMESTAMP_TZ, /* the same in UTC, without the Z, which the loader adds -> S */
    R2D_COL_INTERVAL,     /* text in intervalstyle postgres -> S, ISO 8601 */
    R2D_COL_BYTES,        /* hex in one or more pieces, concatenated -> B */
    R2D_COL_SUPER,        /* nested JSON -> M, L or scalar, numbers as written */
    R2D_COL_EWKT,         /* text of a geometry, or the marker for "too long" -> S */
} R2dColumnType;

/* In place of a value that no expression can carry (a date outside 1..9999, a geometry whose
 * text would be too long), the projection writes this text; the loader rejects the row. */
#define R2D_VALUE_UNREPRESENTABLE "!"

typedef enum R2dNullRule {
    R2D_NULL_OMIT = 0, /* the attribute is left out (the default) */
    R2D_NULL_WRITE,    /* {"NULL":true} */
} R2dNullRule;

typedef enum R2dKeyRole { R2D_KEY_NONE = 0, R2D_KEY_PARTITION, R2D_KEY_SORT } R2dKeyRole;

/* One column of the query. Views are owned by whoever made the array. */
typedef struct R2dColumn {
    R2dView name; /* as the query names it: the attribute's name */
    R2dColumnType type;
    R2dNullRule null_rule;
    R2dKeyRole key;
    int piece_count; /* file columns that carry it: 1, for BYTES 1..R2D_BYTES_PIECES_MAX */
} R2dColumn;

/*
 * File columns are named c0, c1, ...; the further pieces of a BYTES column c3
 * are c3_1, c3_2, ... Each piece holds R2D_BYTES_PIECE bytes as hex: a Redshift
 * string function returns at most 65,535 bytes. 13 pieces pass the 409,600 bytes
 * of an item, so whatever is longer is a reject anyway.
 */
#define R2D_BYTES_PIECE      32000
#define R2D_BYTES_PIECES_MAX 13

/* "integer", "decimal", ... as stored in the catalog. from_name is false for an unknown name. */
const char *r2d_column_type_name(R2dColumnType type);
bool r2d_column_type_from_name(R2dView name, R2dColumnType *type);

/* The DynamoDB type letter(s) that values of this column get: "S", "N", "B", "BOOL", or "" for
 * SUPER, which decides per value. A key must be S, N or B. */
const char *r2d_column_attribute_type(R2dColumnType type);

#endif
