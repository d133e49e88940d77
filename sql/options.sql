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

ALTER SERVER w OPTIONS (SET region 'us-west-2.example.com/');
ALTER SERVER w OPTIONS (SET dynamodb_region 'us west 2');
ALTER SERVER w OPTIONS (SET iam_role 'arn:aws:iam::1:role/x'' CREDENTIALS ''y');
ALTER SERVER w OPTIONS (ADD s3_endpoint 'http://name:hunter2@127.0.0.1');

-- numbers have bounds
ALTER SERVER w OPTIONS (SET port '99999');
ALTER SERVER w OPTIONS (SET port '0');
ALTER SERVER w OPTIONS (SET max_file_mb '1');
ALTER SERVER w OPTIONS (SET max_file_mb '6201');
ALTER SERVER w OPTIONS (SET connect_timeout '601');
ALTER SERVER w OPTIONS (SET connect_timeout '1987200000');
ALTER SERVER w OPTIONS (SET request_timeout '0');

-- what would only fail when a job runs
ALTER SERVER w OPTIONS (SET search_path 'a; b');
ALTER SERVER w OPTIONS (SET search_path ',');
ALTER SERVER w OPTIONS (SET search_path '"Mixed", b');
ALTER SERVER w OPTIONS (SET query_group E'etl\n');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', aws_access_key_id E'AKIA\r\n');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', aws_access_key_id 'AKIA X');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', aws_secret_access_key 'not-shown–');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', aws_session_token E'not-shown\t');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', password E'not-shown\n');

-- no sockets of this machine
ALTER SERVER w OPTIONS (SET host '/tmp');
ALTER SERVER w OPTIONS (SET host '@abstract');
ALTER SERVER w OPTIONS (SET host 'example.invalid,/var/run/postgresql');
ALTER SERVER w OPTIONS (SET host 'example.invalid,');
ALTER SERVER w OPTIONS (SET host ',');
ALTER SERVER w OPTIONS (SET host 'two words');

-- what is empty would be looked for elsewhere: in the server's environment and files
ALTER SERVER w OPTIONS (SET host '');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', password '');
CREATE USER MAPPING FOR CURRENT_USER SERVER w OPTIONS (user 'x', aws_access_key_id '');

-- link-local addresses, however they are written
ALTER SERVER w OPTIONS (SET host '169.254.169.254');
ALTER SERVER w OPTIONS (SET host 'example.invalid,2852039166');
ALTER SERVER w OPTIONS (SET host '0xa9.0376.43518');
ALTER SERVER w OPTIONS (SET host 'fd00:ec2::254');
ALTER SERVER w OPTIONS (SET host '::ffff:169.254.169.254');
ALTER SERVER w OPTIONS (SET host 'fe80::1%eth0');
ALTER SERVER w OPTIONS (ADD s3_endpoint 'http://2852039166');
ALTER SERVER w OPTIONS (ADD s3_endpoint 'http://0251.0376.0251.0376/');
ALTER SERVER w OPTIONS (ADD s3_endpoint 'http://[fd00:ec2::254]');
ALTER SERVER w OPTIONS (ADD dynamodb_endpoint 'http://[::ffff:a9fe:a9fe]:80');

-- endpoints, files and the server's own secrets are for superusers
CREATE ROLE regress_rs2ddb_plain;
GRANT USAGE ON FOREIGN DATA WRAPPER rs2ddb TO regress_rs2ddb_plain;
SET ROLE regress_rs2ddb_plain;
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', s3_endpoint 'http://127.0.0.1:1');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', dynamodb_endpoint 'http://127.0.0.1:1');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', sslrootcert '/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', ca_file '/etc/passwd');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x', server_credentials 'on');
CREATE SERVER mine FOREIGN DATA WRAPPER rs2ddb OPTIONS (host 'x');
CREATE USER MAPPING FOR CURRENT_USER SERVER mine OPTIONS (user 'x', password_required 'off');
ALTER SERVER mine OPTIONS (ADD hostaddr '127.0.0.1');
-- nor may he touch what a superuser has set
RESET ROLE;
ALTER SERVER mine OPTIONS (ADD server_credentials 'on');
SET ROLE regress_rs2ddb_plain;
ALTER SERVER mine OPTIONS (SET host 'y');
-- nor are there options that would read the server's files or services
CREATE USER MAPPING FOR CURRENT_USER SERVER mine OPTIONS (user 'x', passfile '/etc/passwd');
CREATE USER MAPPING FOR CURRENT_USER SERVER mine OPTIONS (user 'x', service 'y');
CREATE USER MAPPING FOR CURRENT_USER SERVER mine OPTIONS (user 'x', sslkey '/etc/passwd');
CREATE USER MAPPING FOR CURRENT_USER SERVER mine OPTIONS (user 'x', sslcert '/etc/passwd');
-- what he may not lend himself he may lend nobody
CREATE USER MAPPING FOR PUBLIC SERVER mine OPTIONS (user 'x', password_required 'off');
CREATE USER MAPPING FOR pg_monitor SERVER mine OPTIONS (user 'x', password_required 'off');
DROP SERVER mine;
RESET ROLE;
REVOKE USAGE ON FOREIGN DATA WRAPPER rs2ddb FROM regress_rs2ddb_plain;
DROP ROLE regress_rs2ddb_plain;

DROP EXTENSION rs2ddb CASCADE;
