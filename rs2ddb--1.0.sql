\echo Use "CREATE EXTENSION rs2ddb" to load this file. \quit

-- Tables and views live in the schema rs2ddb; functions in the schema the extension is created in.
CREATE SCHEMA rs2ddb;
COMMENT ON SCHEMA rs2ddb IS 'exports of rs2ddb: jobs, their files, rejects, events and progress';

-- ---------------------------------------------------------------------------------------------
-- Jobs
-- ---------------------------------------------------------------------------------------------

CREATE TABLE rs2ddb.job (
    job_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state             text NOT NULL DEFAULT 'queued' CHECK (state IN (
                          'queued', 'preparing', 'unloading', 'loading', 'finishing',
                          'succeeded', 'failed', 'canceled')),
    table_name        text NOT NULL,
    rows_unloaded     bigint,
    unload_rows       bigint,
    items_written     bigint NOT NULL DEFAULT 0,
    rows_collapsed    bigint NOT NULL DEFAULT 0,
    rows_rejected     bigint NOT NULL DEFAULT 0,
    write_units       double precision NOT NULL DEFAULT 0,
    error_message     text,
    error_detail      text,
    error_hint        text,
    error_sqlstate    text,
    error_position    integer,
    error_code        text,
    error_request_id  text,
    created_at        timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_at        timestamptz,
    unload_started_at timestamptz,
    unload_finished_at timestamptz,
    loading_at        timestamptz,
    finished_at       timestamptz,
    owner             name NOT NULL,
    owner_oid         oid NOT NULL,
    server            name NOT NULL,
    query             text NOT NULL,
    key               text[],
    mode              text NOT NULL CHECK (mode IN ('put', 'delete')),
    attributes        jsonb,
    workers           integer CHECK (workers > 0),
    max_wcu           integer CHECK (max_wcu > 0),
    max_rejects       bigint NOT NULL CHECK (max_rejects >= 0),
    keep_files        boolean NOT NULL,
    cancel_requested  boolean NOT NULL DEFAULT false,
    cancel_requested_by name,
    attempt           integer NOT NULL DEFAULT 0,
    stage_prefix      text,
    unload_pid        integer,
    leader_pid        integer,
    table_created     boolean NOT NULL DEFAULT false,
    table_id          text,
    plan              jsonb,
    system_identifier bigint NOT NULL,
    database_oid      oid NOT NULL,
    rejects_stored    bigint NOT NULL DEFAULT 0,
    server_oid        oid
);
CREATE INDEX job_active ON rs2ddb.job (job_id)
    WHERE state NOT IN ('succeeded', 'failed', 'canceled');
CREATE INDEX job_settled ON rs2ddb.job (finished_at);

