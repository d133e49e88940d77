/*
 * command.h - the UNLOAD text, quoted.
 */
#ifndef R2D_COMMAND_H
#define R2D_COMMAND_H

#include "projection.h"

typedef enum R2dCompression {
    R2D_COMPRESS_ZSTD,
    R2D_COMPRESS_GZIP,
    R2D_COMPRESS_NONE
} R2dCompression;

/* "zstd", "gzip" or "none", as the server option has it; false for any other name. */
bool r2d_compression_from_name(R2dView name, R2dCompression *compression);

/* The ARN of a role, several joined by commas, or "default"; R2D_ERR_ARGUMENT with a hint. */
R2dStatus r2d_unload_check_role(R2dView role, R2dError *err);

typedef struct R2dUnload {
    R2dView query; /* as r2d_query_check returned it */
    const R2dRemoteColumn *remote;
    const R2dColumn *columns;
    int column_count;
    R2dView s3_prefix; /* "s3://bucket/stage/uuid/" */
    R2dView iam_role;  /* an ARN, several with commas, or "default" */
    R2dView region;    /* of the bucket */
    R2dCompression compression;
    int max_file_mb; /* 0: Redshift's default */
} R2dUnload;

/*
 * UNLOAD ('SELECT <c0> AS c0, ... FROM (query\n) AS q(c0, ...)') TO ... IAM_ROLE ... FORMAT JSON
 * MANIFEST VERBOSE ..., appended to out, which is as before when it fails. R2D_ERR_LIMIT over 16
 * MB; R2D_ERR_ARGUMENT for a role or prefix that cannot be what it must be (they are quoted all the
 * same).
 */
R2dStatus r2d_unload_command(const R2dUnload *unload, R2dBytes *out, R2dError *err);

#endif
