/*
 * manifest_schema.h - cuts the "schema" member out of a manifest that is no valid JSON because of
 * it. Used by manifest.c only.
 */
#ifndef R2D_MANIFEST_SCHEMA_H
#define R2D_MANIFEST_SCHEMA_H

#include "../base/bytes.h"

/*
 * Finds the member "schema" of the outermost object, with the comma that goes with it:
 * text[*start..*end) can be left out. Only strings and brackets are understood, so the member may
 * hold anything whose brackets match. false when there is none.
 */
bool r2d_manifest_find_schema(R2dView text, size_t *start, size_t *end);

#endif
