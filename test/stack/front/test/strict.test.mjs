import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from '../dynamodb/strict.mjs';

const refusal = (text, operation = 'BatchWriteItem') => {
  const { error } = parseRequest(Buffer.isBuffer(text) ? text : Buffer.from(text), operation);
  return error && JSON.parse(error.body.toString());
};
const withValue = (value) => refusal(`{"RequestItems":{"t":[{"PutRequest":{"Item":{"pk":{"S":"a"},"v":${value}}}}]}}`);

test('wrong JSON types are SerializationException', () => {
  assert.equal(withValue('{"N":5}').Message, 'NUMBER_VALUE cannot be converted to String');
  assert.equal(withValue('{"N":5.5}').Message, 'DECIMAL_VALUE cannot be converted to String');
  assert.equal(withValue('{"S":true}').Message, 'TRUE_VALUE cannot be converted to String');
  for (const value of ['5', '"x"', '[]', '{"L":{}}', '{"M":[]}', '{"B":"abc"}', '{"B":"ab=c"}', '{"B":5}', '{"BOOL":1}', '{"BOOL":"x"}',
    '{"SS":["a",1]}', '{"L":[{"N":1}]}', '{"M":{"a":{"N":1}}}']) {
    assert.match(withValue(value)?.__type ?? '', /SerializationException$/, value);
  }
});

test('broken JSON and broken UTF-8', () => {
  assert.match(refusal('{"RequestItems":').__type, /SerializationException$/);
  assert.match(refusal(Buffer.from([0x22, 0xff, 0x22])).__type, /SerializationException$/);
  assert.match(refusal('{"RequestItems":{"t":5}}').__type, /SerializationException$/);
  assert.match(refusal('{"TableName":"t","Item":5}', 'PutItem').__type, /SerializationException$/);
});

test('attribute names end at 65,535 bytes', () => {
  const named = (length) => refusal(JSON.stringify({ TableName: 't', Item: { ['a'.repeat(length)]: { S: 'x' } } }), 'PutItem');
  assert.equal(named(65535), undefined);
  assert.match(named(65536).__type, /ValidationException$/);
});

test('good values pass', () => {
  for (const value of ['{"N":"5"}', '{"S":""}', '{"B":""}', '{"B":"AAA="}', '{"BOOL":true}', '{"NULL":true}', '{"L":[]}', '{"M":{}}', '{"SS":["a"]}']) {
    assert.equal(withValue(value), undefined, value);
  }
});
