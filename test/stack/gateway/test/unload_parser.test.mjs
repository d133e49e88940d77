import assert from 'node:assert/strict';
import test from 'node:test';
import { lex, splitStatements } from '../lexer.mjs';
import { Switches } from '../switches.mjs';
import { checkOptions } from '../unload_options.mjs';
import { parseUnload } from '../unload_parser.mjs';

const ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/unload'";
const parse = (text) => parseUnload(text, splitStatements(lex(text))[0].words);
const unload = (inner, options = `${ROLE} FORMAT JSON`) => parse(`UNLOAD ('${inner}') TO 's3://b/p/x_' ${options}`);
const checked = (options, changes = {}) => {
  const switches = new Switches();
  switches.set(changes);
  const plan = unload('select 1', options);
  checkOptions(plan.options, switches);
  return plan.options;
};
const refused = (options, expected, changes) => assert.throws(() => checked(`${ROLE} ${options}`, changes), expected);

test('the inner text is unescaped once', () => {
  assert.equal(unload(String.raw`select \'a\' , ''b\\\\c''`).query, String.raw`select 'a' , 'b\\c'`);
});

test('target and options', () => {
  const plan = unload('select 1', `${ROLE} REGION AS 'us-east-1' FORMAT AS JSON MANIFEST VERBOSE ZSTD PARALLEL OFF MAXFILESIZE 10 MB`);
  assert.equal(plan.bucket, 'b');
  assert.equal(plan.prefix, 'p/x_');
  assert.deepEqual({ ...plan.options }, { iam_role: 'arn:aws:iam::123456789012:role/unload', region: 'us-east-1', format: 'json',
    manifest: 'verbose', zstd: true, parallel: false, maxfilesize: 1e7, maxfilesize_bytes: 1e7, parquet_encryption: false });
});

test('bare formats, default role, keys, credentials', () => {
  assert.equal(checked('IAM_ROLE DEFAULT csv').format, 'csv');
  assert.equal(checked("ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b' SESSION_TOKEN 'c'").format, 'text');
  assert.equal(checked("WITH CREDENTIALS AS 'aws_iam_role=x'").credentials, 'aws_iam_role=x');
  assert.throws(() => checked('json'), { sqlstate: '42601' });
});

test('a syntax error says where', () => {
  const text = `UNLOAD ('select 1') TO 's3://b/p' ${ROLE} FOO`;
  assert.throws(() => parse(text), { sqlstate: '42601', position: text.indexOf('FOO'), message: 'syntax error at or near "FOO"' });
  assert.throws(() => parse("UNLOAD ('select 1'"), /end of input/);
  assert.throws(() => parse(`UNLOAD ($$select 1$$) TO 's3://b/p' ${ROLE}`), { sqlstate: '42601' });
  assert.throws(() => parse(`UNLOAD ('select 1') TO 'http://b/p' ${ROLE}`), /S3 URI/);
  assert.throws(() => unload('select 1', `${ROLE} JSON CSV`), /redundant/);
});

test('one statement, balanced, without an outer LIMIT', () => {
  for (const inner of ['select 1; select 2', 'select (1', 'select 1)', '', 'delete from t', 'select 1) ; drop table t; select (1']) {
    assert.throws(() => unload(inner), { sqlstate: '42601' }, inner);
  }
  for (const inner of ['select 1 limit 1', '(select 1 limit 1)', 'select 1 union select 2 limit 3', 'select top 3 a from t']) {
    assert.throws(() => unload(inner), { sqlstate: '42601', message: /^Limit clause is not supported/ }, inner);
  }
  for (const inner of ['select 1;', 'with a as (select 1 limit 1) select * from a', 'select * from (select 1 limit 1) q -- x',
    'select "limit" from t', "select ''limit 1'' as a"]) assert.ok(unload(inner), inner);
});

test('option x format', () => {
  for (const option of ['HEADER', "DELIMITER ','", 'ADDQUOTES', 'ESCAPE', "NULL AS 'x'"]) refused(`JSON ${option}`, { sqlstate: '0A000' });
  for (const option of ['ADDQUOTES', 'ESCAPE', "FIXEDWIDTH 'a:1'"]) refused(`CSV ${option}`, { sqlstate: '0A000' });
  refused('PARQUET ZSTD', /ZSTD is not supported for UNLOAD to PARQUET/);
  refused('PARQUET', /stand-in/);
  refused('JSON GZIP ZSTD', /together/);
  refused('JSON CLEANPATH ALLOWOVERWRITE', /together/);
  refused('JSON MAXFILESIZE 4 MB', { sqlstate: '22023' });
  refused("JSON KMS_KEY_ID 'k'", /needs ENCRYPTED/);
  refused("JSON ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b'", /together/);
  refused('JSON ZSTD', /ZSTD is not supported for UNLOAD to JSON/, { zstd_with_json: 'refuse' });
  assert.ok(checked(`${ROLE} CSV HEADER DELIMITER AS '\\t' NULL AS '\\\\N' GZIP`).gzip);
});