COMMENT ON TABLE rs2ddb.job IS 'one export: what was asked, where it stands, its ledger, its error';
COMMENT ON COLUMN rs2ddb.job.job_id IS 'what rs2ddb_export returned';
COMMENT ON COLUMN rs2ddb.job.state IS 'queued > preparing > unloading > loading > finishing > succeeded, failed or canceled';
COMMENT ON COLUMN rs2ddb.job.table_name IS 'the DynamoDB table';
COMMENT ON COLUMN rs2ddb.job.rows_unloaded IS 'rows that UNLOAD wrote, as its manifest and the warehouse say; NULL until it has finished, and when neither says it';
COMMENT ON COLUMN rs2ddb.job.unload_rows IS 'rows that the last UNLOAD had written when the warehouse was last asked, about every ten seconds while it ran; NULL: not told';
COMMENT ON COLUMN rs2ddb.job.items_written IS 'rows whose write DynamoDB acknowledged; kept up to date when files and the job settle (rs2ddb.progress shows it live)';
COMMENT ON COLUMN rs2ddb.job.rows_collapsed IS 'rows superseded by a later row of their file with the same key';
COMMENT ON COLUMN rs2ddb.job.rows_rejected IS 'rows that DynamoDB cannot take, all of them; in a job that failed also those beyond the checkpoints that are stored';
COMMENT ON COLUMN rs2ddb.job.write_units IS 'write capacity units that DynamoDB said it consumed, indexes included';
COMMENT ON COLUMN rs2ddb.job.error_message IS 'why the job failed';
COMMENT ON COLUMN rs2ddb.job.error_detail IS 'what Redshift or AWS said about it';
COMMENT ON COLUMN rs2ddb.job.error_hint IS 'what to do about it';
COMMENT ON COLUMN rs2ddb.job.error_sqlstate IS 'SQLSTATE of the error (Redshift''s own where Redshift refused)';
COMMENT ON COLUMN rs2ddb.job.error_position IS 'position of the error in the query, in characters from 1';
COMMENT ON COLUMN rs2ddb.job.error_code IS 'error code of AWS';
COMMENT ON COLUMN rs2ddb.job.error_request_id IS 'request id of AWS, for its support';
COMMENT ON COLUMN rs2ddb.job.created_at IS 'when rs2ddb_export was called';
COMMENT ON COLUMN rs2ddb.job.started_at IS 'when a worker took the job for the first time';
COMMENT ON COLUMN rs2ddb.job.unload_started_at IS 'when the last UNLOAD was sent';
COMMENT ON COLUMN rs2ddb.job.unload_finished_at IS 'when the files of the last UNLOAD were known; NULL while there are none to load from';
COMMENT ON COLUMN rs2ddb.job.loading_at IS 'when the files were known and loading began';
COMMENT ON COLUMN rs2ddb.job.finished_at IS 'when the job settled';
COMMENT ON COLUMN rs2ddb.job.owner IS 'the role that called rs2ddb_export, as it was called then';
COMMENT ON COLUMN rs2ddb.job.owner_oid IS 'its oid: its user mapping is used, and the job is its own under any name';
COMMENT ON COLUMN rs2ddb.job.server IS 'the warehouse, as it was called then: a server of the foreign data wrapper rs2ddb';
COMMENT ON COLUMN rs2ddb.job.query IS 'the query, as it was typed';
COMMENT ON COLUMN rs2ddb.job.key IS 'partition key and sort key as given; NULL: those of the existing table';
COMMENT ON COLUMN rs2ddb.job.mode IS 'put: write items; delete: delete the items with these keys';
COMMENT ON COLUMN rs2ddb.job.attributes IS 'per column: attribute name and null rule';
COMMENT ON COLUMN rs2ddb.job.workers IS 'loaders wanted; NULL: as many as rs2ddb.max_workers allows';
COMMENT ON COLUMN rs2ddb.job.max_wcu IS 'bound of the write rate, units per second; NULL: what the table takes. Jobs with a bound that load into one table at once share the smallest';
COMMENT ON COLUMN rs2ddb.job.max_rejects IS 'rejects that are tolerated';
COMMENT ON COLUMN rs2ddb.job.keep_files IS 'keep the staging files after success';
COMMENT ON COLUMN rs2ddb.job.cancel_requested IS 'rs2ddb_cancel was called';
COMMENT ON COLUMN rs2ddb.job.cancel_requested_by IS 'the role that called it first (its current_user), as it was called then';
COMMENT ON COLUMN rs2ddb.job.attempt IS 'number of the last UNLOAD of this job';
COMMENT ON COLUMN rs2ddb.job.stage_prefix IS 'where the last UNLOAD wrote; NULL when nobody goes on with what it wrote: it is deleted, or listed in rs2ddb.leftover';
COMMENT ON COLUMN rs2ddb.job.unload_pid IS 'Redshift''s process id of the session that runs the UNLOAD, until that has been seen to end';
COMMENT ON COLUMN rs2ddb.job.leader_pid IS 'process id of the worker that runs the job';
COMMENT ON COLUMN rs2ddb.job.table_created IS 'the DynamoDB table was created by this job';
COMMENT ON COLUMN rs2ddb.job.table_id IS 'DynamoDB''s own id of the table: another table of that name is loaded from the start';
COMMENT ON COLUMN rs2ddb.job.plan IS 'column to attribute mapping that the loaders follow';
COMMENT ON COLUMN rs2ddb.job.system_identifier IS 'the PostgreSQL system the job belongs to: a copy elsewhere never runs it';
COMMENT ON COLUMN rs2ddb.job.database_oid IS 'the database the job belongs to: a copy of the database never runs it';
COMMENT ON COLUMN rs2ddb.job.rejects_stored IS 'rejects that are kept in rs2ddb.reject: the first ones, at most rs2ddb.max_stored_rejects; kept up to date as rows_rejected is';
COMMENT ON COLUMN rs2ddb.job.server_oid IS 'oid of the server: it counts, under any name, while the server exists and the job belongs to this system and database; else the name does';

