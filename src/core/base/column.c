/* column.c - names of the column types. */
#include "column.h"

static const struct {
    const char *name;
    const char *attribute_type;
} types[] = {
    [R2D_COL_INTEGER] = {"integer", "N"},     [R2D_COL_DECIMAL] = {"decimal", "N"},
    [R2D_COL_REAL] = {"real", "N"},           [R2D_COL_DOUBLE] = {"double", "N"},
    [R2D_COL_BOOLEAN] = {"boolean", "BOOL"},  [R2D_COL_TEXT] = {"text", "S"},
    [R2D_COL_CHAR] = {"char", "S"},           [R2D_COL_DATE] = {"date", "S"},
    [R2D_COL_TIMESTAMP] = {"timestamp", "S"}, [R2D_COL_TIMESTAMP_TZ] = {"timestamptz", "S"},
    [R2D_COL_INTERVAL] = {"interval", "S"},   [R2D_COL_BYTES] = {"bytes", "B"},
    [R2D_COL_SUPER] = {"super", ""},          [R2D_COL_EWKT] = {"ewkt", "S"},
};

const char *r2d_column_type_name(R2dColumnType type)
{
    return types[type].name;
}

const char *r2d_column_attribute_type(R2dColumnType type)
{
    return types[type].attribute_type;
}

bool r2d_column_type_from_name(R2dView name, R2dColumnType *type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (r2d_view_equal(name, r2d_view_of(types[i].name))) {
            *type = (R2dColumnType)i;
            return true;
        }
    }
    return false;
}
