-- Who may do and see what.
CREATE EXTENSION rs2ddb;
CREATE ROLE regress_rs2ddb_alice;
CREATE ROLE regress_rs2ddb_bob NOLOGIN;
CREATE ROLE regress_rs2ddb_monitor;
GRANT pg_read_all_stats TO regress_rs2ddb_monitor;

-- what PUBLIC may do with the objects of the extension, all of it
SELECT d.objid::regclass AS relation, a.privilege_type FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
CROSS JOIN LATERAL aclexplode(COALESCE(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'rs2ddb')
  AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND a.grantee = 0 ORDER BY d.objid::regclass::text, 2;
SELECT d.objid::regprocedure AS "function" FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
CROSS JOIN LATERAL aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'rs2ddb')
  AND d.classid = 'pg_proc'::regclass AND a.grantee = 0;
SELECT relname FROM pg_class WHERE relnamespace = 'rs2ddb'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity;
SELECT relname FROM pg_class WHERE relnamespace = 'rs2ddb'::regnamespace AND relkind = 'v'
  AND NOT COALESCE(reloptions @> '{security_invoker=true}', false);
SELECT a.privilege_type FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a WHERE nspname = 'rs2ddb' AND a.grantee = 0;
-- no function of the extension is SECURITY DEFINER or SQL that a search path could bend
SELECT d.objid::regprocedure AS "function", prosecdef, lanname FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
JOIN pg_language l ON l.oid = p.prolang
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'rs2ddb')
  AND d.classid = 'pg_proc'::regclass AND (prosecdef OR (lanname <> 'c' AND proconfig IS NULL));

CREATE SERVER w FOREIGN DATA WRAPPER rs2ddb OPTIONS (
    host '127.0.0.1', port '1', dbname 'dev', region 'us-east-1', sslmode 'disable',
    iam_role 'arn:aws:iam::123456789012:role/unload', stage 's3://bucket/');

-- nothing for PUBLIC
SET ROLE regress_rs2ddb_alice;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
SELECT rs2ddb_wait(1);
SELECT rs2ddb_cancel(1);
SELECT rs2ddb_resume(1);
SELECT rs2ddb_set_rate(1, 5);
RESET ROLE;
GRANT EXECUTE ON FUNCTION rs2ddb_export, rs2ddb_wait, rs2ddb_cancel, rs2ddb_resume, rs2ddb_set_rate TO regress_rs2ddb_alice, regress_rs2ddb_bob;

-- USAGE on the server decides
SET ROLE regress_rs2ddb_alice;
SELECT rs2ddb_export('SELECT 1 AS id', 'items', server => 'w');
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER w TO regress_rs2ddb_alice, regress_rs2ddb_bob;

-- his own secrets, or none
SET ROLE regress_rs2ddb_alice;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'alice');
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
ALTER USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (ADD password 'p');
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
ALTER USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (ADD aws_access_key_id 'AKID', ADD aws_secret_access_key 's');
SELECT rs2ddb_export('SELECT 1 AS id', 'items') AS job \gset
\set VERBOSITY terse
SELECT state, owner FROM rs2ddb_wait(:job);
\set VERBOSITY default

-- an owner sees his own jobs, and changes nothing by hand
SELECT count(*) FROM rs2ddb.job;
SELECT count(*) > 0 AS some FROM rs2ddb.event;
UPDATE rs2ddb.job SET state = 'succeeded';
UPDATE rs2ddb.file SET checkpoint = 1000;
DELETE FROM rs2ddb.file;
DELETE FROM rs2ddb.reject;
DELETE FROM rs2ddb.leftover;
INSERT INTO rs2ddb.job (owner, server, query, table_name, mode, max_rejects, keep_files, system_identifier, database_oid, owner_oid)
    VALUES ('postgres', 'w', 'SELECT 1', 'items', 'put', 0, false, 0, 0, 10);
