import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectationFor } from '../lib/expected.mjs';

const expect = (typeOid, text) => expectationFor(typeOid, 'c')(text);

test('SQL NULL and a top-level SUPER null are absent, an empty string is not', () => {
  assert.equal(expect(1043, null), undefined);
  assert.equal(expect(114, 'null'), undefined);
  assert.deepEqual(expect(1043, ''), { S: '' });
});

test('character types: only CHAR loses its blanks, and only those at the end', () => {
  assert.deepEqual(expect(1042, '  a b   '), { S: '  a b' });
  assert.deepEqual(expect(1042, 'tab\t  '), { S: 'tab\t' });
  assert.deepEqual(expect(1042, '    '), { S: '' });
  assert.deepEqual(expect(1043, 'a   '), { S: 'a   ' });
});

test('timestamps always have six digits', () => {
  assert.deepEqual(expect(1114, '2015-08-31 07:08:09'), { S: '2015-08-31T07:08:09.000000' });
  assert.deepEqual(expect(1114, '2015-08-31 07:08:09.1002'), { S: '2015-08-31T07:08:09.100200' });
  assert.deepEqual(expect(1184, '0001-01-01 00:00:00.000001+00'), { S: '0001-01-01T00:00:00.000001Z' });
});

test('other types', () => {
  assert.deepEqual(expect(16, 't'), { BOOL: true });
  assert.deepEqual(expect(16, 'f'), { BOOL: false });
  assert.deepEqual(expect(1700, '1.50'), { N: '1.50' });
  assert.deepEqual(expect(17, '\\x00ff'), { B: Buffer.from([0, 255]) });
  assert.deepEqual(expect(17, '\\x'), { B: Buffer.alloc(0) });
  assert.deepEqual(expect(700, '0.1'), { FLOAT4: 0.1 });
});

test('a type without expectation is an error that names the column', () => {
  assert.throws(() => expectationFor(600, 'place'), /"place".*600/);
});
