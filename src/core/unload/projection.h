/*
 * projection.h - Redshift types to column types and to the SQL expressions of the typed
 * projection (facts: redshift 2.3, 4.4, 5; the table in the design).
 */
#ifndef R2D_PROJECTION_H
#define R2D_PROJECTION_H

#include "../base/column.h"

/* A column as Describe shows it (facts: redshift 4.4: numeric OIDs, never the local pg_type). */
typedef struct R2dRemoteColumn {
    R2dView name;
    uint32_t type_oid;
    int32_t typmod;
} R2dRemoteColumn;

/*
 * The column type and the number of pieces of one remote column; key, null_rule are left alone,
 * name is set (borrowed). Unknown OIDs become TEXT through ::varchar.
 * HLLSKETCH and other types that cannot be carried: R2D_ERR_ARGUMENT naming the column, with a
 * hint.
 */
R2dStatus r2d_projection_column(const R2dRemoteColumn *remote, R2dColumn *column, R2dError *err);

/*
 * Appends the select list for one column: `<expression of c3> AS c3`, more than one for BYTES in
 * pieces. `index` is the position of the column in the query. false when memory is out: out is as
 * before.
 */
bool r2d_projection_expression(const R2dRemoteColumn *remote, const R2dColumn *column, int index,
                               R2dBytes *out);

/* "bigint", "character varying(20)", "super", ... for error texts and plans. */
void r2d_projection_type_name(const R2dRemoteColumn *remote, char *out, size_t out_size);

#endif
