-- Makes a private PostgreSQL 15 look like Redshift as far as the gateway needs. Run once, as superuser, on database dev,
-- with allow_system_table_mods=on and the package postgresql-plperl-15 installed. May be run again.
SET client_min_messages = warning;
BEGIN;

CREATE EXTENSION IF NOT EXISTS plperl;
CREATE SCHEMA IF NOT EXISTS redshift;
CREATE SCHEMA IF NOT EXISTS scratch;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'etl') THEN
    CREATE ROLE etl LOGIN PASSWORD 'etl-secret';
  END IF;
END $$;

GRANT USAGE ON SCHEMA redshift, public TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA scratch TO etl;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO etl;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO etl;

-- Types. The gateway maps the base types' oids to Redshift's.
DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[['super', 'json'], ['varbyte', 'bytea'], ['geometry', 'point'],
                                      ['geography', 'circle'], ['hllsketch', 'tsvector']] LOOP
    IF to_regtype('pg_catalog.' || pair[1]) IS NULL THEN
      EXECUTE format('CREATE DOMAIN pg_catalog.%s AS pg_catalog.%s', pair[1], pair[2]);
    END IF;
  END LOOP;
END $$;
COMMENT ON TYPE super IS 'stand-in for SUPER: JSON text, numbers kept as written';

-- Errors that must be raised from inside an expression. Arguments keep the planner from evaluating them early.
CREATE OR REPLACE FUNCTION redshift.too_long(bytes bigint) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE EXCEPTION 'Value too long for character type' USING ERRCODE = '22001',
    DETAIL = format('The result has %s bytes, VARCHAR holds at most 65535.', bytes);
END $$;