-- ---------------------------------------------------------------------------------------------
-- Files
-- ---------------------------------------------------------------------------------------------

CREATE TABLE rs2ddb.file (
    job_id           bigint NOT NULL REFERENCES rs2ddb.job ON DELETE CASCADE,
    file_no          integer NOT NULL,
    url              text NOT NULL,
    state            text NOT NULL DEFAULT 'pending'
                     CHECK (state IN ('pending', 'running', 'done', 'failed')),
    size_bytes       bigint,
    rows_promised    bigint,
    rows_read        bigint NOT NULL DEFAULT 0,
    items_written    bigint NOT NULL DEFAULT 0,
    rows_collapsed   bigint NOT NULL DEFAULT 0,
    rows_rejected    bigint NOT NULL DEFAULT 0,
    checkpoint       bigint NOT NULL DEFAULT 0,
    bytes_read       bigint NOT NULL DEFAULT 0,
    write_units      double precision NOT NULL DEFAULT 0,
    writes_throttled bigint NOT NULL DEFAULT 0,
    rows_per_s       double precision,
    units_per_s      double precision,
    throttled_share  double precision,
    tries            integer NOT NULL DEFAULT 0,
    loader_pid       integer,
    started_at       timestamptz,
    progress_at      timestamptz,
    finished_at      timestamptz,
    error_message    text,
    error_detail     text,
    error_hint       text,
    error_sqlstate   text,
    error_code       text,
    error_request_id text,
    rejects_stored   bigint NOT NULL DEFAULT 0,
    late_until       timestamptz,
    PRIMARY KEY (job_id, file_no)
);
CREATE INDEX file_open ON rs2ddb.file (job_id, state, file_no) WHERE state <> 'done';

COMMENT ON TABLE rs2ddb.file IS 'one S3 object of a job, with its part of the ledger: rows_promised = items_written + rows_collapsed + rows_rejected when it is done';
COMMENT ON COLUMN rs2ddb.file.job_id IS 'the job';
COMMENT ON COLUMN rs2ddb.file.file_no IS 'position in the manifest, from 1';
COMMENT ON COLUMN rs2ddb.file.url IS 's3://bucket/key';
COMMENT ON COLUMN rs2ddb.file.state IS 'pending > running > done or failed; a lost loader''s file goes back to pending';
COMMENT ON COLUMN rs2ddb.file.size_bytes IS 'size as the manifest says';
COMMENT ON COLUMN rs2ddb.file.rows_promised IS 'rows as the manifest says';
COMMENT ON COLUMN rs2ddb.file.rows_read IS 'rows read so far';
COMMENT ON COLUMN rs2ddb.file.items_written IS 'rows up to the checkpoint whose write DynamoDB acknowledged';
COMMENT ON COLUMN rs2ddb.file.rows_collapsed IS 'rows up to the checkpoint superseded by a later row with the same key';
COMMENT ON COLUMN rs2ddb.file.rows_rejected IS 'rows up to the checkpoint that were rejected';
COMMENT ON COLUMN rs2ddb.file.checkpoint IS 'every row up to this number is settled; going on starts behind it';
COMMENT ON COLUMN rs2ddb.file.bytes_read IS 'compressed bytes received from S3 by the present loader';
COMMENT ON COLUMN rs2ddb.file.write_units IS 'write capacity units consumed, all tries together';
COMMENT ON COLUMN rs2ddb.file.writes_throttled IS 'writes that DynamoDB sent back, all tries together';
COMMENT ON COLUMN rs2ddb.file.rows_per_s IS 'rows settled per second, over the last seconds';
COMMENT ON COLUMN rs2ddb.file.units_per_s IS 'write units consumed per second, over the last seconds';
COMMENT ON COLUMN rs2ddb.file.throttled_share IS 'share of the writes that came back, over the last seconds';
COMMENT ON COLUMN rs2ddb.file.tries IS 'how often a loader has taken the file';
COMMENT ON COLUMN rs2ddb.file.loader_pid IS 'process id of the worker that loads it';
COMMENT ON COLUMN rs2ddb.file.started_at IS 'when a loader took it for the first time';
COMMENT ON COLUMN rs2ddb.file.progress_at IS 'when its loader last committed progress';
COMMENT ON COLUMN rs2ddb.file.finished_at IS 'when it was done or failed';
COMMENT ON COLUMN rs2ddb.file.error_message IS 'why it failed';
COMMENT ON COLUMN rs2ddb.file.error_detail IS 'what AWS said about it';
COMMENT ON COLUMN rs2ddb.file.error_hint IS 'what to do about it';
COMMENT ON COLUMN rs2ddb.file.error_sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN rs2ddb.file.error_code IS 'error code of AWS';
COMMENT ON COLUMN rs2ddb.file.error_request_id IS 'request id of AWS';
COMMENT ON COLUMN rs2ddb.file.rejects_stored IS 'its rejects that are kept in rs2ddb.reject, those beyond the checkpoint included';
COMMENT ON COLUMN rs2ddb.file.late_until IS 'until then a request that nobody answered, with a row up to the checkpoint, may still be applied: the next loader writes nothing before';

