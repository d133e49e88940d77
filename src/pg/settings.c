/* settings.c - the settings of the extension (GUCs). */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "settings.h"

#define R2D_MAX_WORKERS_LIMIT 1024

#define R2D_DEFAULT_RETENTION_S    (30 * 24 * 60 * 60)
#define R2D_DEFAULT_STORED_REJECTS 10000

int r2d_max_workers = 4;
int r2d_history_retention_s = R2D_DEFAULT_RETENTION_S;
int r2d_max_stored_rejects = R2D_DEFAULT_STORED_REJECTS;

void r2d_settings_define(void)
{
    DefineCustomIntVariable("rs2ddb.max_workers",
                            "Background workers of rs2ddb that may run at once, in all databases.",
                            "A running export uses one leader and its loaders. "
                            "They also count against max_worker_processes.",
                            &r2d_max_workers, 4, 1, R2D_MAX_WORKERS_LIMIT, PGC_SIGHUP, 0, NULL,
                            NULL, NULL);
    DefineCustomIntVariable(
        "rs2ddb.history_retention",
        "How long jobs are kept after they have settled; 0 keeps them for ever.",
        "Older ones are deleted in passing, with their files, rejects and "
        "events, when another job of their database ends.",
        &r2d_history_retention_s, R2D_DEFAULT_RETENTION_S, 0, INT_MAX, PGC_SIGHUP, GUC_UNIT_S, NULL,
        NULL, NULL);
    DefineCustomIntVariable(
        "rs2ddb.max_stored_rejects", "Rejected rows of one job that are kept in rs2ddb.reject.",
        "The first ones are kept; all are counted.", &r2d_max_stored_rejects,
        R2D_DEFAULT_STORED_REJECTS, 0, INT_MAX, PGC_SIGHUP, 0, NULL, NULL, NULL);
    MarkGUCPrefixReserved("rs2ddb");
}
