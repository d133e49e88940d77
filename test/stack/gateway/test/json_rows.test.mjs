import assert from 'node:assert/strict';
import test from 'node:test';
import { delimitedRowWriter, headerLine } from '../delimited_rows.mjs';
import { jsonRowWriter } from '../json_rows.mjs';
import { OutBuffer } from '../out_buffer.mjs';
import { Switches } from '../switches.mjs';
import { column, dataRow } from './rows.mjs';

function line(columns, values, changes = {}, extraDigits = 0) {
  const switches = new Switches();
  assert.deepEqual(switches.set(changes), []);
  const out = new OutBuffer();
  jsonRowWriter(columns, switches, extraDigits)(out, dataRow(...values), 0);
  return out.take().toString();
}

function delimited(columns, values, options) {
  const out = new OutBuffer();
  delimitedRowWriter(columns, options, new Switches(), 0)(out, dataRow(...values), 0);
  return out.take().toString();
}

test('strings, numbers, null', () => {
  const columns = [column('a', 20), column('b', 1043), column('c', 1043), column('d', 1700)];
  assert.equal(line(columns, ['9223372036854775807', '', null, '0.10']),
    '{"a":9223372036854775807,"b":"","c":null,"d":0.10}\n');
  assert.equal(line(columns, ['1', 'x', null, '0.10'], { decimal_json: 'string' }), '{"a":1,"b":"x","c":null,"d":"0.10"}\n');
});

test('every character comes back', () => {
  let text = '';
  for (let code = 1; code < 0x250; code++) text += String.fromCharCode(code);
  text += '\u2028\u2029😀漢字 العربية';
  for (const escapes of ['minimal', 'slash', 'unicode', 'all']) {
    const written = line([column('v', 1043)], [text], { json_escapes: escapes });
    assert.equal(JSON.parse(written).v, text, escapes);
    assert.equal(written.indexOf('\n'), written.length - 1);
  }
});

test('optional escapes', () => {
  assert.equal(line([column('v', 1043)], ['/é😀'], { json_escapes: 'minimal' }), '{"v":"/é😀"}\n');
  assert.equal(line([column('v', 1043)], ['/é😀'], { json_escapes: 'slash' }), '{"v":"\\/é😀"}\n');
  assert.equal(line([column('v', 1043)], ['/é😀'], { json_escapes: 'unicode' }), '{"v":"/\\u00e9\\ud83d\\ude00"}\n');
});

test('a large value grows the buffer', () => {
  const text = '"\n\u0001x'.repeat(300_000);
  assert.equal(JSON.parse(line([column('v', 25)], [text])).v, text);
});

test('booleans, padding, super by switch', () => {
  const columns = [column('b', 16), column('c', 1042, 7), column('s', 114)];
  const values = ['t', 'a  ', '{"x" : 1.0,\n "y":" z "}'];
  assert.equal(line(columns, values), '{"b":true,"c":"a  ","s":{"x":1.0,"y":" z "}}\n');
  assert.equal(line(columns, values, { boolean_json: 'quoted', char_padding: false, super_text: 'stored' }),
    '{"b":"t","c":"a","s":{"x":1.0,"y":" z "}}\n');
  assert.equal(line([column('b', 16)], ['f'], { boolean_json: 'bare' }), '{"b":f}\n');
  assert.equal(line([column('s', 114)], ['[1, 2]'], { super_text: 'stored' }), '{"s":[1, 2]}\n');
});

test('floats', () => {
  const columns = [column('f', 701), column('g', 701)];
  assert.equal(line(columns, ['0.1', 'NaN'], {}, 2), '{"f":0.10000000000000001,"g":"nan"}\n');
  assert.equal(line(columns, ['1e+20', '-Infinity'], { nonfinite_json: 'bare' }, 0), '{"f":1e+20,"g":-inf}\n');
});

test('CSV and text', () => {
  const columns = [column('a', 1043), column('B', 17), column('c', 114)];
  assert.equal(delimited(columns, ['x,"y"\n', '\\xAB', null], { format: 'csv', delimiter: ',' }), '"x,""y""\n",AB,null\n');
  assert.equal(delimited(columns, [null, null, '1'], { format: 'csv', delimiter: ',', null: '\\N' }), '\\N,\\N,1\n');
  assert.equal(delimited(columns, ['a|b\\', '\\x00', '[1, 2]'], { format: 'text', delimiter: '|', escape: true, addquotes: true }),
    '"a\\|b\\\\"|"00"|"[1,2]"\n');
  assert.equal(headerLine(columns, { format: 'csv', delimiter: ',' }), 'a,B,c\n');
});