-- ---------------------------------------------------------------------------------------------
-- Rejects and events
-- ---------------------------------------------------------------------------------------------

CREATE TABLE rs2ddb.reject (
    job_id      bigint NOT NULL REFERENCES rs2ddb.job ON DELETE CASCADE,
    file_no     integer NOT NULL,
    row_number  bigint NOT NULL,
    key         text,
    code        text NOT NULL,
    reason      text NOT NULL,
    key_bytes   bytea,
    item        bytea,
    rejected_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (job_id, file_no, row_number)
);
COMMENT ON TABLE rs2ddb.reject IS 'one row that was not written, and why; of a job at most rs2ddb.max_stored_rejects are kept';
COMMENT ON COLUMN rs2ddb.reject.job_id IS 'the job';
COMMENT ON COLUMN rs2ddb.reject.file_no IS 'the file, as in rs2ddb.file';
COMMENT ON COLUMN rs2ddb.reject.row_number IS 'the row of the file, from 1';
COMMENT ON COLUMN rs2ddb.reject.key IS 'its key as JSON; NULL when the database cannot hold that text (see key_bytes)';
COMMENT ON COLUMN rs2ddb.reject.code IS 'short name of the reason: key_null, key_empty, item_size, number_range, ...';
COMMENT ON COLUMN rs2ddb.reject.reason IS 'the reason in words';
COMMENT ON COLUMN rs2ddb.reject.key_bytes IS 'its key as JSON in UTF-8';
COMMENT ON COLUMN rs2ddb.reject.item IS 'the row as it stood in the file (at most 64 kB of it)';
COMMENT ON COLUMN rs2ddb.reject.rejected_at IS 'when';

CREATE TABLE rs2ddb.event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id   bigint NOT NULL REFERENCES rs2ddb.job ON DELETE CASCADE,
    at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    state    text NOT NULL,
    message  text
);
CREATE INDEX event_job ON rs2ddb.event (job_id, event_id);
COMMENT ON TABLE rs2ddb.event IS 'one move of a job or change of its rate, in order; each is also NOTIFY rs2ddb with {"job":id,"event":id,"state":"..."}';
COMMENT ON COLUMN rs2ddb.event.event_id IS 'rises with every event in this database';
COMMENT ON COLUMN rs2ddb.event.job_id IS 'the job';
COMMENT ON COLUMN rs2ddb.event.at IS 'when';
COMMENT ON COLUMN rs2ddb.event.state IS 'the state the job moved to, or is in';
COMMENT ON COLUMN rs2ddb.event.message IS 'what happened, and which role asked for it';

-- ---------------------------------------------------------------------------------------------
-- Files on S3 that nobody goes on with
-- ---------------------------------------------------------------------------------------------