INSERT INTO rs2ddb.event (job_id, state) VALUES (1, 'succeeded');
TRUNCATE rs2ddb.job CASCADE;
SELECT job_id FROM rs2ddb.job FOR UPDATE;
BEGIN;
LOCK TABLE rs2ddb.job IN SHARE MODE;
ROLLBACK;
SELECT nextval('rs2ddb.job_job_id_seq');
CREATE TABLE rs2ddb.mine (id int);
CREATE TRIGGER t AFTER UPDATE ON rs2ddb.job EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE rs2ddb.job DISABLE ROW LEVEL SECURITY;
DROP POLICY own_jobs ON rs2ddb.job;
MERGE INTO rs2ddb.job USING (SELECT 1) AS s ON true WHEN MATCHED THEN UPDATE SET state = 'succeeded';
SELECT setval('rs2ddb.event_event_id_seq', 1000);
CREATE POLICY all_jobs ON rs2ddb.job USING (true);
CREATE RULE r AS ON INSERT TO rs2ddb.event DO ALSO NOTHING;
CREATE TEMP TABLE child () INHERITS (rs2ddb.job);
GRANT UPDATE ON rs2ddb.job TO regress_rs2ddb_alice;
ALTER TABLE rs2ddb.job OWNER TO regress_rs2ddb_alice;
ALTER VIEW rs2ddb.progress RESET (security_invoker);
ALTER SCHEMA rs2ddb RENAME TO ours;
ALTER FUNCTION rs2ddb_cancel(bigint) SECURITY DEFINER;
ALTER EXTENSION rs2ddb DROP VIEW rs2ddb.progress;
DROP EXTENSION rs2ddb;
SELECT rs2ddb_validator('{}', 0);
SET rs2ddb.max_workers = 100;
SET rs2ddb.history_retention = 1;
SET rs2ddb.max_stored_rejects = 1;
-- nor in the dress of something temporary
CREATE TEMP TABLE job AS SELECT 1 AS job_id, 'queued' AS state;
CREATE TEMP VIEW pg_stat_activity AS SELECT 1 AS pid, 'rs2ddb leader' AS backend_type;
SET search_path = pg_temp, public;
\set VERBOSITY terse
SELECT rs2ddb_cancel(:job), state FROM rs2ddb_wait(:job);
\set VERBOSITY default
RESET search_path;
DROP VIEW pg_temp.pg_stat_activity;
DROP TABLE pg_temp.job;
RESET ROLE;
ANALYZE rs2ddb.job;

-- another one sees nothing of it, in no relation and through no function
SET ROLE regress_rs2ddb_bob;
SELECT count(*) FROM rs2ddb.job;
SELECT count(*) FROM rs2ddb.event;
SELECT count(*) FROM rs2ddb.progress;
SELECT count(*) FROM rs2ddb.file;
SELECT count(*) FROM rs2ddb.reject;
SELECT count(*) FROM rs2ddb.leftover;
SELECT rs2ddb_wait(:job);
SELECT rs2ddb_cancel(:job);
SELECT rs2ddb_resume(:job);
SELECT rs2ddb_set_rate(:job, 5);
-- not even by a condition that tells what it was shown, by statistics, or with row security off
CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001
    AS $$ BEGIN RAISE NOTICE 'seen: %', $1; RETURN true; END $$;
SELECT job_id FROM rs2ddb.job WHERE pg_temp.tell(query);
SELECT job_id FROM rs2ddb.progress WHERE pg_temp.tell(table_name);
SELECT job_id FROM rs2ddb.event WHERE pg_temp.tell(state);
SELECT count(*) FROM pg_stats WHERE schemaname = 'rs2ddb';
SET row_security = off;
SELECT count(*) FROM rs2ddb.job;
RESET row_security;
RESET ROLE;
-- nor by wearing his name
SET SESSION AUTHORIZATION regress_rs2ddb_bob;
SET ROLE regress_rs2ddb_alice;
RESET SESSION AUTHORIZATION;

