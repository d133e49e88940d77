// What the service refuses with SerializationException (or by name length) and DynamoDB Local accepts or answers with 500.
import { isUtf8 } from 'node:buffer';
import { errorReply, serializationError } from './errors.mjs';

const NAME_LIMIT_BYTES = 65535;

class Refusal extends Error {
  constructor(reply) {
    super('refused');
    this.reply = reply;
  }
}

const refuse = (text) => { throw new Refusal(serializationError(text)); };

/** {request} or {error: reply}. */
export function parseRequest(body, operation) {
  if (!isUtf8(body)) return { error: serializationError('Invalid UTF-8 in request') };
  let request;
  try { request = JSON.parse(body.length ? body.toString('utf8') : '{}'); } catch { return { error: serializationError() }; }
  try {
    checkStructure(request, 'Unexpected field type');
    checkOperation(request, operation);
  } catch (error) {
    if (error instanceof Refusal) return { error: error.reply };
    throw error;
  }
  return { request };
}

function checkOperation(request, operation) {
  checkString(request.TableName);
  for (const field of ['Item', 'Key', 'ExclusiveStartKey', 'ExpressionAttributeValues']) checkItem(request[field]);
  if (operation === 'BatchWriteItem') eachTable(request.RequestItems, checkWriteRequests);
  if (operation === 'BatchGetItem') eachTable(request.RequestItems, checkKeys);
  if (operation === 'TransactWriteItems') checkList(request.TransactItems)?.forEach(checkTransactItem);
}

function eachTable(requestItems, check) {
  checkStructure(requestItems);
  for (const entry of Object.values(requestItems ?? {})) check(entry);
}

function checkWriteRequests(list) {
  for (const write of checkList(list) ?? []) {
    checkStructure(write);
    checkStructure(write?.PutRequest);
    checkStructure(write?.DeleteRequest);
    checkItem(write?.PutRequest?.Item);
    checkItem(write?.DeleteRequest?.Key);
  }
}

function checkKeys(entry) {
  checkStructure(entry);
  checkList(entry?.Keys)?.forEach(checkItem);
}

function checkTransactItem(entry) {
  checkStructure(entry);
  for (const action of Object.values(entry ?? {})) {
    checkStructure(action);
    for (const field of ['Item', 'Key', 'ExpressionAttributeValues']) checkItem(action?.[field]);
  }
}

function checkItem(item) {
  checkStructure(item);
  for (const [name, value] of Object.entries(item ?? {})) {
    if (name.length > NAME_LIMIT_BYTES / 3 && Buffer.byteLength(name) > NAME_LIMIT_BYTES) {
      throw new Refusal(errorReply('ValidationException',
        'One or more parameter values were invalid: Attribute name must have length less than or equal to 65535'));
    }
    checkValue(value);
  }
}

const CHECKS = {
  S: checkString, N: checkString, B: checkBlob, BOOL: checkBoolean, NULL: checkBoolean, M: checkItem,
  L: (list) => checkList(list)?.forEach(checkValue), SS: (list) => checkList(list)?.forEach(checkString),
  NS: (list) => checkList(list)?.forEach(checkString), BS: (list) => checkList(list)?.forEach(checkBlob),
};

function checkValue(value) {
  checkStructure(value);
  for (const type of Object.keys(value ?? {})) CHECKS[type]?.(value[type]);
}

function checkStructure(value) {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) refuse('Unrecognized collection type class java.util.Map');
  if (typeof value !== 'object') refuse('Unexpected field type');
}

function checkList(value) {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value;
  return refuse(typeof value === 'object' ? 'Start of structure or map found where not expected' : 'Unexpected field type');
}

function tokenName(value) {
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return Number.isInteger(value) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE';
}

function checkString(value) {
  if (value === undefined || value === null || typeof value === 'string') return;
  if (Array.isArray(value)) refuse('Unrecognized collection type class java.lang.String');
  if (typeof value === 'object') refuse('Start of structure or map found where not expected');
  refuse(`${tokenName(value)} cannot be converted to String`);
}

function checkBoolean(value) {
  if (value === undefined || value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    if (!/^(true|false|yes|no|1|0)$/i.test(value)) refuse('Unexpected token received from parser');
    return;
  }
  if (typeof value === 'object') refuse('Start of structure or map found where not expected');
  refuse(`${tokenName(value)} cannot be converted to Boolean`);
}

function checkBlob(value) {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') refuse('only base-64-encoded strings are convertible to bytes');
  if (value.length % 4 !== 0) refuse(`Base64 encoded length is expected a multiple of 4 bytes but found: ${value.length}`);
  const bad = /[^A-Za-z0-9+/]/.exec(value.replace(/={1,2}$/, ''));
  if (bad) refuse(`Invalid Base64 character: '${bad[0]}'`);
}
