/* settings.h - the settings of the extension (GUCs). */
#ifndef R2D_PG_SETTINGS_H
#define R2D_PG_SETTINGS_H

extern int r2d_max_workers; /* rs2ddb.max_workers: bounds all our workers of the server */

/* rs2ddb.history_retention: seconds; 0: for ever */
extern int r2d_history_retention_s;

/* rs2ddb.max_stored_rejects: of a job */
extern int r2d_max_stored_rejects;

extern void r2d_settings_define(void);

#endif