-- who monitors sees all and controls none
GRANT EXECUTE ON FUNCTION rs2ddb_cancel TO regress_rs2ddb_monitor;
SET ROLE regress_rs2ddb_monitor;
SELECT count(*) FROM rs2ddb.job;
SELECT count(*) FROM rs2ddb.progress;
SELECT rs2ddb_cancel(:job);
RESET ROLE;

-- a job is its owner's under any name, and not for who gets the name
ALTER ROLE regress_rs2ddb_alice RENAME TO regress_rs2ddb_alicia;
CREATE ROLE regress_rs2ddb_alice;
GRANT EXECUTE ON FUNCTION rs2ddb_cancel TO regress_rs2ddb_alice;
SET ROLE regress_rs2ddb_alicia;
SELECT count(*) FROM rs2ddb.job WHERE job_id = :job;
SELECT rs2ddb_cancel(:job);
SET ROLE regress_rs2ddb_alice;
SELECT count(*) FROM rs2ddb.job WHERE job_id = :job;
SELECT rs2ddb_cancel(:job);
RESET ROLE;
-- but in a copy on another system, where its number is another role's
SELECT system_identifier AS system FROM rs2ddb.job WHERE job_id = :job \gset
UPDATE rs2ddb.job SET system_identifier = 0 WHERE job_id = :job;
SET ROLE regress_rs2ddb_alicia;
SELECT count(*) FROM rs2ddb.job WHERE job_id = :job;
SELECT rs2ddb_cancel(:job);
SET ROLE regress_rs2ddb_alice;
SELECT count(*) FROM rs2ddb.job WHERE job_id = :job;
SELECT rs2ddb_cancel(:job);
RESET ROLE;
-- a role that is not there cannot be given it: nothing changes
UPDATE rs2ddb.job SET owner = 'regress_rs2ddb_nobody' WHERE job_id = :job;
SELECT rs2ddb_resume(:job);
SELECT system_identifier, owner_oid = 'regress_rs2ddb_alicia'::regrole AS kept FROM rs2ddb.job WHERE job_id = :job;
UPDATE rs2ddb.job SET owner = 'regress_rs2ddb_alice', system_identifier = :system WHERE job_id = :job;
DROP OWNED BY regress_rs2ddb_alice;
DROP ROLE regress_rs2ddb_alice;
ALTER ROLE regress_rs2ddb_alicia RENAME TO regress_rs2ddb_alice;

-- current_user counts: who acts through a SECURITY DEFINER function acts with the rights and secrets of its owner
SET ROLE regress_rs2ddb_alice;
CREATE FUNCTION pg_temp.for_others() RETURNS bigint LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT rs2ddb_export('SELECT 1 AS id', 'items') $$;
RESET ROLE;
SET ROLE regress_rs2ddb_bob;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
SELECT pg_temp.for_others() AS other \gset
SELECT rs2ddb_cancel(:other);
SET ROLE regress_rs2ddb_alice;
\set VERBOSITY terse
SELECT state, owner FROM rs2ddb_wait(:other);
\set VERBOSITY default
RESET ROLE;
DROP FUNCTION pg_temp.for_others(), pg_temp.tell(text);

-- who takes his things away takes away his right to act, and leaves the history
DROP OWNED BY regress_rs2ddb_alice;
SET ROLE regress_rs2ddb_alice;
SELECT rs2ddb_resume(:job);
SELECT count(*) FROM rs2ddb.job;
RESET ROLE;
SELECT count(*) FROM pg_user_mappings WHERE usename = 'regress_rs2ddb_alice';

-- no secret in the job
SELECT count(*) FROM rs2ddb.job j WHERE j::text ~ 'AKID';

DROP EXTENSION rs2ddb CASCADE;
DROP ROLE regress_rs2ddb_alice, regress_rs2ddb_bob, regress_rs2ddb_monitor;
