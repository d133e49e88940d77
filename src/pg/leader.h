/*
 * leader.h - the worker that runs one job, and what its steps share.
 *
 *   leader.c    the life of the worker: take the job, run the steps
 *   resume.c    look whether table and files of an earlier attempt are still there
 *   prepare.c   describe the query, make the plan
 *   fit_table.c check the table against the columns, or the key of a table to be created
 *   make_table.c create the table, once the UNLOAD has finished
 *   unload.c    run the UNLOAD, read the manifest, store the files
 *   unload_follow.c  find out how an UNLOAD ended whose session is gone
 *   stage.c     delete what nobody goes on with
 *   leftover.c  the same later: the worklist of prefixes
 *   leader_session.c  its sessions with the warehouse
 *   loading.c   start loaders, watch them, load by itself when it gets none
 *   settle.c    end the job: by its ledger, by a cancel, or by an error
 */
#ifndef R2D_PG_LEADER_H
#define R2D_PG_LEADER_H

#include "aws_session.h"
#include "catalog.h"
#include "redshift.h"

/* What a manifest may take in memory. */
#define R2D_MANIFEST_LIMIT_BYTES ((size_t)512 * 1024 * 1024)

typedef struct R2dLoaders R2dLoaders;

typedef struct R2dLeader {
    MemoryContext context; /* life of the job; sessions end with it */
    int64 job_id;
    R2dJob *job;
    const char *log_name; /* of the job, in lines of the log (job_log.h) */
    R2dOptions *options;
    R2dAwsSession *aws;
    R2dRedshift *redshift; /* NULL: none; see r2d_leader_session */
    R2dRedshift *asking;   /* NULL: none; see r2d_leader_asking_session */
    R2dView query;         /* the job's query in UTF-8, checked; a view into utf8_query */
    const char *utf8_query;
    R2dRemoteColumn *remote; /* column_count, as described */
    R2dColumn *columns;
    int column_count;
    int unload_pid;          /* of our session, while it runs an UNLOAD; 0 otherwise */
    bool unload_open;        /* how the UNLOAD below stage_prefix ended is not known */
    bool plan_kept;          /* the plan is the one that UNLOAD was made with */
    bool plan_lost;          /* it was not, once: the prefix is on the list of leftovers */
    bool table_seen;         /* the table was there when the plan was made */
    R2dLoaders *loaders;     /* while files are loaded */
    char *stage_prefix;      /* "s3://bucket/folder/uuid/" of this attempt, or NULL */
    bool stage_may_run;      /* an UNLOAD of an earlier leader may still write there */
    const char *stage_error; /* why what lies there was not deleted; NULL: it was */
} R2dLeader;

/* The files of an UNLOAD with the plan of this job are known: it needs no other. */
static inline bool r2d_leader_has_files(const R2dLeader *leader)
{
    return leader->job->plan != NULL && leader->job->unloaded;
}

/* Reads the job into leader->job; NULL when it is not ours to run. */
extern void r2d_leader_read_job(R2dLeader *leader);

/* Looks whether the files of an earlier attempt can be gone on with: files that are gone are
 * forgotten (r2d_leader_has_files is false then); for a table that is gone another is prepared. */
extern void r2d_resume(R2dLeader *leader);

/* The owner's options, after checking again that he may use the warehouse. */
extern void r2d_leader_load_options(R2dLeader *leader);

/* The session with the warehouse: the one that is open, or else a new one. Throws when there is
 * none to be had. It is needed until the UNLOAD has ended, and must not stay open for hours of
 * loading. */
extern R2dRedshift *r2d_leader_session(R2dLeader *leader);

/* A session that can be asked: the same, or one more while that waits for an UNLOAD. */
extern R2dRedshift *r2d_leader_asking_session(R2dLeader *leader);

/* Closes both; harmless when there are none. */
extern void r2d_leader_sessions_end(R2dLeader *leader);

/* Stores the plan. The files of an UNLOAD with another plan are forgotten, and those of the same
 * plan, if any are known, are loaded from the start. */
extern void r2d_prepare(R2dLeader *leader);

/* Gives the columns of the table's key their roles; throws when one cannot have it. For a table
 * that does not exist those of the job's key: false then, *table has no id, and nothing is created.
 */
extern bool r2d_fit_table(R2dLeader *leader, R2dTable *table);

/* Creates the table of the plan, unless it was there: needs the files of the UNLOAD. One that was
 * created by somebody else meanwhile must have the key of the plan. */
extern void r2d_make_table(R2dLeader *leader);

/* Throws: a job that may not create its table finds none. */
pg_noreturn extern void r2d_refuse_missing_table(const R2dJob *job);

/* Runs an UNLOAD, or finds one that an earlier leader sent; stores its files. */
extern void r2d_unload(R2dLeader *leader);

/* Finds out how the UNLOAD below stage_prefix ended that no session of ours waits for any more, and
 * waits for that. True when its result is there: *rows is its count, -1 when nobody tells. False
 * when it failed, or nothing is known of it. Throws when the warehouse cannot be reached. */
extern bool r2d_unload_follow(R2dLeader *leader, int64 *rows);
/* Reads the manifest below stage_prefix into *text: R2D_OK, or R2D_END when there is none. */
extern R2dStatus r2d_unload_manifest_text(R2dLeader *leader, R2dBytes *text);

/* Returns when every file is settled or one failed for a reason that stops the job. */
extern void r2d_loading(R2dLeader *leader);

/* Stops the loaders and waits for them; harmless when there are none. */
extern void r2d_loading_end(R2dLeader *leader);

/* Every file is settled: succeeded, or failed when the ledger says so. */
extern void r2d_finish(R2dLeader *leader);

/* The job ended with this error: canceled when somebody asked for that, else failed with it. Stops
 * loaders, ignores SIGINT from then on. Throws only when the catalog fails again and again. */
extern void r2d_settle_error(R2dLeader *leader, const ErrorData *error);

#endif
