/*
 * json.h - control-plane JSON: replies of AWS, manifests, options. A thin reader over json-c, the
 * only file that uses it. Never on the row path.
 */
#ifndef R2D_JSON_H
#define R2D_JSON_H

#include "bytes.h"
#include "status.h"

typedef struct R2dJson R2dJson;  /* a parsed document */
typedef const void *R2dJsonNode; /* a value in it; NULL: absent. Lives as long as the document */

/* Parses one JSON value that fills text. R2D_ERR_DATA with the position when it is none. Numbers
 * keep their text. */
R2dStatus r2d_json_parse(const R2dAlloc *alloc, R2dView text, R2dJson **json, R2dError *err);
void r2d_json_free(R2dJson *json); /* NULL is fine */
R2dJsonNode r2d_json_root(const R2dJson *json);

/* All of these are harmless on NULL and on a value of another type. */
R2dJsonNode r2d_json_member(R2dJsonNode object, const char *name);
int r2d_json_length(R2dJsonNode array); /* 0 for what is no array */
R2dJsonNode r2d_json_element(R2dJsonNode array, int index);
bool r2d_json_is_object(R2dJsonNode node);
bool r2d_json_is_array(R2dJsonNode node);
bool r2d_json_is_null(R2dJsonNode node);             /* a JSON null, not an absent value */
bool r2d_json_text(R2dJsonNode node, R2dView *text); /* of a string; lent by the document */
bool r2d_json_int64(R2dJsonNode node, int64_t *value);
bool r2d_json_double(R2dJsonNode node, double *value);
bool r2d_json_bool(R2dJsonNode node, bool *value);

/* Visits the members of an object in order; the visitor returns false to stop. */
typedef bool (*R2dJsonVisitor)(void *context, R2dView name, R2dJsonNode value);
void r2d_json_each(R2dJsonNode object, R2dJsonVisitor visitor, void *context);

/* Appends text as a JSON string with its quotes; text must be valid UTF-8. false when memory is
 * out: out is as before. */
bool r2d_json_append_string(R2dBytes *out, R2dView text);

#endif
