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
#include "../core/control/notice.h"
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
    const char *owner;  /* its name at the call */
    Oid owner_oid;      /* owner.h; InvalidOid: no role of this system */
    const char *server; /* its name at the call */
    const char *query;
    const char *table_name;
    const char **key; /* key_count names */
    int key_count;
    R2dWriteMode mode; /* R2D_WRITE_UNKNOWN: of a later version; the job can be shown, not run */
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
    bool unloaded;            /* the files of its UNLOAD are known */
    int64 rows_unloaded;      /* -1: not known, also when neither manifest nor warehouse told */
    bool foreign;             /* belongs to another system or database: a copy */
    int unload_pid;           /* of an UNLOAD that has not been seen to end; 0: none */
    const char *table_id;     /* of the table that the files are loaded into; NULL: not told */
    Oid server_oid;           /* InvalidOid: the name tells (options.h) */
    const char *cancel_requested_by; /* the role that asked, as it was called then; or NULL */
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
extern bool r2d_catalog_job_set_plan(int64 job_id, const char *plan, const char *table_id);
/* The table of the plan is there; table_id: "" when DynamoDB does not tell. */
extern void r2d_catalog_job_set_table(int64 job_id, bool created, const char *table_id);

/* Stored before the UNLOAD is sent: what a crash needs to find. message: why it is not the first,
 * or NULL. Throws when the job is gone: nobody would know of what the UNLOAD writes. */
extern void r2d_catalog_job_unload(int64 job_id, const char *stage_prefix, int unload_pid,
                                   const char *message);
/* Its files are known. rows: -1 when neither manifest nor warehouse told. */
extern void r2d_catalog_job_unloaded(int64 job_id, int64 rows);

/* What the warehouse says of the UNLOAD that runs: rows written so far. */
extern void r2d_catalog_job_unload_rows(int64 job_id, int64 rows);

/* The end, unless the job is settled already: to succeeded, failed or canceled, with sums of the
 * files and, when it failed, why (else NULL). message: for the event; NULL: that of the failure.
 * Throws when the mover may not make this move. */
extern void r2d_catalog_job_settle(int64 job_id, R2dJobState from, R2dJobState to, R2dMover by,
                                   const R2dFailure *failure, const char *message);

/* What a job has come to; as its row says, so for one that has settled. */
typedef struct R2dTotals {
    int64 rows_unloaded; /* -1: not known */
    int64 items_written;
    int64 rows_collapsed;
    int64 rows_rejected;
    double write_units;
    double seconds; /* since it was queued for the first time */
} R2dTotals;

extern void r2d_catalog_job_totals(int64 job_id, R2dTotals *totals);

/* Nobody loads from the files of the job any more: what was written stays counted, going on needs
 * a new UNLOAD. */
extern void r2d_catalog_job_forget_files(int64 job_id);

/* What lay below the stage prefix has been deleted. */
extern void r2d_catalog_job_stage_clean(int64 job_id, const char *stage_prefix);

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

/* by, here and below: the role that asks, for the events. */

/* Marks the wish, and says what must happen when this transaction commits. */
extern R2dCancel r2d_catalog_job_cancel(int64 job_id, const char *by, int *leader_pid);

/* Changes the bound (0: none) of a job that has not settled; *loader_pids (*count of them) are the
 * processes that should look at it at once. False: it had settled. */
extern bool r2d_catalog_job_set_rate(int64 job_id, int max_wcu, const char *by, int **loader_pids,
                                     int *count);

/* A failed or canceled job, or one that came with a copy and belongs here from now on, back to
 * queued; its files that are not done and those with rejects to pending. Any other is left alone.
 */
extern void r2d_catalog_job_requeue(int64 job_id, const char *by);

/* What those who wait for a job look at again and again. */
typedef struct R2dJobGlance {
    R2dJobState state;
    TransactionId inserted_by;
    bool foreign; /* as in R2dJob */
    int64 rows_rejected;
    int64 rejects_stored;
} R2dJobGlance;

