-- Keys that could never be led, and jobs of a copy. Nothing here reaches a network.
CREATE EXTENSION rs2ddb;
CREATE ROLE regress_rs2ddb_super SUPERUSER;
SET ROLE regress_rs2ddb_super;
CREATE SERVER one FOREIGN DATA WRAPPER rs2ddb OPTIONS (host '127.0.0.1', port '1', dbname 'dev',
    region 'us-east-1', stage 's3://bucket/', iam_role 'arn:aws:iam::123456789012:role/unload');
CREATE USER MAPPING FOR CURRENT_USER SERVER one OPTIONS (user 'etl', password 'secret',
    aws_access_key_id 'AKIDEXAMPLE', aws_secret_access_key 'secret');

-- a key is one or two names
SELECT rs2ddb_export('SELECT 1 AS id', 'items', key => ARRAY[NULL]::text[]);
SELECT rs2ddb_export('SELECT 1 AS id', 'items', key => '{}');
SELECT rs2ddb_export('SELECT 1 AS id', 'items', key => '{a,b,c}');
SELECT rs2ddb_export('SELECT 1 AS id', 'items', key => '{{a,b}}');
SELECT count(*) AS jobs FROM rs2ddb.job;

-- a job of another database: its wait would never end, its cancel ends it here only
INSERT INTO rs2ddb.job (state, owner, server, query, table_name, mode, max_rejects, keep_files,
    stage_prefix, system_identifier, database_oid, owner_oid)
VALUES ('loading', CURRENT_USER, 'one', 'SELECT 1', 'items', 'put', 0, false, 's3://bucket/x/', 1, 1, 0)
RETURNING job_id \gset
SELECT rs2ddb_wait(:job_id);
SELECT rs2ddb_cancel(:job_id);
SELECT state, stage_prefix FROM rs2ddb.job WHERE job_id = :job_id;
SELECT state FROM rs2ddb_wait(:job_id);

DROP EXTENSION rs2ddb CASCADE;
RESET ROLE;
DROP ROLE regress_rs2ddb_super;
