-- What a user is told. Nothing here reaches a network: port 1 of this host refuses at once.
CREATE EXTENSION rs2ddb;
CREATE ROLE regress_rs2ddb_super SUPERUSER;
SET ROLE regress_rs2ddb_super;
\set VERBOSITY default

-- no warehouse, an unknown one, more than one
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
SELECT rs2ddb_export('SELECT 1 AS id', 'items', server => 'nowhere');
CREATE SERVER one FOREIGN DATA WRAPPER rs2ddb OPTIONS (host '127.0.0.1', port '1');
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
CREATE USER MAPPING FOR CURRENT_USER SERVER one OPTIONS (password 'secret');
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
ALTER SERVER one OPTIONS (ADD dbname 'dev', ADD region 'us-east-1', ADD stage 's3://bucket/',
    ADD iam_role 'arn:aws:iam::123456789012:role/unload', ADD sslmode 'disable');
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
ALTER USER MAPPING FOR CURRENT_USER SERVER one OPTIONS (ADD user 'etl',
    ADD aws_access_key_id 'AKIDEXAMPLE', ADD aws_secret_access_key 'secret');
CREATE SERVER "Two" FOREIGN DATA WRAPPER rs2ddb;
CREATE USER MAPPING FOR PUBLIC SERVER "Two";
CREATE SERVER unmapped FOREIGN DATA WRAPPER rs2ddb;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
DROP SERVER unmapped;

-- the server of a stranger is never taken unnamed: its owner can make a mapping for anybody
DROP SERVER "Two" CASCADE;
CREATE ROLE regress_rs2ddb_mallory;
GRANT USAGE ON FOREIGN DATA WRAPPER rs2ddb TO regress_rs2ddb_mallory;
SET ROLE regress_rs2ddb_mallory;
CREATE SERVER tarpit FOREIGN DATA WRAPPER rs2ddb OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER tarpit OPTIONS (user 'x');
CREATE USER MAPPING FOR regress_rs2ddb_super SERVER tarpit OPTIONS (user 'x');
RESET ROLE;
SET ROLE regress_rs2ddb_super;
BEGIN;
SELECT rs2ddb_export('SELECT 1 AS id', 'items') > 0 AS queued;
SELECT server FROM rs2ddb.job ORDER BY job_id DESC LIMIT 1;
ROLLBACK;
DROP SERVER one CASCADE;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
-- of a role that one is a member of, it is
GRANT regress_rs2ddb_mallory TO regress_rs2ddb_super;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
DROP SERVER tarpit CASCADE;
DROP OWNED BY regress_rs2ddb_mallory;
DROP ROLE regress_rs2ddb_mallory;
CREATE SERVER one FOREIGN DATA WRAPPER rs2ddb OPTIONS (host '127.0.0.1', port '1', dbname 'dev', region 'us-east-1',
    stage 's3://bucket/', iam_role 'arn:aws:iam::123456789012:role/unload', sslmode 'disable');
CREATE USER MAPPING FOR CURRENT_USER SERVER one OPTIONS (user 'etl', password 'secret',
    aws_access_key_id 'AKIDEXAMPLE', aws_secret_access_key 'secret');

-- arguments
SELECT rs2ddb_export(NULL, 'items');
SELECT rs2ddb_export('SELECT 1 AS id', NULL);
SELECT rs2ddb_export('SELECT 1 AS id', 'no such table!');
SELECT rs2ddb_export('SELECT 1 AS id', 'items', mode => 'upsert');
SELECT rs2ddb_export('SELECT 1 AS id', 'items', workers => 0);
SELECT rs2ddb_export('SELECT 1 AS id', 'items', max_wcu => -1);
SELECT rs2ddb_export('SELECT 1 AS id', 'items', max_rejects => -1);
SELECT rs2ddb_wait(4711);
SELECT rs2ddb_cancel(4711);
SELECT rs2ddb_resume(4711);
SELECT count(*) AS jobs FROM rs2ddb.job;

