/*
 * catalog.h - the tables of the extension: the only way to them.
 *
 * All SPI is in catalog*.c, one function per statement. Names are qualified, the search path is
 * pinned, and statements that write run as the owner of the tables (the users only read). Every
 * function needs a running transaction; workers open short ones with r2d_tx_begin. Results are
 * allocated in the memory context of the caller; texts are in the encoding of the database.
 */
#ifndef R2D_PG_CATALOG_H
#define R2D_PG_CATALOG_H

#include "bridge.h"

#include "utils/timestamp.h"

#include "../core/control/job_state.h"
#include "../core/control/share.h"
#include "../core/encode/mapping.h"
#include "../core/transfer/transfer.h"
#include "../core/unload/manifest.h"

/* A short transaction of a worker. No network in between. In between the memory context is that of
 * the transaction, afterwards that of the caller again. Does not begin one, and ends the worker,
 * when it must leave its database (home.h). */
extern void r2d_tx_begin(void);
extern void r2d_tx_commit(void);

/* Does not wait for the disk: a crash of the server may take it back, until the next r2d_tx_commit
 * of whichever process makes it durable too. For what would then only be done again. */
extern void r2d_tx_commit_lazily(void);

/* ---------------------------------------------- jobs, as their workers see them: catalog_job.c */

typedef struct R2dJob {
    int64 job_id;
    R2dJobState state;
    const char *owner; /* its name at the call */
    Oid owner_oid;     /* owner.h; InvalidOid: no role of this system */
    const char *server;
    const char *query;
    const char *table_name;
    const char **key; /* key_count names */
    int key_count;
    R2dWriteMode mode;
    const char *attributes; /* JSON text or NULL */
    int workers;
    int max_wcu;
    int64 max_rejects;
    bool keep_files;
    bool cancel_requested;
    int attempt;              /* UNLOADs so far */
    const char *stage_prefix; /* or NULL */
    int leader_pid;           /* of the last one, gone or not; 0: none */
    const char *plan;         /* JSON text or NULL */
    int64 rows_unloaded;      /* -1: not known */
    bool foreign;             /* belongs to another system or database: a copy */
    bool stage_doomed;        /* nobody goes on with the files below stage_prefix */
    int unload_pid;           /* of an UNLOAD that has not been seen to end; 0: none */
    const char *table_id;     /* of the table that the files are loaded into; NULL: not told */
} R2dJob;

/* What is stored about a failure, of a job or of a file. Texts may be NULL: not told. */
typedef struct R2dFailure {
    const char *message;
    const char *detail;
    const char *hint;
    char sqlstate[6];       /* "": none */
    const char *code;       /* of AWS */
    const char *request_id; /* of AWS */
    int position;           /* in the query, in characters from 1; 0: none */
} R2dFailure;

extern R2dJob *r2d_catalog_job(int64 job_id); /* NULL when there is none */

/* One move, with its event and NOTIFY; false when the job is not in state `from` any more. */
extern bool r2d_catalog_job_move(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by,
                                 const char *message);

/* The leader took the job. */
extern void r2d_catalog_job_led(int64 job_id, int leader_pid);
/* True when it is the plan that the job had before. */
extern bool r2d_catalog_job_set_plan(int64 job_id, const char *plan, bool table_created,
                                     const char *table_id);

/* Stored before the UNLOAD is sent: what a crash needs to find. message: why it is not the first,
 * or NULL. */
extern void r2d_catalog_job_unload(int64 job_id, const char *stage_prefix, int unload_pid,
                                   const char *message);
extern void r2d_catalog_job_unloaded(int64 job_id, int64 rows);

/* The end, unless the job is settled already: to succeeded, failed or canceled, with sums of the
 * files and, when it failed, why (else NULL). message: for the event; NULL: that of the failure.
 * Throws when the mover may not make this move. */
extern void r2d_catalog_job_settle(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by,
                                   const R2dFailure *failure, const char *message);

/* Nobody loads from the files of the job any more: what was written stays counted, going on needs
 * a new UNLOAD. */
extern void r2d_catalog_job_forget_files(int64 job_id);

/* What lies below the stage prefix is to be deleted; and: it has been. */
extern void r2d_catalog_job_doom_stage(int64 job_id);
extern void r2d_catalog_job_stage_clean(int64 job_id, const char *stage_prefix);

/* Ids of at most `most` settled jobs whose files are to be deleted; returns how many. */
extern int r2d_catalog_doomed_stages(int64 except, int64 *job_ids, int most);

/* ------------------------------------------------ what users ask of jobs: catalog_call.c */

typedef struct R2dJobRequest {
    Oid owner;
    const char *server;
    const char *query;
    const char *table_name;
    Datum key; /* text[] */
    bool key_is_null;
    const char *mode; /* "put" or "delete" */
    Datum attributes; /* jsonb */
    bool attributes_is_null;
    int workers; /* 0: as many as possible */
    int max_wcu; /* 0: no bound */
    int64 max_rejects;
    bool keep_files;
} R2dJobRequest;

/* Queues a job; its id. */
extern int64 r2d_catalog_job_insert(const R2dJobRequest *request);

/* The job's row (of the type rs2ddb.job) as the current user may see it; (Datum) 0 when he may
 * not, or there is none. */
extern Datum r2d_catalog_job_row(int64 job_id);