CREATE TABLE rs2ddb.leftover (
    owner             name NOT NULL,
    owner_oid         oid NOT NULL,
    server            name NOT NULL,
    server_oid        oid,
    bucket            text NOT NULL,
    prefix            text NOT NULL CHECK (prefix LIKE '%_/'),
    job               bigint NOT NULL,
    statement_id      text,
    files             bigint,
    bytes             bigint,
    system_identifier bigint NOT NULL,
    database_oid      oid NOT NULL,
    since             timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    next_try          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_error        text,
    PRIMARY KEY (bucket, prefix)
);
COMMENT ON TABLE rs2ddb.leftover IS
'one prefix on S3 below which an UNLOAD has left files that nobody goes on with. A row comes when a job is canceled, when files could not be deleted, and when the row of a job is deleted, by hand or by age (rs2ddb.history_retention), whose files were kept so that it could be resumed. Leaders that end delete the files with the keys of the owner''s user mapping, at most two prefixes each and only while no job waits, and then the row. What fails is tried again after a minute, and less and less often up to once an hour. A superuser may delete a row to give up: the files stay then.';
COMMENT ON COLUMN rs2ddb.leftover.owner IS 'the role that called rs2ddb_export, as it was called then';
COMMENT ON COLUMN rs2ddb.leftover.owner_oid IS 'its oid: its user mapping is used';
COMMENT ON COLUMN rs2ddb.leftover.server IS 'the warehouse, as it was called when the job was queued';
COMMENT ON COLUMN rs2ddb.leftover.server_oid IS 'its oid, which counts while it exists; else the name does';
COMMENT ON COLUMN rs2ddb.leftover.bucket IS 'the bucket';
COMMENT ON COLUMN rs2ddb.leftover.prefix IS 'all objects whose keys begin with this are deleted; one UNLOAD alone has written there';
COMMENT ON COLUMN rs2ddb.leftover.job IS 'the job that left it; its row may be gone';
COMMENT ON COLUMN rs2ddb.leftover.statement_id IS 'Redshift''s process id of the session of the UNLOAD, when that may still write there: it is looked for and stopped first';
COMMENT ON COLUMN rs2ddb.leftover.files IS 'files that the manifest named; NULL: not known';
COMMENT ON COLUMN rs2ddb.leftover.bytes IS 'their size; NULL: not known';
COMMENT ON COLUMN rs2ddb.leftover.system_identifier IS 'the PostgreSQL system the job belonged to: a copy elsewhere deletes nothing';
COMMENT ON COLUMN rs2ddb.leftover.database_oid IS 'the database the job belonged to: a copy of the database deletes nothing';
COMMENT ON COLUMN rs2ddb.leftover.since IS 'when it was given up';
COMMENT ON COLUMN rs2ddb.leftover.next_try IS 'the first leader that ends after this tries to delete it';
COMMENT ON COLUMN rs2ddb.leftover.last_error IS 'why that has failed last; NULL: not tried yet, or not known';

-- Whoever deletes the row of a job, the files that it leaves are not forgotten.
CREATE FUNCTION rs2ddb.keep_prefix() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'rs2ddb_keep_prefix';
COMMENT ON FUNCTION rs2ddb.keep_prefix() IS 'moves the stage prefix of a job that is deleted to rs2ddb.leftover';
CREATE TRIGGER keep_prefix BEFORE DELETE ON rs2ddb.job
    FOR EACH ROW EXECUTE FUNCTION rs2ddb.keep_prefix();
COMMENT ON TRIGGER keep_prefix ON rs2ddb.job IS 'not for jobs that have succeeded, nor for those of another system or database';

-- ---------------------------------------------------------------------------------------------
-- Progress
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION rs2ddb.is_copy(system_identifier bigint, database_oid oid) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rs2ddb_is_copy';
COMMENT ON FUNCTION rs2ddb.is_copy(bigint, oid) IS 'whether a job belongs to another PostgreSQL system or database than this one';

CREATE FUNCTION rs2ddb.is_led(job_id bigint, leader_pid integer) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rs2ddb_is_led';
COMMENT ON FUNCTION rs2ddb.is_led(bigint, integer) IS 'whether the leader of an unsettled job is alive; NULL where nobody can tell: on a standby, and when the job is not as it is shown any more';

