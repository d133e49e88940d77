/* settings.c - the settings of the extension (GUCs). */
#include "postgres.h"

#include "utils/guc.h"

#include "settings.h"

#define R2D_MAX_WORKERS_LIMIT 1024

int r2d_max_workers = 4;

void r2d_settings_define(void)
{
    DefineCustomIntVariable("rs2ddb.max_workers",
                            "Background workers of rs2ddb that may run at once, in all databases.",
                            "A running export uses one leader and its loaders. "
                            "They also count against max_worker_processes.",
                            &r2d_max_workers, 4, 1, R2D_MAX_WORKERS_LIMIT, PGC_SIGHUP, 0, NULL,
                            NULL, NULL);
    MarkGUCPrefixReserved("rs2ddb");
}
