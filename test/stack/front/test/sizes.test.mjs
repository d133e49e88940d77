import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemBytes, putUnits, valueBytes } from '../dynamodb/item_size.mjs';
import { normalNumber, numberBytes } from '../dynamodb/number_text.mjs';
import { crc32 } from '../http/crc32.mjs';

test('bytes of numbers', () => {
  const sizes = { 0: 1, '-0': 1, 1: 2, 12: 2, 123: 3, 110: 3, 1100: 2, 1.5: 3, 0.15: 2, 0.015: 3, '-42': 3, '1E125': 2, '1e-130': 2 };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(numberBytes(text), bytes, text);
  assert.equal(numberBytes('12345678901234567890123456789012345678'), 20);
});

test('normal form of numbers', () => {
  const forms = { '0042': '42', '1.200': '1.2', '1E2': '100', '-0': '0', '+3': '3', '.5': '0.5', '1.': '1', '12e-4': '0.0012', '-1.5e1': '-15', x: 'x' };
  for (const [text, normal] of Object.entries(forms)) assert.equal(normalNumber(text), normal, text);
});

test('bytes of values and items', () => {
  assert.equal(valueBytes({ S: 'é' }), 2);
  assert.equal(valueBytes({ B: 'AAA=' }), 2);
  assert.equal(valueBytes({ B: 'AA==' }), 1);
  assert.equal(valueBytes({ B: '' }), 0);
  assert.equal(valueBytes({ L: [{ BOOL: true }, { NULL: true }] }), 7);
  assert.equal(valueBytes({ M: { ab: { S: 'x' } } }), 7);
  assert.equal(itemBytes({ pk: { S: 'abc' } }), 5);
  assert.equal(putUnits({ pk: { S: 'a' } }), 1);
  assert.equal(putUnits({ p: { S: 'a'.repeat(1023) } }), 1);
  assert.equal(putUnits({ p: { S: 'a'.repeat(1024) } }), 2);
});

test('crc32', () => assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926));