CREATE VIEW rs2ddb.progress WITH (security_invoker = true) AS
SELECT j.job_id,
       CASE WHEN w.copy THEN 'copy'
            WHEN NOT w.led THEN 'interrupted'
            ELSE j.state
       END AS state,
       j.table_name,
       CASE WHEN j.state OPERATOR(pg_catalog.=) 'succeeded' THEN 100.0
            WHEN j.rows_unloaded OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.trunc(100.0 OPERATOR(pg_catalog.*) f.settled
                                  OPERATOR(pg_catalog./) j.rows_unloaded, 1)
       END AS percent,
       j.rows_unloaded,
       f.items_written,
       f.rows_collapsed,
       f.rows_rejected,
       CASE WHEN w.led THEN pg_catalog.round(f.rows_per_s) END AS rows_per_s,
       CASE WHEN w.led THEN pg_catalog.round(f.units_per_s) END AS units_per_s,
       CASE WHEN w.led THEN pg_catalog.round(f.throttled_share::numeric, 3) END AS throttled_share,
       -- not beyond ten years: a job that hardly moves has no end that could be told
       CASE WHEN w.led AND j.state OPERATOR(pg_catalog.=) 'loading' AND f.rows_per_s OPERATOR(pg_catalog.>) 0
                 AND (j.rows_unloaded OPERATOR(pg_catalog.-) f.settled)::double precision
                     OPERATOR(pg_catalog.<) (f.rows_per_s::double precision OPERATOR(pg_catalog.*) 3.2e8)
            THEN pg_catalog.make_interval(secs => pg_catalog.ceil(
                     (j.rows_unloaded OPERATOR(pg_catalog.-) f.settled)::double precision
                     OPERATOR(pg_catalog./) f.rows_per_s::double precision))
       END AS time_left,
       pg_catalog.date_trunc('second', COALESCE(j.finished_at, pg_catalog.clock_timestamp())
                             OPERATOR(pg_catalog.-) j.created_at) AS elapsed,
       f.files_done,
       f.files,
       f.write_units,
       j.error_message,
       GREATEST(j.created_at, j.started_at, j.unload_started_at, j.loading_at, f.progress_at,
                j.finished_at) AS progress_at
FROM rs2ddb.job j
CROSS JOIN LATERAL (
    SELECT j.finished_at IS NULL AND rs2ddb.is_copy(j.system_identifier, j.database_oid) AS copy,
           CASE WHEN j.state OPERATOR(pg_catalog.=) ANY (ARRAY['preparing', 'unloading', 'loading', 'finishing'])
                     AND NOT rs2ddb.is_copy(j.system_identifier, j.database_oid)
                THEN rs2ddb.is_led(j.job_id, j.leader_pid)
           END AS led
) w
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS files,
           pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 'done') AS files_done,
           COALESCE(pg_catalog.sum(items_written), 0)::bigint AS items_written,
           COALESCE(pg_catalog.sum(rows_collapsed), 0)::bigint AS rows_collapsed,
           COALESCE(pg_catalog.sum(rows_rejected), 0)::bigint AS rows_rejected,
           COALESCE(pg_catalog.sum(checkpoint), 0)::numeric AS settled,
           COALESCE(pg_catalog.sum(write_units), 0) AS write_units,
           pg_catalog.max(progress_at) AS progress_at,
           pg_catalog.sum(rows_per_s) FILTER (WHERE state OPERATOR(pg_catalog.=) 'running') AS rows_per_s,
           pg_catalog.sum(units_per_s) FILTER (WHERE state OPERATOR(pg_catalog.=) 'running') AS units_per_s,
           pg_catalog.avg(throttled_share) FILTER (WHERE state OPERATOR(pg_catalog.=) 'running') AS throttled_share
    FROM rs2ddb.file
    WHERE file.job_id OPERATOR(pg_catalog.=) j.job_id
) f
WHERE j.finished_at IS NULL
   OR j.finished_at OPERATOR(pg_catalog.>) (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) interval '1 hour')
ORDER BY j.job_id;

COMMENT ON VIEW rs2ddb.progress IS 'unsettled jobs and those that settled within the last hour';
COMMENT ON COLUMN rs2ddb.progress.job_id IS 'the job';
COMMENT ON COLUMN rs2ddb.progress.state IS 'where it stands; interrupted: its leader is gone, the next call or the launcher goes on with it; copy: unsettled, of another system or database, it does not run here';
COMMENT ON COLUMN rs2ddb.progress.table_name IS 'the DynamoDB table';
COMMENT ON COLUMN rs2ddb.progress.percent IS 'share of the unloaded rows that are settled';
COMMENT ON COLUMN rs2ddb.progress.rows_unloaded IS 'rows that UNLOAD wrote';
COMMENT ON COLUMN rs2ddb.progress.items_written IS 'rows whose write DynamoDB acknowledged';
COMMENT ON COLUMN rs2ddb.progress.rows_collapsed IS 'rows superseded by a later row with the same key';
COMMENT ON COLUMN rs2ddb.progress.rows_rejected IS 'rows rejected';
COMMENT ON COLUMN rs2ddb.progress.rows_per_s IS 'rows settled per second, over the last seconds; NULL while nobody works on the job';
COMMENT ON COLUMN rs2ddb.progress.units_per_s IS 'write units consumed per second, over the last seconds; NULL while nobody works on the job';
COMMENT ON COLUMN rs2ddb.progress.throttled_share IS 'share of the writes that came back, over the last seconds; NULL while nobody works on the job';
COMMENT ON COLUMN rs2ddb.progress.time_left IS 'time left at this rate; NULL while nobody works on the job';
COMMENT ON COLUMN rs2ddb.progress.elapsed IS 'time since rs2ddb_export was called';
COMMENT ON COLUMN rs2ddb.progress.files_done IS 'files done';
COMMENT ON COLUMN rs2ddb.progress.files IS 'files in all';
COMMENT ON COLUMN rs2ddb.progress.write_units IS 'write units consumed so far';
COMMENT ON COLUMN rs2ddb.progress.error_message IS 'why it failed';
COMMENT ON COLUMN rs2ddb.progress.progress_at IS 'when it last got on: the job was queued, taken, unloaded, loaded or settled, or one of its files made progress';