/* These see a job as the current user may; false when he may not, or there is none. */
extern bool r2d_catalog_job_glance(int64 job_id, R2dJobGlance *glance);
/* What rs2ddb.progress shows of it; notice->state is palloc'd. */
extern bool r2d_catalog_job_notice(int64 job_id, R2dNotice *notice);
/* Why it failed; false also when it has not. */
extern bool r2d_catalog_job_failure(int64 job_id, R2dFailure *failure);

/* True when right now the job, as far as the current user may see it, is between queued and settled
 * and its row names this leader (0: none). */
extern bool r2d_catalog_job_names_leader(int64 job_id, int leader_pid);

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

/* ------------------------- prefixes that nobody goes on with: catalog_leftover.c */

typedef struct R2dLeftover {
    int64 job_id;
    const char *owner; /* as in R2dJob, and so on */
    Oid owner_oid;
    const char *server;
    Oid server_oid;
    const char *uri; /* "s3://bucket/folder/uuid/" */
    bool may_run;    /* its UNLOAD may still write there */
} R2dLeftover;

/* The job gives up its prefix, if it has one. may_run: its UNLOAD may still write there. One that
 * is about to succeed keeps the prefix as well, to tell where its files were. */
extern void r2d_catalog_leftover_add(int64 job_id, bool may_run);

/* One of this database whose time has come, for the caller alone for a minute; false: there is
 * none.
 */
extern bool r2d_catalog_leftover_claim(R2dLeftover *leftover);

/* Nothing is left; and: something is, for this reason, until the next try. Harmless when the row is
 * gone. */
extern void r2d_catalog_leftover_gone(const char *uri);
extern void r2d_catalog_leftover_failed(const char *uri, const char *error);

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
    int64 stored;     /* rejects that are kept */
    bool cancel;      /* the owner asked the job to stop */
} R2dFileCounts;

/* One row per file of the manifest; any older rows of the job go. */
extern void r2d_catalog_files_insert(int64 job_id, const R2dManifest *manifest);

/* All of them from the first row again: the table that they were loaded into is gone. */
extern void r2d_catalog_files_restart(int64 job_id);

/* A file in state running whose loader is gone goes back to pending. */
extern void r2d_catalog_files_release(int64 job_id);
extern R2dFileCounts r2d_catalog_file_counts(int64 job_id);

/* For so long requests of the job's loaders may still be applied; 0: none may. */
extern int r2d_catalog_files_late_ms(int64 job_id);

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
    int tries;         /* this one included */
    int64 late_for_us; /* so long requests of rows up to the checkpoint may still be applied */
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
/* Takes that back: the file cannot be loaded yet. */
extern void r2d_catalog_file_unclaim(int64 job_id, int file_no);
/* Whether a loader of the job was lost and its file is still pending, or was taken over in the last
 * `within_s` seconds. */
extern bool r2d_catalog_loader_lost(int64 job_id, int within_s);
/* Whether a loader has begun a file of the job. */
extern bool r2d_catalog_files_begun(int64 job_id);
extern void r2d_catalog_orders(int64 job_id, int attempt, R2dOrders *orders);

/* progress counts from file->checkpoint on; both are added up. Throws when the file is not this
 * process's any more. */
extern void r2d_catalog_file_progress(int64 job_id, const R2dFile *file,
                                      const R2dTransferProgress *progress, const R2dRates *rates);

/* The last progress and the move to done, in one. */
extern void r2d_catalog_file_done(int64 job_id, const R2dFile *file,
                                  const R2dTransferProgress *progress, const R2dRates *rates);

/* How many rejects of the job may still be stored, by this transaction alone until it ends. */
extern int64 r2d_catalog_reject_room(int64 job_id);

/* Keeps a row that was not written; one that is kept already is replaced. */
extern void r2d_catalog_file_reject(int64 job_id, int file_no, const R2dReject *reject);

/* So many were kept just now. */
extern void r2d_catalog_file_rejects_stored(int64 job_id, int file_no, int64 count);

/* How many stored rejects of the job have this code, those of this transaction included. */
extern int64 r2d_catalog_rejects_of_code(int64 job_id, const char *code);

/* A file in state running ends with this; harmless when it is in another. */
extern void r2d_catalog_file_failed(int64 job_id, int file_no, const R2dFailure *failure);

#endif