CREATE OR REPLACE FUNCTION redshift.no_cast(source text, target text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE EXCEPTION 'cannot cast type % to %', source, target USING ERRCODE = '42846';
END $$;

CREATE OR REPLACE FUNCTION redshift.limited(value text) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN octet_length(value) > 65535 THEN redshift.too_long(octet_length(value)::bigint) ELSE value::varchar END
$$;

-- boolean::varchar does not exist. The functions are inlined by the planner, so that the error comes before any row.
CREATE OR REPLACE FUNCTION redshift.boolean_to_varchar(boolean) RETURNS varchar LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.no_cast('boolean', 'character varying')::varchar $$;
CREATE OR REPLACE FUNCTION redshift.boolean_to_text(boolean) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.no_cast('boolean', 'text') $$;
CREATE OR REPLACE FUNCTION redshift.boolean_to_char(boolean) RETURNS bpchar LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.no_cast('boolean', 'character')::bpchar $$;
UPDATE pg_cast SET castfunc = 'redshift.boolean_to_varchar'::regproc
  WHERE castsource = 'boolean'::regtype AND casttarget = 'varchar'::regtype;
UPDATE pg_cast SET castfunc = 'redshift.boolean_to_text'::regproc
  WHERE castsource = 'boolean'::regtype AND casttarget = 'text'::regtype;
UPDATE pg_cast SET castfunc = 'redshift.boolean_to_char'::regproc
  WHERE castsource = 'boolean'::regtype AND casttarget = 'bpchar'::regtype;

-- Floats as text: C's %.<n>g with 15 (REAL 6) digits plus extra_float_digits.
CREATE OR REPLACE FUNCTION redshift.float_general(value float8, digits int) RETURNS text LANGUAGE plperl IMMUTABLE STRICT AS $$
  return $_[0] =~ /^-?\d/ ? sprintf('%.*g', $_[1], $_[0]) : $_[0] eq 'NaN' ? 'nan' : $_[0] eq 'Infinity' ? 'inf' : '-inf';
$$;
CREATE OR REPLACE FUNCTION redshift.float8_text(float8) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT redshift.float_general($1, 15 + current_setting('extra_float_digits')::int)
$$;
CREATE OR REPLACE FUNCTION redshift.float4_text(float4) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT redshift.float_general($1::float8, 6 + current_setting('extra_float_digits')::int)
$$;
CREATE OR REPLACE FUNCTION redshift.float8_varchar(float8) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT redshift.float8_text($1)::varchar $$;
CREATE OR REPLACE FUNCTION redshift.float4_varchar(float4) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT redshift.float4_text($1)::varchar $$;

-- The n of varchar(n) counts bytes: a cast cuts between characters, an assignment refuses.
CREATE OR REPLACE FUNCTION redshift.cut_to_bytes(value varchar, most int, explicit boolean) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  cut varchar := substr(value, 1, most);
BEGIN
  IF NOT explicit AND octet_length(rtrim(value, ' ')) > most THEN
    RAISE EXCEPTION 'value too long for type character varying(%)', most USING ERRCODE = '22001';
  END IF;
  WHILE octet_length(cut) > most LOOP
    cut := substr(cut, 1, length(cut) - greatest(1, (octet_length(cut) - most) / 4));
  END LOOP;
  RETURN cut;
END $$;
CREATE OR REPLACE FUNCTION redshift.varchar_bytes(varchar, int, boolean) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $2 < 4 OR octet_length($1) <= $2 - 4 THEN $1 ELSE redshift.cut_to_bytes($1, $2 - 4, $3) END
$$;
UPDATE pg_cast SET castfunc = 'redshift.varchar_bytes'::regproc
  WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;

-- SUPER as text: compact; as VARCHAR: scalars without quotes, objects and arrays NULL.
CREATE OR REPLACE FUNCTION redshift.compact_json(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value ~ '[ \t\n\r]' THEN regexp_replace(value, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g') ELSE value END
$$;
CREATE OR REPLACE FUNCTION redshift.json_text(json) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT textin(json_out($1)) $$;
CREATE OR REPLACE FUNCTION redshift.super_text(json) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN json_typeof($1) IN ('object', 'array') THEN NULL ELSE $1 #>> '{}' END
$$;
CREATE OR REPLACE FUNCTION redshift.super_varchar(json) RETURNS varchar LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.super_text($1)::varchar $$;

-- VARBYTE to and from VARCHAR are UTF-8 bytes.
CREATE OR REPLACE FUNCTION redshift.bytes_text(bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT convert_from($1, 'UTF8') $$;
CREATE OR REPLACE FUNCTION redshift.bytes_varchar(bytea) RETURNS varchar LANGUAGE sql IMMUTABLE AS
  $$ SELECT convert_from($1, 'UTF8')::varchar $$;

DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
      ['float8', 'text', 'redshift.float8_text(float8)', 'AS ASSIGNMENT'],
      ['float8', 'varchar', 'redshift.float8_varchar(float8)', 'AS ASSIGNMENT'],
      ['float4', 'text', 'redshift.float4_text(float4)', 'AS ASSIGNMENT'],
      ['float4', 'varchar', 'redshift.float4_varchar(float4)', 'AS ASSIGNMENT'],
      ['json', 'text', 'redshift.super_text(json)', ''],
      ['json', 'varchar', 'redshift.super_varchar(json)', ''],
      ['bytea', 'text', 'redshift.bytes_text(bytea)', ''],
      ['bytea', 'varchar', 'redshift.bytes_varchar(bytea)', '']] LOOP
    IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = pair[1]::regtype AND casttarget = pair[2]::regtype) THEN
      EXECUTE format('CREATE CAST (%s AS %s) WITH FUNCTION %s %s', pair[1], pair[2], pair[3], pair[4]);
    END IF;
  END LOOP;
END $$;

-- Strings and bytes.
CREATE OR REPLACE FUNCTION pg_catalog.len(text) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE OR REPLACE FUNCTION pg_catalog.len(bpchar) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE OR REPLACE FUNCTION pg_catalog.len(bytea) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE OR REPLACE FUNCTION pg_catalog.to_hex(bytea) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN length($1) > 32767 THEN redshift.too_long(2 * length($1)::bigint) ELSE encode($1, 'hex')::varchar END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.from_hex(text) RETURNS varbyte LANGUAGE sql IMMUTABLE AS
  $$ SELECT decode($1, 'hex')::varbyte $$;
CREATE OR REPLACE FUNCTION redshift.unknown_format(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE EXCEPTION 'Invalid format "%": use hex, utf8 or utf-8', $1 USING ERRCODE = '22023';
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.from_varbyte(bytea, text) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE lower($2) WHEN 'hex' THEN to_hex($1) WHEN 'utf8' THEN redshift.limited(convert_from($1, 'UTF8'))
    WHEN 'utf-8' THEN redshift.limited(convert_from($1, 'UTF8')) ELSE redshift.unknown_format($2)::varchar END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.to_varbyte(text, text) RETURNS varbyte LANGUAGE sql IMMUTABLE AS $$
  SELECT (CASE lower($2) WHEN 'hex' THEN decode($1, 'hex') WHEN 'utf8' THEN convert_to($1, 'UTF8')
    WHEN 'utf-8' THEN convert_to($1, 'UTF8') ELSE redshift.unknown_format($2)::bytea END)::varbyte
$$;
CREATE OR REPLACE FUNCTION pg_catalog.charindex(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT strpos($2, $1) $$;
CREATE OR REPLACE FUNCTION pg_catalog.nvl2(anyelement, anycompatible, anycompatible) RETURNS anycompatible
  LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END $$;
CREATE OR REPLACE FUNCTION pg_catalog.sha2(text, int) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(CASE $2 WHEN 224 THEN sha224(convert_to($1, 'UTF8')) WHEN 384 THEN sha384(convert_to($1, 'UTF8'))
    WHEN 512 THEN sha512(convert_to($1, 'UTF8')) ELSE sha256(convert_to($1, 'UTF8')) END, 'hex')::varchar
$$;

-- SUPER.
CREATE OR REPLACE FUNCTION pg_catalog.json_parse(text) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT redshift.compact_json(textin(json_out($1::json)))::json::super $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_parse(bytea) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT json_parse(convert_from($1, 'UTF8')) $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_serialize(json) RETURNS varchar LANGUAGE sql IMMUTABLE AS
  $$ SELECT redshift.limited(redshift.compact_json(redshift.json_text($1))) $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_serialize_to_varbyte(json) RETURNS varbyte LANGUAGE sql IMMUTABLE AS
  $$ SELECT convert_to(redshift.compact_json(redshift.json_text($1)), 'UTF8')::varbyte $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_size(json) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT octet_length(redshift.compact_json(redshift.json_text($1))) $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_object(json) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  $$ SELECT json_typeof($1) = 'object' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_array(json) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  $$ SELECT json_typeof($1) = 'array' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_scalar(json) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  $$ SELECT json_typeof($1) NOT IN ('object', 'array') $$;
CREATE OR REPLACE FUNCTION pg_catalog.can_json_parse(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  PERFORM $1::json;
  RETURN true;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN false;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_extract_path_text(text, VARIADIC text[]) RETURNS varchar LANGUAGE sql IMMUTABLE AS
  $$ SELECT json_extract_path_text($1::json, VARIADIC $2)::varchar $$;

-- Dates and times.
CREATE OR REPLACE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
  $$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
CREATE OR REPLACE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
  $$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;
CREATE OR REPLACE FUNCTION redshift.unknown_part(text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE EXCEPTION 'invalid input for datepart: "%"', $1 USING ERRCODE = '22023';
END $$;
CREATE OR REPLACE FUNCTION redshift.microseconds(timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT (extract(epoch FROM $1) * 1000000)::bigint $$;
CREATE OR REPLACE FUNCTION redshift.floor_div(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT floor($1::numeric / $2)::bigint $$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timestamp, timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN $1 IN ('second', 'seconds', 'sec', 's') THEN
      redshift.floor_div(redshift.microseconds($3), 1000000) - redshift.floor_div(redshift.microseconds($2), 1000000)
    WHEN $1 IN ('millisecond', 'milliseconds', 'msec', 'ms') THEN
      redshift.floor_div(redshift.microseconds($3), 1000) - redshift.floor_div(redshift.microseconds($2), 1000)
    WHEN $1 IN ('microsecond', 'microseconds', 'usec', 'us') THEN redshift.microseconds($3) - redshift.microseconds($2)
    WHEN $1 IN ('minute', 'minutes', 'min', 'm') THEN
      redshift.floor_div(redshift.microseconds($3), 60000000) - redshift.floor_div(redshift.microseconds($2), 60000000)
    WHEN $1 IN ('hour', 'hours', 'hr', 'h') THEN
      redshift.floor_div(redshift.microseconds($3), 3600000000) - redshift.floor_div(redshift.microseconds($2), 3600000000)
    WHEN $1 IN ('day', 'days', 'd') THEN ($3::date - $2::date)::bigint
    WHEN $1 IN ('week', 'weeks', 'w') THEN
      ((date_trunc('week', $3 + interval '1 day')::date - date_trunc('week', $2 + interval '1 day')::date) / 7)::bigint
    WHEN $1 IN ('month', 'months', 'mon') THEN ((extract(year FROM $3) - extract(year FROM $2)) * 12
      + extract(month FROM $3) - extract(month FROM $2))::bigint
    WHEN $1 IN ('quarter', 'quarters', 'qtr') THEN ((extract(year FROM $3) - extract(year FROM $2)) * 4
      + extract(quarter FROM $3) - extract(quarter FROM $2))::bigint
    WHEN $1 IN ('year', 'years', 'yr', 'y') THEN (extract(year FROM $3) - extract(year FROM $2))::bigint
    ELSE redshift.unknown_part($1) END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timestamptz, timestamptz) RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT datediff($1, $2 AT TIME ZONE 'UTC', $3 AT TIME ZONE 'UTC') $$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timestamp, timestamptz) RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT datediff($1, $2, $3 AT TIME ZONE 'UTC') $$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, date, date) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT datediff($1, $2::timestamp, $3::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, timestamp, date) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT datediff($1, $2, $3::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(text, date, timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT datediff($1, $2::timestamp, $3) $$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
  $$ SELECT $3 + ($2 || ' ' || $1)::interval $$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, date) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
  $$ SELECT $3::timestamp + ($2 || ' ' || $1)::interval $$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(text, bigint, timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS
  $$ SELECT $3 + ($2 || ' ' || $1)::interval $$;
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
  $$ SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1 $$;
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, timestamptz) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
  $$ SELECT $2 AT TIME ZONE $1 $$;
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(text, text, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
  $$ SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2 $$;

-- Geometry (points only) and sketches.
CREATE OR REPLACE FUNCTION redshift.point_text(point) RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT 'POINT(' || redshift.float8_text($1[0]) || ' ' || redshift.float8_text($1[1]) || ')' $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_astext(point) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT redshift.limited(redshift.point_text($1)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_asewkt(point) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT redshift.limited(redshift.point_text($1)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_astext(circle) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT redshift.limited(redshift.point_text(center($1))) $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_asewkt(circle) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT redshift.limited('SRID=4326;' || redshift.point_text(center($1))) $$;
-- With a precision: significant digits, at least as many as a double needs are given.
CREATE OR REPLACE FUNCTION pg_catalog.st_asewkt(point, int) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT pg_catalog.st_asewkt($1) $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_asewkt(circle, int) RETURNS varchar LANGUAGE sql STABLE AS
  $$ SELECT pg_catalog.st_asewkt($1) $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_npoints(circle) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT 1 WHERE $1 IS NOT NULL $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_asgeojson(point) RETURNS varchar LANGUAGE sql STABLE AS $$
  SELECT redshift.limited('{"type":"Point","coordinates":[' || redshift.float8_text($1[0]) || ','
    || redshift.float8_text($1[1]) || ']}')
$$;
CREATE OR REPLACE FUNCTION pg_catalog.st_point(float8, float8) RETURNS geometry LANGUAGE sql IMMUTABLE AS
  $$ SELECT point($1, $2)::geometry $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_makepoint(float8, float8) RETURNS geometry LANGUAGE sql IMMUTABLE AS
  $$ SELECT point($1, $2)::geometry $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_x(point) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT $1[0] $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_y(point) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT $1[1] $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_npoints(point) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 WHERE $1 IS NOT NULL $$;
CREATE OR REPLACE FUNCTION pg_catalog.st_memsize(point) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 40 WHERE $1 IS NOT NULL $$;
CREATE OR REPLACE FUNCTION pg_catalog.hll_cardinality(tsvector) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT length($1)::bigint $$;

-- Functions that Redshift has; the gateway rewrites what lies between their parts.
CREATE OR REPLACE FUNCTION pg_catalog.trunc(timestamp) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT $1::date $$;
CREATE OR REPLACE FUNCTION redshift.listagg_add(state text, value anyelement, separator text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN value IS NULL THEN state WHEN state IS NULL THEN value::text ELSE state || separator || value::text END $$;
CREATE OR REPLACE AGGREGATE pg_catalog.listagg(anyelement, text) (SFUNC = redshift.listagg_add, STYPE = text);
CREATE OR REPLACE FUNCTION redshift.median_of(numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT avg(x) FROM (SELECT x, row_number() OVER (ORDER BY x) AS n, count(*) OVER () AS c FROM unnest($1) AS u(x)
    WHERE x IS NOT NULL) AS s WHERE n IN ((c + 1) / 2, c / 2 + 1) $$;
CREATE OR REPLACE FUNCTION redshift.median_of(float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS
  $$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest($1) AS u(x) $$;
CREATE OR REPLACE AGGREGATE pg_catalog.median(numeric) (SFUNC = array_append, STYPE = numeric[], FINALFUNC = redshift.median_of);
CREATE OR REPLACE AGGREGATE pg_catalog.median(float8) (SFUNC = array_append, STYPE = float8[], FINALFUNC = redshift.median_of);

-- The session's last UNLOAD: the gateway keeps the numbers in settings.
CREATE OR REPLACE FUNCTION redshift.number_of(name text, missing bigint) RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT CASE WHEN current_setting(name, true) = 'withheld' THEN NULL
     ELSE coalesce(nullif(current_setting(name, true), '')::bigint, missing) END $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_unload_count() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT redshift.number_of('redshift.last_unload_count', 0) $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_unload_id() RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT redshift.number_of('redshift.last_unload_id', -1)::int $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_query_id() RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT redshift.number_of('redshift.last_query_id', -1)::int $$;

-- version() and the cancelling functions: the built-in ones step aside under another name.
CREATE OR REPLACE FUNCTION redshift.rename_builtin(signature text, new_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF to_regprocedure(format('pg_catalog.%s(%s)', new_name, split_part(rtrim(signature, ')'), '(', 2))) IS NULL THEN
    EXECUTE format('ALTER FUNCTION pg_catalog.%s RENAME TO %I', signature, new_name);
  END IF;
END $$;
DO $$ BEGIN PERFORM redshift.rename_builtin('version()', 'postgresql_version'); END $$;
DO $$ BEGIN PERFORM redshift.rename_builtin('pg_cancel_backend(int)', 'postgresql_cancel_backend'); END $$;
DO $$ BEGIN PERFORM redshift.rename_builtin('pg_terminate_backend(int, bigint)', 'postgresql_terminate_backend'); END $$;
DROP FUNCTION redshift.rename_builtin(text, text);

CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.77777'::text
$$;
-- An UNLOAD may be busy in the gateway while its backend is idle: the gateway is told as well.
CREATE OR REPLACE FUNCTION pg_catalog.pg_cancel_backend(pid int) RETURNS boolean LANGUAGE plpgsql STRICT AS $$
DECLARE
  signalled boolean := postgresql_cancel_backend(pid);
BEGIN
  IF signalled THEN
    PERFORM pg_notify('redshift_cancel', pid::text);
  END IF;
  RETURN signalled;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_terminate_backend(pid int) RETURNS boolean LANGUAGE sql STRICT AS
  $$ SELECT postgresql_terminate_backend(pid, 0) $$;

-- System views. The gateway writes the tables through its administrative connection.
CREATE TABLE IF NOT EXISTS redshift.unload_history (
  query_id bigint PRIMARY KEY, user_id int, transaction_id bigint, session_id int, database_name text, status text,
  start_time timestamp, end_time timestamp, file_format text, compression_type text, unloaded_location text,
  unloaded_rows bigint, unloaded_files_count bigint, unloaded_files_size bigint, error_message text,
  query_label text, query_text text);
CREATE TABLE IF NOT EXISTS redshift.unload_detail (
  query_id bigint, file_name text, start_time timestamp, end_time timestamp, line_count bigint, transfer_size bigint);

CREATE OR REPLACE VIEW redshift.visible_unloads AS
  SELECT h.* FROM redshift.unload_history h JOIN pg_roles r ON r.rolname = current_user
  WHERE r.rolsuper OR h.user_id = r.oid::int;
CREATE OR REPLACE VIEW pg_catalog.sys_unload_history AS
  SELECT user_id, query_id, transaction_id, session_id, database_name, status, start_time, end_time,
    (extract(epoch FROM coalesce(end_time, clock_timestamp() AT TIME ZONE 'UTC') - start_time) * 1000000)::bigint AS duration,
    file_format, compression_type, unloaded_location, unloaded_rows, unloaded_files_count, unloaded_files_size, error_message
  FROM redshift.visible_unloads;
CREATE OR REPLACE VIEW pg_catalog.sys_unload_detail AS
  SELECT h.user_id, h.query_id, h.session_id, h.transaction_id, d.file_name::char(1280) AS file_name, d.start_time, d.end_time,
    d.line_count, d.transfer_size, h.file_format::char(10) AS file_format
  FROM redshift.unload_detail d JOIN redshift.visible_unloads h USING (query_id);
CREATE OR REPLACE VIEW pg_catalog.sys_query_history AS
  SELECT user_id, query_id, query_label::char(320) AS query_label, transaction_id, session_id,
    database_name::char(128) AS database_name, 'UNLOAD'::char(32) AS query_type,
    (CASE status WHEN 'completed' THEN 'success' WHEN 'running' THEN 'running'
       ELSE CASE WHEN error_message LIKE '%cancelled on user%' THEN 'canceled' ELSE 'failed' END END)::char(10) AS status,
    false AS result_cache_hit, start_time, end_time, duration AS elapsed_time, 0::bigint AS queue_time,
    duration AS execution_time, error_message::char(512) AS error_message, 0::bigint AS returned_rows, 0::bigint AS returned_bytes,
    query_text::char(4000) AS query_text, 'Redshift 1.0.77777'::char(256) AS redshift_version
  FROM (SELECT *, (extract(epoch FROM coalesce(end_time, clock_timestamp() AT TIME ZONE 'UTC') - start_time) * 1000000)::bigint
          AS duration FROM redshift.visible_unloads) AS unloads;
GRANT SELECT ON pg_catalog.sys_unload_history, pg_catalog.sys_unload_detail, pg_catalog.sys_query_history TO PUBLIC;

COMMIT;
