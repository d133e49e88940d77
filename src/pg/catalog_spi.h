/* catalog_spi.h - what catalog*.c share: entering SPI, arguments, reading values. */
#ifndef R2D_PG_CATALOG_SPI_H
#define R2D_PG_CATALOG_SPI_H

#include "catalog.h"

#include "executor/spi.h"
#include "utils/builtins.h"

#define R2D_ARGS_MAX 20

typedef struct R2dArgs {
    int count;
    Oid types[R2D_ARGS_MAX];
    Datum values[R2D_ARGS_MAX];
    char nulls[R2D_ARGS_MAX];
} R2dArgs;

extern void r2d_arg(R2dArgs *args, Oid type, Datum value, bool is_null);
extern void r2d_arg_int8(R2dArgs *args, int64 value);
extern void r2d_arg_int4(R2dArgs *args, int value);
extern void r2d_arg_float8(R2dArgs *args, double value);
extern void r2d_arg_bool(R2dArgs *args, bool value);
extern void r2d_arg_text(R2dArgs *args, const char *value); /* NULL: null */
extern void r2d_arg_bytea(R2dArgs *args, R2dView value);

typedef struct R2dSpi {
    MemoryContext caller;
    Oid user;
    int security;
    int guc_level;
} R2dSpi;

/* SQL: oid of the owner of a job on this system, whose identifier is $2 (owner.h); NULL: none. */
#define R2D_OWNER_HERE                                                                             \
    "CASE WHEN system_identifier = $2 THEN owner_oid ELSE "                                        \
    "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = owner) END"

/* SQL: oid of the server of a job, while it counts in this database, which is $3 of system $2;
 * NULL: its name does. */
#define R2D_SERVER_HERE "CASE WHEN system_identifier = $2 AND database_oid = $3 THEN server_oid END"

/* Between enter and leave: SPI is connected, the search path is pinned, and (as_owner) statements
 * run as the owner of the tables. An error in between is undone by the transaction's abort. */
extern R2dSpi r2d_spi_enter(bool as_owner);
extern void r2d_spi_leave(R2dSpi *spi);

/* Runs one statement, a literal; returns SPI_processed. */
extern uint64 r2d_spi_run(const char *sql, R2dArgs *args);

/* The same for one that reads, and sees what is committed now, whatever the snapshot of the
 * statement that called us. Not in a parallel query. */
extern uint64 r2d_spi_run_latest(const char *sql, R2dArgs *args);

/* Values of the first row of the last result, by column number from 1. Text is copied into the
 * memory context of whoever entered. */
extern char *r2d_spi_text(R2dSpi *spi, int column); /* NULL for null */
extern int64 r2d_spi_int8(int column, int64 if_null);
extern int r2d_spi_int4(int column, int if_null);
extern double r2d_spi_float8(int column, double if_null);
extern bool r2d_spi_bool(int column);
extern Oid r2d_spi_oid(int column); /* InvalidOid for null */
extern Datum r2d_spi_datum(int column, bool *is_null);
/* The id (bigint, never null) in the first column of any row of the last result, from 0. */
extern int64 r2d_spi_id(uint64 row);

/* One event and its NOTIFY; entered as owner. The payload tells no more than everybody may know. */
extern void r2d_catalog_event(int64 job_id, R2dJobState state, const char *message);

#endif
