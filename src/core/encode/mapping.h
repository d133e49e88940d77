/*
 * mapping.h - the plan of a job, made ready for the row path: which file columns
 * make which attribute, with every constant byte of the request prepared.
 */
#ifndef R2D_MAPPING_H
#define R2D_MAPPING_H

#include "../base/column.h"

typedef enum R2dWriteMode { R2D_WRITE_UNKNOWN = 0, R2D_WRITE_PUT, R2D_WRITE_DELETE } R2dWriteMode;

/* The mode of that name; R2D_WRITE_UNKNOWN when there is none. */
R2dWriteMode r2d_write_mode_from_name(R2dView name);

typedef struct R2dMappedColumn {
    R2dColumn column; /* name is owned by the mapping */
    int first_value;  /* index of its (first) file column in R2dRow.values */
    R2dBytes prefix;  /* `"name":` as JSON, ready to be copied */
    R2dBytes open;    /* prefix and the start of its value, `"name":{"S":"`; for SUPER the prefix */
    size_t name_bytes; /* UTF-8 length of the name, as DynamoDB counts it */
} R2dMappedColumn;

/* Type letter of a key attribute in the target table: 'S', 'N' or 'B'. */
typedef struct R2dKeySpec {
    int column; /* index into columns; -1: no sort key */
    char type;
} R2dKeySpec;

typedef struct R2dMapping {
    const R2dAlloc *alloc;
    R2dWriteMode mode;
    R2dMappedColumn *columns;
    int column_count;
    R2dView *file_columns; /* names c0, c1, c3_1 ...; for the scanner */
    int file_column_count;
    R2dKeySpec partition_key;
    R2dKeySpec sort_key;
    size_t fixed_bytes; /* of a request: everything but the values, and room to spare */
} R2dMapping;

/*
 * Copies what it needs from columns. Column roles (R2dColumn.key) give the keys; the type letters
 * follow from the column types. R2D_ERR_ARGUMENT when a column cannot be a key, two attributes
 * have one name, or a name is empty or too long (65,535 bytes; keys 255), or the mode is unknown.
 */
R2dStatus r2d_mapping_init(R2dMapping *mapping, const R2dAlloc *alloc, const R2dColumn *columns,
                           int column_count, R2dWriteMode mode, R2dError *err);
void r2d_mapping_free(R2dMapping *mapping);

#endif
