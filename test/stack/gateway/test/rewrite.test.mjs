import assert from 'node:assert/strict';
import test from 'node:test';
import { lex } from '../lexer.mjs';
import { rewrite } from '../rewrite.mjs';

const sql = (text, options) => rewrite(text, lex(text), options).out.text;
const effects = (text) => rewrite(text, lex(text)).effects;
const refused = (text, expected, options) => assert.throws(() => sql(text, options), expected);

test('literals become standard strings', () => {
  assert.equal(sql(String.raw`select 'a\\b', 'it\'s'`), String.raw`select 'a\b', 'it''s'`);
});

test("E'' and U&'' are a name and a literal", () => {
  assert.equal(sql("select E'x', U&'y'"), "select E 'x', U &'y'");
});

test('quoted names fold unless case matters', () => {
  assert.equal(sql('select "MiXed""Q"'), 'select "mixed""q"');
  assert.equal(sql('select "MiXed"', { caseSensitive: true }), 'select "MiXed"');
});

test('positions are those of the user', () => {
  const text = String.raw`select '\\\\😀', "A", NVL(a, b), nope`;
  const { out } = rewrite(text, lex(text));
  const position = [...out.text.slice(0, out.text.indexOf('nope'))].length + 1;
  assert.equal(out.sourcePosition(position), [...text.slice(0, text.indexOf('nope'))].length + 1);
  assert.equal(out.sourcePosition(out.text.indexOf('COALESCE') + 1), [...text.slice(0, text.indexOf('NVL'))].length + 1);
});

test('words of Redshift', () => {
  assert.equal(sql('select nvl(a, b), sysdate, datediff(second, x, y) minus select 1'),
    "select COALESCE(a, b), sysdate(), datediff('second', x, y) EXCEPT select 1");
  assert.equal(sql("select object('a', array(1, 2)), array(select 1)"),
    "select json_build_object('a', json_build_array(1, 2)), array(select 1)");
});

test('types', () => {
  assert.equal(sql('select a::varchar(max), b::decimal, cast(c as numeric), d::varbyte(10), e as numeric'),
    'select a::varchar(65535), b::numeric(18,0), cast(c as numeric(18,0)), d::varbyte, e as numeric');
  refused("select 'a'::varchar(65536)", { sqlstate: '22023', position: 12 });
  refused("select 'a'::char(4097)", /cannot exceed 4096/);
  refused('select 1::decimal(39,0)', /precision 39 must be between 1 and 38/);
  refused('select x::varbyte(16777217)', /cannot exceed 16777216/);
});

test('table attributes are dropped', () => {
  const text = 'create table t (a int encode az64 distkey, b varchar, c decimal) diststyle key compound sortkey(a, b)';
  assert.equal(sql(text).replace(/ +/g, ' ').replace(/ ([,)])/g, '$1').trim(),
    'create table t (a int, b varchar(256), c numeric(18,0))');
});

test('what Redshift has not is refused', () => {
  refused("select string_agg(a, ',') from t", { sqlstate: '42883', position: 7 });
  refused('select a::jsonb from t', { sqlstate: '42704' });
  refused('select cast(a as uuid) from t', { sqlstate: '42704' });
  assert.equal(sql('select * from (select a as json) q'), 'select * from (select a as json) q');
  refused('select count(*) filter (where a) from t', { sqlstate: '42601' });
  refused('select distinct on (a) b from t', { sqlstate: '0A000' });
  refused('copy t from stdin', { sqlstate: '0A000' });
  assert.equal(sql('select generate_series(1, 2)'), 'select generate_series(1, 2)');
  refused('select generate_series(1, 2)', { sqlstate: '0A000' }, { inUnload: true });
});

test('what came to PostgreSQL after Redshift left it is refused', () => {
  refused('select a from t except all select a from u', { sqlstate: '0A000', position: 23 });
  refused('select a from t intersect all select a from u', { sqlstate: '0A000' });
  refused('with x as materialized (select 1) select * from x', { sqlstate: '42601', position: 10 });
  refused('with x as not materialized (select 1) select * from x', { sqlstate: '42601' });
  refused('do $$ begin end $$', { sqlstate: '42601', position: 0 });
  refused('select array[1, 2]', { sqlstate: '42601', position: 12 });
  refused('select row(1, 2)', { sqlstate: '42601' });
  refused('select a is not distinct from b from t', { sqlstate: '42601', position: 16 });
  refused('select a is distinct from b from t', { sqlstate: '42601' });
  refused('select sum(a) over w from t window w as (order by b)', { sqlstate: '42601' });
  refused('select * from (values (1), (2)) v', { sqlstate: '42601', position: 15 });
  refused('select * from pg_roles', { sqlstate: '42P01', position: 14 });
  refused('select * from pg_catalog.pg_extension', { sqlstate: '42P01' });
  assert.equal(sql('select * from pg_class'), 'select * from pg_class');
  refused('select * from pg_class', { sqlstate: '0A000' }, { inUnload: true });
  refused('select 1 from t join information_schema.columns c on true', { sqlstate: '0A000' }, { inUnload: true });
  assert.equal(sql('select distinct from_date, not_distinct from t'), 'select distinct from_date, not_distinct from t');
});

test('names are never cut', () => {
  assert.equal(sql(`select 1 as ${'a'.repeat(63)}`), `select 1 as ${'a'.repeat(63)}`);
  refused(`select 1 as ${'a'.repeat(64)}`, { sqlstate: '0A000', position: 12 });
  refused(`select 1 as "${'ä'.repeat(32)}"`, /more than 63 bytes/);
});

test('what PostgreSQL spells otherwise', () => {
  const plain = (text) => sql(text).replace(/\s+/g, ' ').replace(/ ([,)])/g, '$1').trim();
  assert.equal(plain('select top 5 a from (select top 3 b from t) q order by a'),
    'select a from (select b from t LIMIT 3) q order by a LIMIT 5');
  refused('select top 5 a from t union select 1', /TOP before a set operation/);
  assert.equal(sql('select top from t'), 'select top from t');
  assert.equal(plain("select listagg(a, ',') within group (order by b desc) from t"), "select listagg(a, ',' order by b desc) from t");
  assert.equal(plain('select listagg(distinct a) from t'), "select listagg(distinct a, '') from t");
  assert.equal(plain("select decode(f(a, 1), 1, 'x', 2, 'y', 'z'), decode(a, 1, 2) from t"),
    "select (CASE f(a, 1) WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END), (CASE a WHEN 1 THEN 2 END) from t");
  refused("select decode('aa', 'hex')", { sqlstate: '42883' });
  refused("select decode(a, null, 'none')", /DECODE of NULL/);
  assert.equal(plain('select approximate count(distinct a) from t'), 'select count(distinct a) from t');
});

test('settings', () => {
  assert.equal(sql("set query_group to 'x'"), "set redshift.query_group to 'x'");
  assert.equal(sql('show enable_case_sensitive_identifier'), 'show redshift.enable_case_sensitive_identifier');
  assert.equal(sql('set search_path to a, b'), 'set search_path to a, b');
  assert.deepEqual(effects('SET enable_case_sensitive_identifier TO true'),
    [{ name: 'enable_case_sensitive_identifier', value: 'true' }]);
  assert.deepEqual(effects('reset query_group; set extra_float_digits = -15'),
    [{ name: 'query_group', value: undefined }, { name: 'extra_float_digits', value: '-15' }]);
  refused('set lock_timeout to 1', { sqlstate: '42704' });
  refused('set extra_float_digits to 3', { sqlstate: '22023' });
});
