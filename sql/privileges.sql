-- Who may do and see what.
CREATE EXTENSION rs2ddb;
CREATE ROLE regress_rs2ddb_alice;
CREATE ROLE regress_rs2ddb_bob NOLOGIN;
CREATE ROLE regress_rs2ddb_monitor;
GRANT pg_read_all_stats TO regress_rs2ddb_monitor;
CREATE SERVER w FOREIGN DATA WRAPPER rs2ddb OPTIONS (
    host '127.0.0.1', port '1', dbname 'dev', region 'us-east-1', sslmode 'disable',
    iam_role 'arn:aws:iam::123456789012:role/unload', stage 's3://bucket/');

-- nothing for PUBLIC
SET ROLE regress_rs2ddb_alice;
SELECT rs2ddb_export('SELECT 1 AS id', 'items');
SELECT rs2ddb_wait(1);
SELECT rs2ddb_cancel(1);
SELECT rs2ddb_resume(1);
RESET ROLE;
GRANT EXECUTE ON FUNCTION rs2ddb_export, rs2ddb_wait, rs2ddb_cancel, rs2ddb_resume TO regress_rs2ddb_alice, regress_rs2ddb_bob;

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
SELECT state, owner FROM rs2ddb_wait(:job);

-- an owner sees his own jobs, and changes nothing by hand
SELECT count(*) FROM rs2ddb.job;
SELECT count(*) > 0 AS some FROM rs2ddb.event;
UPDATE rs2ddb.job SET state = 'succeeded';
DELETE FROM rs2ddb.file;
INSERT INTO rs2ddb.event (job_id, state) VALUES (1, 'succeeded');
RESET ROLE;

-- another one sees nothing of it, in no relation and through no function
SET ROLE regress_rs2ddb_bob;
SELECT count(*) FROM rs2ddb.job;
SELECT count(*) FROM rs2ddb.event;
SELECT count(*) FROM rs2ddb.progress;
SELECT rs2ddb_wait(:job);
SELECT rs2ddb_cancel(:job);
SELECT rs2ddb_resume(:job);
RESET ROLE;

-- who monitors sees all and controls none
GRANT EXECUTE ON FUNCTION rs2ddb_cancel TO regress_rs2ddb_monitor;
SET ROLE regress_rs2ddb_monitor;
SELECT count(*) FROM rs2ddb.job;
SELECT count(*) FROM rs2ddb.progress;
SELECT rs2ddb_cancel(:job);
RESET ROLE;

-- no secret in the job
SELECT count(*) FROM rs2ddb.job j WHERE j::text ~ 'AKID';

DROP EXTENSION rs2ddb CASCADE;
DROP ROLE regress_rs2ddb_alice, regress_rs2ddb_bob, regress_rs2ddb_monitor;