-- a rolled-back caller leaves no job, in a subtransaction neither
BEGIN;
SELECT rs2ddb_export('SELECT 1 AS id', 'items') > 0 AS queued;
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT rs2ddb_export('SELECT 1 AS id', 'items') > 0 AS queued;
ROLLBACK TO s;
COMMIT;
SELECT count(*) AS jobs FROM rs2ddb.job;

-- a wait that could never end is refused
BEGIN;
SELECT rs2ddb_export('SELECT 1 AS id', 'items') AS job \gset
\set VERBOSITY terse
SELECT regexp_replace(state, '.', 'x', 'g') FROM rs2ddb_wait(:job);
ROLLBACK;
\set VERBOSITY default
BEGIN;
DO $$
DECLARE hint text;
BEGIN
    PERFORM rs2ddb_wait(rs2ddb_export('SELECT 1 AS id', 'items'));
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RAISE NOTICE 'hint: %', hint;
END $$;
ROLLBACK;

-- a warehouse that cannot be reached
SELECT rs2ddb_export('SELECT 1 AS id', 'items') AS job \gset
\set VERBOSITY terse
SELECT state, error_message, error_hint, error_sqlstate FROM rs2ddb_wait(:job);
\set VERBOSITY default
SELECT state, message FROM rs2ddb.event WHERE job_id = :job ORDER BY event_id;
SELECT state, percent, items_written FROM rs2ddb.progress WHERE job_id = :job;

-- only a query, only one, refused before anything is sent
SELECT rs2ddb_export('DELETE FROM t', 'items') AS job \gset
SELECT state, error_message, error_sqlstate, error_position FROM rs2ddb_wait(:job);
SELECT rs2ddb_export('SELECT 1; DROP TABLE t', 'items') AS job \gset
SELECT state, error_message, error_sqlstate, error_position FROM rs2ddb_wait(:job);
SELECT rs2ddb_export('SELECT (1', 'items') AS job \gset
SELECT state, error_message, error_sqlstate, error_position FROM rs2ddb_wait(:job);

-- a job that has settled can be looked at in any isolation level
SELECT rs2ddb_export('SELECT 1 AS id', 'items') AS job \gset
\set VERBOSITY terse
SELECT state FROM rs2ddb_wait(:job);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT state FROM rs2ddb_wait(:job);
COMMIT;
\set VERBOSITY default

-- progress is true: 100 percent only at the end; nobody works on a job of elsewhere
INSERT INTO rs2ddb.job (state, table_name, rows_unloaded, owner, server, query, mode, max_rejects, keep_files, attempt, system_identifier, database_oid, owner_oid)
SELECT 'loading', 'progress', 100000, CURRENT_USER, 'w', 'SELECT 1', 'put', 0, false, 1, 0, 0, 0 RETURNING job_id AS moving \gset
INSERT INTO rs2ddb.file (job_id, file_no, url, size_bytes, rows_promised, state, checkpoint, rows_per_s)
VALUES (:moving, 1, 's3://b/p/1', 1, 50000, 'done', 50000, 9), (:moving, 2, 's3://b/p/2', 1, 50000, 'running', 49980, 2);
SELECT state, percent, rows_per_s, time_left, files_done, files FROM rs2ddb.progress WHERE job_id = :moving;
BEGIN;
UPDATE rs2ddb.job SET system_identifier = s.system_identifier, database_oid = d.oid
FROM pg_control_system() s, pg_database d WHERE job_id = :moving AND datname = current_database();
SELECT state, percent, rows_per_s, time_left FROM rs2ddb.progress WHERE job_id = :moving;
ROLLBACK;
DELETE FROM rs2ddb.job WHERE job_id = :moving;

-- settled jobs
SELECT rs2ddb_cancel(:job);
RESET ROLE;
DROP EXTENSION rs2ddb CASCADE;
DROP ROLE regress_rs2ddb_super;