-- ---------------------------------------------------------------------------------------------
-- Who sees what: an owner his own jobs; superusers and pg_read_all_stats all of them.
-- Nobody writes: the functions do, as the owner of these tables.
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION rs2ddb.is_owner(owner name, owner_oid oid, system_identifier bigint) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rs2ddb_is_owner';
COMMENT ON FUNCTION rs2ddb.is_owner(name, oid, bigint) IS 'whether a job is the current user''s: by oid, on another system than the job''s by name';

ALTER TABLE rs2ddb.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE rs2ddb.file ENABLE ROW LEVEL SECURITY;
ALTER TABLE rs2ddb.reject ENABLE ROW LEVEL SECURITY;
ALTER TABLE rs2ddb.event ENABLE ROW LEVEL SECURITY;
ALTER TABLE rs2ddb.leftover ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_jobs ON rs2ddb.job FOR SELECT USING (
    rs2ddb.is_owner(owner, owner_oid, system_identifier)
    OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));
CREATE POLICY own_files ON rs2ddb.file FOR SELECT USING (
    EXISTS (SELECT 1 FROM rs2ddb.job WHERE job.job_id OPERATOR(pg_catalog.=) file.job_id));
CREATE POLICY own_rejects ON rs2ddb.reject FOR SELECT USING (
    EXISTS (SELECT 1 FROM rs2ddb.job WHERE job.job_id OPERATOR(pg_catalog.=) reject.job_id));
CREATE POLICY own_events ON rs2ddb.event FOR SELECT USING (
    EXISTS (SELECT 1 FROM rs2ddb.job WHERE job.job_id OPERATOR(pg_catalog.=) event.job_id));
CREATE POLICY own_leftovers ON rs2ddb.leftover FOR SELECT USING (
    rs2ddb.is_owner(owner, owner_oid, system_identifier)
    OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));

COMMENT ON POLICY own_jobs ON rs2ddb.job IS 'owners see their own jobs, pg_read_all_stats all';
COMMENT ON POLICY own_files ON rs2ddb.file IS 'the files of the jobs that one sees';
COMMENT ON POLICY own_rejects ON rs2ddb.reject IS 'the rejects of the jobs that one sees';
COMMENT ON POLICY own_events ON rs2ddb.event IS 'the events of the jobs that one sees';
COMMENT ON POLICY own_leftovers ON rs2ddb.leftover IS 'what the jobs of an owner left; pg_read_all_stats sees all';
COMMENT ON SEQUENCE rs2ddb.job_job_id_seq IS 'numbers the jobs';
COMMENT ON SEQUENCE rs2ddb.event_event_id_seq IS 'numbers the events';
COMMENT ON INDEX rs2ddb.job_active IS 'jobs that are not settled';
COMMENT ON INDEX rs2ddb.job_settled IS 'jobs that are settled, by age';
COMMENT ON INDEX rs2ddb.file_open IS 'files that are not done';
COMMENT ON INDEX rs2ddb.event_job IS 'events of a job in order';

-- Default privileges of whoever installs must not open what is closed here.
REVOKE ALL ON SCHEMA rs2ddb FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA rs2ddb FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA rs2ddb FROM PUBLIC;
GRANT USAGE ON SCHEMA rs2ddb TO PUBLIC;
GRANT SELECT ON rs2ddb.job, rs2ddb.file, rs2ddb.reject, rs2ddb.event, rs2ddb.leftover, rs2ddb.progress TO PUBLIC;
REVOKE ALL ON FUNCTION rs2ddb.keep_prefix FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rs2ddb.is_owner TO PUBLIC; -- row security calls it as whoever reads
GRANT EXECUTE ON FUNCTION rs2ddb.is_copy, rs2ddb.is_led TO PUBLIC; -- so does rs2ddb.progress

