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
