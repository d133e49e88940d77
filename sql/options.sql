-- Options of servers and user mappings: which exist, where they belong, who may set them.
CREATE EXTENSION rs2ddb;
\set VERBOSITY default

CREATE SERVER w FOREIGN DATA WRAPPER rs2ddb OPTIONS (
    host 'example.invalid', dbname 'dev', region 'us-west-2',
    iam_role 'arn:aws:iam::123456789012:role/unload', stage 's3://bucket/rs2ddb/');
ALTER SERVER w OPTIONS (ADD port '5439', ADD compression 'zstd', ADD sslmode 'verify-full',
    ADD stage_region 'eu-west-1', ADD dynamodb_region 'eu-west-1', ADD max_file_mb '100',
    ADD case_sensitive 'on', ADD search_path 'public', ADD query_group 'etl', ADD connect_timeout '5',
    ADD request_timeout '20');

-- an unknown name lists the valid ones
ALTER SERVER w OPTIONS (ADD hots 'x');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (pasword 'x');
ALTER FOREIGN DATA WRAPPER rs2ddb OPTIONS (ADD anything 'x');

-- secrets do not belong into a server, and the rest not into a mapping
ALTER SERVER w OPTIONS (ADD password 'secret');
ALTER SERVER w OPTIONS (ADD aws_secret_access_key 'secret');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (host 'x');

-- values are checked
ALTER SERVER w OPTIONS (SET port '54x');
ALTER SERVER w OPTIONS (SET compression 'lz4');
ALTER SERVER w OPTIONS (SET sslmode 'yes');
ALTER SERVER w OPTIONS (SET case_sensitive 'perhaps');
ALTER SERVER w OPTIONS (SET stage 'bucket/folder');
ALTER SERVER w OPTIONS (ADD s3_endpoint 'http://169.254.169.254');
ALTER SERVER w OPTIONS (ADD dynamodb_endpoint 'ftp://127.0.0.1');

-- endpoints are for superusers: they decide where credentials are sent
CREATE ROLE regress_rs2ddb_plain;
GRANT USAGE ON FOREIGN DATA WRAPPER rs2ddb TO regress_rs2ddb_plain;
SET ROLE regress_rs2ddb_plain;
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', s3_endpoint 'http://127.0.0.1:1');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', dynamodb_endpoint 'http://127.0.0.1:1');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', sslrootcert '/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x');
DROP SERVER mine;
RESET ROLE;
REVOKE USAGE ON FOREIGN DATA WRAPPER rs2ddb FROM regress_rs2ddb_plain;
DROP ROLE regress_rs2ddb_plain;

DROP EXTENSION rs2ddb CASCADE;
