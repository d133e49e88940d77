-- What CREATE EXTENSION makes, and that each object explains itself.
CREATE EXTENSION rs2ddb;
SELECT extname, extversion, extrelocatable FROM pg_extension WHERE extname = 'rs2ddb';
-- its objects (17 and later count the row types of its tables, too)
SELECT pg_describe_object(d.classid, d.objid, 0) AS object
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'rs2ddb' AND d.deptype = 'e' AND d.classid <> 'pg_type'::regclass
ORDER BY pg_describe_object(d.classid, d.objid, 0) COLLATE "C";

-- arguments have names and defaults
SELECT p.oid::regprocedure AS function, pg_get_function_arguments(p.oid) AS arguments,
       pg_get_function_result(p.oid) AS result, p.provolatile AS volatile, p.proparallel AS parallel
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'rs2ddb'
ORDER BY p.proname;

-- every object and every column has a comment: nothing is listed here
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'rs2ddb' AND d.deptype = 'e'
  AND d.classid <> 'pg_type'::regclass
  AND NOT EXISTS (SELECT FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('S', 'i'))
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL;
SELECT a.attrelid::regclass AS relation, a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'rs2ddb' AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
  AND col_description(a.attrelid, a.attnum) IS NULL
ORDER BY 1, 2;

-- the setting
SHOW rs2ddb.max_workers;
SET rs2ddb.max_workers = 2;
SET rs2ddb.no_such_setting = 1;

-- gone without a trace
DROP EXTENSION rs2ddb;
SELECT count(*) FROM pg_namespace WHERE nspname = 'rs2ddb';
-- into another schema: functions there, tables in rs2ddb
CREATE SCHEMA tools;
CREATE EXTENSION rs2ddb SCHEMA tools;
SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname ~ '^rs2ddb_' ORDER BY 2;
SELECT count(*) FROM rs2ddb.progress;
DROP EXTENSION rs2ddb;
DROP SCHEMA tools;
