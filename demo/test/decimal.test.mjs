import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalDecimal } from '../lib/decimal.mjs';

const same = (...texts) => {
  const forms = new Set(texts.map(canonicalDecimal));
  assert.equal(forms.size, 1, [...forms].join(' / '));
};

test('one number, many ways to write it', () => {
  same('1.50', '1.5', '15e-1', '0.15E1', '+1.5', '001.500');
  same('100', '1e2', '1E+2', '100.00', '0.1e3');
  same('0', '-0', '0.000', '0e17', '-0.0e-5', '.0');
  same('-0.00000000000000000000000000000000000001', '-1e-38');
  same(`1${'0'.repeat(125)}`, '1e125');
});

test('numbers of 38 digits differ in their last digit', () => {
  assert.notEqual(canonicalDecimal('12345678901234567890123456789012345678'), canonicalDecimal('12345678901234567890123456789012345679'));
  assert.notEqual(canonicalDecimal('9007199254740993'), canonicalDecimal('9007199254740992'));
  assert.notEqual(canonicalDecimal('1'), canonicalDecimal('-1'));
  assert.notEqual(canonicalDecimal('1'), canonicalDecimal('10'));
});

test('what is no number has no form', () => {
  for (const text of ['', '.', '-', 'NaN', 'Infinity', '1e', 'e5', '1,5', ' 1', '0x10', '1.2.3']) assert.equal(canonicalDecimal(text), null, text);
});
