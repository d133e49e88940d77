import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareItem, compareValues, keyText } from '../lib/compare.mjs';

const equal = (expected, found) => assert.equal(compareValues(expected, found, 'a'), null, `${JSON.stringify(expected)} ${JSON.stringify(found)}`);
const differ = (expected, found, path = 'a') => assert.equal(compareValues(expected, found, 'a')?.path, path, `${JSON.stringify(expected)} ${JSON.stringify(found)}`);

test('numbers are compared by value, exactly', () => {
  equal({ N: '1.50' }, { N: '1.5' });
  equal({ N: '-0' }, { N: '0' });
  differ({ N: '9007199254740993' }, { N: '9007199254740992' });
  differ({ N: '0.1' }, { N: '0.1000000000000000055511151231257827' });
});

test('floats are compared by what the number reads back to', () => {
  equal({ FLOAT8: 0.1 }, { N: '0.1000000000000000055511151231257827' });
  equal({ FLOAT8: 1e23 }, { N: '99999999999999990000000' });
  differ({ FLOAT8: 0.1 }, { N: '0.10000000000000002' });
  equal({ FLOAT4: 0.1 }, { N: '0.100000001490116' });
  equal({ FLOAT4: Math.fround(0.1) }, { N: '0.1' });
  equal({ FLOAT4: 1e-45 }, { N: '0.000000000000000000000000000000000000000000001' });
  differ({ FLOAT4: 0.1 }, { N: '0.10000001' });
  equal({ FLOAT8: -0 }, { N: '0' });
  differ({ FLOAT8: 1 }, { S: '1' });
  differ({ FLOAT8: NaN }, { N: 'NaN' });
});

test('types differ even where texts are the same', () => {
  differ({ S: '1' }, { N: '1' });
  differ({ S: 'true' }, { BOOL: true });
  differ({ S: '' }, { NULL: true });
  differ({ B: Buffer.from('a') }, { S: 'a' });
  differ({ L: [] }, { M: {} });
  differ({ S: 'a' }, { S: 'a', N: '1' });
  differ({ S: 'a' }, { SS: ['a'] });
});

test('strings are compared code by code, bytes byte by byte', () => {
  equal({ S: 'e\u0301' }, { S: 'e\u0301' });
  differ({ S: 'e\u0301' }, { S: '\u00e9' });
  differ({ S: 'a' }, { S: 'a ' });
  equal({ B: Buffer.from([1, 2]) }, { B: new Uint8Array([1, 2]) });
  differ({ B: Buffer.from([1, 2]) }, { B: new Uint8Array([1, 2, 0]) });
  differ({ B: Buffer.from([1, 2]) }, { B: new Uint8Array([2, 1]) });
});

test('nested values name the place of the first difference', () => {
  equal({ M: { a: { L: [{ N: '1e2' }, { NULL: true }] } } }, { M: { a: { L: [{ N: '100' }, { NULL: true }] } } });
  differ({ M: { x: { L: [{ N: '1' }, { N: '2' }] } } }, { M: { x: { L: [{ N: '1' }, { N: '3' }] } } }, 'a.x[1]');
  differ({ L: [{ S: 'a' }] }, { L: [] }, 'a[0]');
  differ({ L: [] }, { L: [{ S: 'a' }] }, 'a[0]');
  differ({ M: { x: { S: '' } } }, { M: {} }, 'a.x');
  differ({ M: {} }, { M: { constructor: { S: '' } } }, 'a.constructor');
  differ({ M: { constructor: { S: '' } } }, { M: {} }, 'a.constructor');
});

test('items: missing, extra and changed attributes are all found', () => {
  const row = new Map([['id', { N: '1' }], ['gone', { S: 'x' }], ['none', undefined], ['flag', { BOOL: true }]]);
  assert.deepEqual(compareItem(row, { id: { N: '1' }, gone: { S: 'x' }, flag: { BOOL: true } }), []);
  const found = compareItem(row, { id: { N: '1.0' }, none: { NULL: true }, flag: { BOOL: false }, extra: { S: '' } });
  assert.deepEqual(found.map(({ path }) => path), ['gone', 'none', 'flag', 'extra']);
});

test('keys: equal for equal numbers only', () => {
  assert.equal(keyText([{ N: '1.0' }, { S: 'a' }]), keyText([{ N: '1' }, { S: 'a' }]));
  assert.equal(keyText([{ B: Buffer.from([1]) }]), keyText([{ B: new Uint8Array([1]) }]));
  assert.notEqual(keyText([{ N: '1' }]), keyText([{ S: '1' }]));
  assert.notEqual(keyText([{ S: 'a' }, { S: 'b' }]), keyText([{ S: 'a", "S b' }]));
  assert.throws(() => keyText([{ BOOL: true }]), /cannot be a key/);
});