SELECT pg_catalog.pg_extension_config_dump('rs2ddb.job', '');
SELECT pg_catalog.pg_extension_config_dump('rs2ddb.file', '');
SELECT pg_catalog.pg_extension_config_dump('rs2ddb.reject', '');
SELECT pg_catalog.pg_extension_config_dump('rs2ddb.event', '');
SELECT pg_catalog.pg_extension_config_dump('rs2ddb.leftover', '');
SELECT pg_catalog.pg_extension_config_dump('rs2ddb.job_job_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rs2ddb.event_event_id_seq', '');

-- ---------------------------------------------------------------------------------------------
-- The foreign data wrapper: only a store for endpoints, grants and secrets
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION rs2ddb_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rs2ddb_validator(text[], oid) IS 'checks the options of servers and user mappings';

CREATE FOREIGN DATA WRAPPER rs2ddb VALIDATOR rs2ddb_validator;
COMMENT ON FOREIGN DATA WRAPPER rs2ddb IS 'Redshift warehouses that rs2ddb exports from: CREATE SERVER names one, CREATE USER MAPPING holds its secrets';

-- ---------------------------------------------------------------------------------------------
-- Functions
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION rs2ddb_export(
    query       text,
    table_name  text,
    server      name    DEFAULT NULL,
    key         text[]  DEFAULT NULL,
    mode        text    DEFAULT 'put',
    attributes  jsonb   DEFAULT NULL,
    workers     integer DEFAULT NULL,
    max_wcu     integer DEFAULT NULL,
    max_rejects bigint  DEFAULT 0,
    keep_files  boolean DEFAULT false
) RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rs2ddb_export(text, text, name, text[], text, jsonb, integer, integer, bigint, boolean) IS
'Queues an export of a Redshift query into a DynamoDB table and returns its job id at once; background workers do the rest after commit.
query: one SELECT or WITH statement for Redshift. table_name: DynamoDB table. server: warehouse (may be left out when you may use only one). key: ''{partition_key}'' or ''{partition_key,sort_key}'', an array of attribute names; the table is created on demand when it is missing, a key is given and the UNLOAD has finished (never in mode delete). mode: put or delete. attributes: {"column":{"name":"Attribute","null":"omit|write"}}. workers: loaders wanted. max_wcu: bound of the write rate in units per second. max_rejects: rejects that are tolerated. keep_files: keep the staging files after success.';

CREATE FUNCTION rs2ddb_wait(job bigint, timeout interval DEFAULT NULL)
    RETURNS rs2ddb.job LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rs2ddb_wait(bigint, interval) IS
'Waits until a job settles and returns its row. NOTICEs tell the progress: after 2 s, then every 10 s, after ten minutes every 60 s; a WARNING says why the job failed. With a timeout it returns the row as it is then. Ctrl-C ends the wait and leaves the job alone.';

CREATE FUNCTION rs2ddb_cancel(job bigint)
    RETURNS boolean LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rs2ddb_cancel(bigint) IS
'Asks a job to stop, at commit: the UNLOAD is cancelled on Redshift and its files are deleted. True when the job was still running, false when it had settled.';

CREATE FUNCTION rs2ddb_set_rate(job bigint, max_wcu integer)
    RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rs2ddb_set_rate(bigint, integer) IS
'Changes the bound of a job''s write rate, in units per second, at commit; NULL takes it away. True when the job was still running, false when it had settled.';

CREATE FUNCTION rs2ddb_resume(job bigint)
    RETURNS bigint LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rs2ddb_resume(bigint) IS
'Goes on with a failed or canceled job from where it stopped: a finished UNLOAD is not run again while its files are there, files go on at their checkpoints, and files with rejects are loaded anew. Returns the job id.';

REVOKE ALL ON FUNCTION
    rs2ddb_export(text, text, name, text[], text, jsonb, integer, integer, bigint, boolean),
    rs2ddb_wait(bigint, interval), rs2ddb_cancel(bigint), rs2ddb_resume(bigint),
    rs2ddb_set_rate(bigint, integer),
    rs2ddb_validator(text[], oid)
FROM PUBLIC;