typedef enum R2dCancel {
    R2D_CANCEL_SETTLED,   /* too late: the job had settled */
    R2D_CANCEL_DONE,      /* it had not begun: canceled now */
    R2D_CANCEL_INTERRUPT, /* its leader must be interrupted: *leader_pid */
    R2D_CANCEL_LEAD,      /* it has lost its leader: a new one must end it */
} R2dCancel;

/* Marks the wish, and says what must happen when this transaction commits. */
extern R2dCancel r2d_catalog_job_cancel(int64 job_id, int *leader_pid);

/* Changes the bound (0: none) of a job that has not settled; *loader_pids (*count of them) are the
 * processes that should look at it at once. False: it had settled. */
extern bool r2d_catalog_job_set_rate(int64 job_id, int max_wcu, int **loader_pids, int *count);

/* A failed or canceled job, or one that came with a copy and belongs here from now on, back to
 * queued; its files that are not done and those with rejects to pending. Any other is left alone.
 */
extern void r2d_catalog_job_requeue(int64 job_id);

/* A small view of a job for those who wait. */
typedef struct R2dJobGlance {
    R2dJobState state;
    double percent;      /* -1: not known */
    int64 rows_unloaded; /* -1: not known */
    double rows_per_s;
    double units_per_s;
    int64 seconds_left; /* -1: not known */
    TransactionId inserted_by;
    bool foreign; /* as in R2dJob */
} R2dJobGlance;

/* As the current user may see it; false when he may not, or there is none. */
extern bool r2d_catalog_job_glance(int64 job_id, R2dJobGlance *glance);

/* -------------------------------------- who is gone, goes, or is too old: catalog_upkeep.c */

/* The oldest job of this database that is not settled and has no leader; 0 when there is none. */
extern int64 r2d_catalog_oldest_waiting(void);

/* The same for at most `most` of them; how many were found. */
extern int r2d_catalog_waiting(int64 *job_ids, int most);

/* This worker ends before its time: the files that it loads go back to pending, and the job that it
 * leads back to queued. */
extern void r2d_catalog_worker_leaves(int64 job_id);

/* Deletes some of the jobs that settled so long ago, with their files, rejects and events. */
extern void r2d_catalog_prune(int64 age_s);

/* The file that this process loads; 0: none. */
extern int r2d_catalog_file_of_worker(int64 job_id);

/* -------------------------------- files and rejects, as the leader sees them: catalog_file.c */

typedef struct R2dFileCounts {
    int64 pending;
    int64 running;
    int64 done;
    int64 failed;
    int64 systemic;   /* failed for a reason that is not the file's own */
    int64 settled;    /* rows */
    int64 rejected;   /* rows */
    int64 unbalanced; /* files done whose ledger does not add up */
    bool cancel;      /* the owner asked the job to stop */
} R2dFileCounts;

/* One row per file of the manifest; any older rows of the job go. */
extern void r2d_catalog_files_insert(int64 job_id, const R2dManifest *manifest);

/* All of them from the first row again: the table that they were loaded into is gone. */
extern void r2d_catalog_files_restart(int64 job_id);

/* A file in state running whose loader is gone goes back to pending. */
extern void r2d_catalog_files_release(int64 job_id);
extern R2dFileCounts r2d_catalog_file_counts(int64 job_id);

/* The failure of the first failed file; false when none failed. */
extern bool r2d_catalog_first_file_failure(int64 job_id, R2dFailure *failure);

/* Reason and key of the first reject, for the job's error text; NULL when there is none. */
extern const char *r2d_catalog_first_reject(int64 job_id);

/* ------------------------------------------------- what a loader does: catalog_load.c */

typedef struct R2dFile {
    int file_no;
    const char *url;
    int64 size_bytes;    /* -1: not told */
    int64 rows_promised; /* -1: not told */
    int64 checkpoint;    /* as this loader found it, and the counts up to it */
    int64 items_written;
    int64 rows_collapsed;
    int64 rows_rejected;
    double write_units;
    int64 writes_throttled;
    int tries; /* this one included */
} R2dFile;

typedef struct R2dRates {
    double rows_per_s;
    double units_per_s;
    double throttled_share;
} R2dRates;

/* What a loader has to follow, read on a timer. */
typedef struct R2dOrders {
    bool stop; /* the job is being cancelled, has settled, or loads those of another attempt */
    R2dSharers sharers;
} R2dOrders;

/* The next pending file behind number `after`, or else from the first on, now running; false when
 * there is none. `after` only saves the search: the number claimed before. The rates of the loader
 * go on from file to file. */
extern bool r2d_catalog_file_claim(int64 job_id, int after, const R2dRates *rates, R2dFile *file);
extern void r2d_catalog_orders(int64 job_id, int attempt, R2dOrders *orders);

/* progress counts from file->checkpoint on; both are added up. Throws when the file is not this
 * process's any more. */
extern void r2d_catalog_file_progress(int64 job_id, const R2dFile *file,
                                      const R2dTransferProgress *progress, const R2dRates *rates);

/* The last progress and the move to done, in one. */
extern void r2d_catalog_file_done(int64 job_id, const R2dFile *file,
                                  const R2dTransferProgress *progress, const R2dRates *rates);

/* Keeps a row that was not written; one that is kept already is replaced. */
extern void r2d_catalog_file_reject(int64 job_id, int file_no, const R2dReject *reject);
/* How many stored rejects of the job have this code, those of this transaction included. */
extern int64 r2d_catalog_rejects_of_code(int64 job_id, const char *code);

/* A file in state running ends with this; harmless when it is in another. */
extern void r2d_catalog_file_failed(int64 job_id, int file_no, const R2dFailure *failure);

#endif
