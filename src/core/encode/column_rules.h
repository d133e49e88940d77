/*
 * column_rules.h - what the caller of rs2ddb_export asks per column (its argument `attributes`):
 *
 *   {"column": {"name": "Attribute", "null": "omit" or "write"}}
 */
#ifndef R2D_COLUMN_RULES_H
#define R2D_COLUMN_RULES_H

#include "../base/column.h"

/*
 * Applies the rules to the columns, which stand in the order of the query and have the names that
 * it gives them: rules find them by those, also when another rule has renamed them. New names are
 * put into `texts` (empty before; it must live as long as the columns). R2D_ERR_ARGUMENT with a
 * hint when the text is no such object, a column is not there, or a rule is unknown.
 */
R2dStatus r2d_column_rules_apply(R2dView json, R2dColumn *columns, int column_count,
                                 R2dBytes *texts, R2dError *err);

#endif
