/* extension.c - module magic and initialisation. */
#include "postgres.h"

#include "fmgr.h"

#include "launcher.h"
#include "settings.h"
#include "wishes.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void _PG_init(void)
{
    r2d_settings_define();
    r2d_wishes_init();
    r2d_launcher_define();
}
