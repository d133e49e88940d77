import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeFromJson } from '../lib/exact_json.mjs';

const read = (text) => JSON.parse(JSON.stringify(attributeFromJson(text)));

test('scalars', () => {
  assert.deepEqual(read('null'), { NULL: true });
  assert.deepEqual(read('true'), { BOOL: true });
  assert.deepEqual(read('false'), { BOOL: false });
  assert.deepEqual(read('""'), { S: '' });
});

test('numbers keep their text', () => {
  for (const text of ['1.50', '1e2', '-0', '1E+2', '12345678901234567890123456789012345678']) assert.deepEqual(read(text), { N: text });
});

test('nested values', () => {
  assert.deepEqual(read(' { "a" : [ 1 , {"b":null} , [] ] , "c" : {} } '), {
    M: { a: { L: [{ N: '1' }, { M: { b: { NULL: true } } }, { L: [] }] }, c: { M: {} } },
  });
});

test('escapes in names and strings', () => {
  assert.deepEqual(read('{"\\u0061\\n\\"":"\\ud83d\\ude00\\\\ \\/"}'), { M: { 'a\n"': { S: '\u{1F600}\\ /' } } });
  assert.deepEqual(read('["{","]",","]'), { L: [{ S: '{' }, { S: ']' }, { S: ',' }] });
});

test('names that JavaScript objects already have', () => {
  assert.deepEqual(Object.keys(attributeFromJson('{"constructor":1,"toString":2}').M), ['constructor', 'toString']);
});

test('what is not JSON is an error', () => {
  for (const text of ['', '{', '[1', '{"a"}', '[1 2]', '1 2', 'nul', '{a:1}', ']']) assert.throws(() => attributeFromJson(text), /not JSON/, text);
});
