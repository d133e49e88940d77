// The DynamoDB side of the front, over the wire, with a stub in the place of DynamoDB Local.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { crc32 } from '../http/crc32.mjs';
import { batchOf, control, dynamodb, frontWithStub, send, sign } from './helpers.mjs';

let stack;
let port;
before(async () => { stack = await frontWithStub(); port = stack.ports.dynamodb; });
after(() => stack.close());
afterEach(async () => { await control(stack.ports.control, 'DELETE', '/'); stack.stub.seen.length = 0; });

const post = async (path, value) => {
  const { status, json } = await control(stack.ports.control, 'POST', path, value);
  assert.equal(status, 200, JSON.stringify(json));
  return json;
};
const fault = (action, more = {}) => post('/faults', [{ service: 'dynamodb', action, ...more }]);
const batch = (keys = ['a', 'b', 'c'], options) => dynamodb(port, 'BatchWriteItem', batchOf(keys), options);
const type = ({ json }) => json.__type.split('#')[1];
const writes = () => stack.stub.seen.filter(({ operation }) => operation === 'BatchWriteItem').map(({ request }) => request.RequestItems.t.length);
const keysOf = (list) => list.map(({ PutRequest }) => PutRequest.Item.pk.S).sort().join('');

test('a signed batch passes, with request id, CRC and date', async () => {
  const reply = await batch();
  assert.equal(reply.status, 200);
  assert.match(reply.headers['x-amzn-requestid'], /^[A-Z0-9]{52}$/);
  assert.equal(Number(reply.headers['x-amz-crc32']), crc32(reply.body));
  assert.ok(Math.abs(Date.parse(reply.headers.date) - Date.now()) < 5000);
  const { json } = await control(stack.ports.control, 'GET', '/counters');
  assert.deepEqual([json.items_written, json.write_units, json.requests.dynamodb.BatchWriteItem], [3, 3, 1]);
});

test('signature errors in the words of the service', async () => {
  const wrong = await batch(['a'], { key: { accessKeyId: 'S3RVER', secretAccessKey: 'x' } });
  assert.deepEqual([wrong.status, wrong.json.__type], [400, 'com.amazon.coral.service#InvalidSignatureException']);
  assert.equal(Number(wrong.headers['x-amz-crc32']), crc32(wrong.body));
  assert.equal(type(await batch(['a'], { key: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } })), 'UnrecognizedClientException');
  assert.match((await batch(['a'], { region: 'eu-west-1' })).json.message, /valid region/);
  assert.match((await batch(['a'], { date: new Date(Date.now() - 16 * 60e3) })).json.message, /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$/);
  assert.match((await batch(['a'], { date: new Date(Date.now() + 16 * 60e3) })).json.message, /^Signature not yet current/);
  const signed = await sign({ port, service: 'dynamodb', headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' }, body: Buffer.from('{}') });
  assert.equal(type({ json: JSON.parse((await send({ ...signed, body: Buffer.from('{ }') })).body) }), 'InvalidSignatureException');
  const { authorization, ...unsigned } = signed.headers;
  assert.equal(type({ json: JSON.parse((await send({ ...signed, headers: unsigned })).body) }), 'MissingAuthenticationTokenException');
  assert.deepEqual(writes(), []);
});

test('temporary credentials: token, expiry, permission', async () => {
  const key = { accessKeyId: 'ASIATEMP', secretAccessKey: 's', sessionToken: 'FwoGZXIvYXdzEXAMPLE' };
  const given = { access_key_id: 'ASIATEMP', secret_access_key: 's', session_token: 'FwoGZXIvYXdzEXAMPLE' };
  await post('/credentials', { ...given, allow: ['dynamodb:Batch*'] });
  assert.equal((await batch(['a'], { key })).status, 200);
  assert.equal(type(await batch(['a'], { key: { ...key, sessionToken: 'other' } })), 'UnrecognizedClientException');
  const denied = await dynamodb(port, 'DescribeTable', { TableName: 't' }, { key });
  assert.equal(type(denied), 'AccessDeniedException');
  assert.match(denied.json.Message, /not authorized to perform: dynamodb:DescribeTable on resource: arn:aws:dynamodb:us-east-1:123456789012:table\/t because no identity-based policy/);
  await post('/credentials', { ...given, expires_at: new Date(Date.now() - 1000).toISOString() });
  assert.equal(type(await batch(['a'], { key })), 'ExpiredTokenException');
  const { json } = await control(stack.ports.control, 'GET', '/log?last=50');
  assert.ok(!JSON.stringify(json).includes('FwoGZXIvYXdz'));
});

test('errors of DynamoDB Local come in the words of the service', async () => {
  const reply = await dynamodb(port, 'DescribeTable', { TableName: 'nope' });
  assert.equal(reply.json.message, 'Requested resource not found: Table: nope not found');
  assert.equal((await dynamodb(port, 'DescribeTable', { TableName: 't' })).json.Table.TableArn, 'arn:aws:dynamodb:us-east-1:123456789012:table/t');
});

test('scripted errors, with headers and more fields', async () => {
  await fault({ type: 'error', status: 503, code: 'ServiceUnavailable', message: 'busy', headers: { 'x-amz-retry-after': '250' }, fields: { extra: [1] } });
  const reply = await batch();
  assert.deepEqual([reply.status, type(reply), reply.json.message, reply.headers['x-amz-retry-after'], reply.json.extra[0]], [503, 'ServiceUnavailable', 'busy', '250', 1]);
  assert.equal((await batch()).status, 200);
});

test('a poisoned key refuses each batch that holds it', async () => {
  await fault({ type: 'error', code: 'ValidationException', message: 'no' }, { match: { key_prefix: 'bad' }, times: null });
  assert.equal(type(await batch(['a', 'bad1'])), 'ValidationException');
  assert.equal((await batch(['a', 'good'])).status, 200);
});

test('connections cut before and after the request is applied', async () => {
  await fault({ type: 'reset', when: 'before' });
  await assert.rejects(batch(), /ECONNRESET|socket hang up/);
  assert.deepEqual(writes(), []);
  await fault({ type: 'reset', when: 'after' });
  await assert.rejects(batch(), /ECONNRESET|socket hang up/);
  assert.deepEqual(writes(), [3]);
});

test('late: cut at once, or when the client goes, and applied after that', async () => {
  const applied = async () => (await control(stack.ports.control, 'GET', '/counters')).json.applied_late;
  const until = async (count) => { while (await applied() < count) await new Promise((resolve) => setTimeout(resolve, 10)); };
  await fault({ type: 'late', ms: 100 });
  await assert.rejects(batch(), /ECONNRESET|socket hang up/);
  assert.deepEqual(writes(), []);
  await until(1);
  assert.deepEqual(writes(), [3]);
  await fault({ type: 'late', ms: 0, cut: false });
  const { method, path, headers, body } = await sign({ port, service: 'dynamodb', body: Buffer.from(JSON.stringify(batchOf(['a']))),
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.BatchWriteItem' } });
  const request = http.request({ port, method, path, headers, agent: false }).on('error', () => {});
  request.end(body);
  while (!(await control(stack.ports.control, 'GET', '/faults')).json.at(-1).fired) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await applied(), 1);
  request.destroy();
  await until(2);
  assert.deepEqual(writes(), [3, 1]);
});

test('delay and hang', async () => {
  await fault({ type: 'delay', ms: 120 });
  const started = performance.now();
  await batch();
  assert.ok(performance.now() - started > 110);
  await fault({ type: 'hang', ms: 80 });
  await assert.rejects(batch(), /ECONNRESET|socket hang up/);
});

test('replies truncated, corrupt, of wrong length, with wrong CRC', async () => {
  await fault({ type: 'truncate', bytes: 5 });
  const short = await batch();
  assert.deepEqual([short.cut, short.body.length], [true, 5]);
  await fault({ type: 'truncate', bytes: 0 });
  assert.deepEqual(await batch().then((r) => [r.cut, r.body.length]), [true, 0]);
  await fault({ type: 'corrupt', offset: 2 });
  const corrupt = await batch();
  assert.notEqual(Number(corrupt.headers['x-amz-crc32']), crc32(corrupt.body));
  await fault({ type: 'wrong_length' });
  assert.equal((await batch()).cut, true);
  await fault({ type: 'bad_crc' });
  const bad = await batch();
  assert.equal(bad.json.UnprocessedItems !== undefined, true);
  assert.notEqual(Number(bad.headers['x-amz-crc32']), crc32(bad.body));
});

test('unprocessed items by rule: some, those of a key prefix, all', async () => {
  await fault({ type: 'unprocessed', count: 2 });
  const some = await batch(['a', 'b', 'c']);
  assert.equal(keysOf(some.json.UnprocessedItems.t), 'ab');
  assert.equal(Number(some.headers['x-amz-crc32']), crc32(some.body));
  await fault({ type: 'unprocessed' }, { match: { key_prefix: 'c' } });
  assert.equal(keysOf((await batch(['a', 'b', 'c'])).json.UnprocessedItems.t), 'c');
  await fault({ type: 'unprocessed', count: 'all' });
  assert.equal(keysOf((await batch(['a', 'b', 'c'])).json.UnprocessedItems.t), 'abc');
  assert.deepEqual(writes(), [1, 2]);
});

test('clock skew shifts the Date header and the signature check', async () => {
  await fault({ type: 'clock_skew', seconds: 3600 }, { times: 2 });
  const late = await batch();
  assert.match(late.json.message, /^Signature expired/);
  const shifted = Date.parse(late.headers.date);
  assert.ok(Math.abs(shifted - Date.now() - 3600e3) < 5000);
  assert.equal((await batch(['a'], { date: new Date(shifted) })).status, 200);
});

test('throttles: part of a batch, then the whole call', async () => {
  await post('/throttle', { table: 't', units_per_s: 0.001, burst_units: 2 });
  const part = await batch(['a', 'b', 'c']);
  assert.equal(keysOf(part.json.UnprocessedItems.t), 'c');
  const whole = await batch(['a', 'b', 'c']);
  assert.equal(type(whole), 'ProvisionedThroughputExceededException');
  assert.deepEqual(whole.json.ThrottlingReasons, [{ reason: 'TableWriteProvisionedThroughputExceeded', resource: 'arn:aws:dynamodb:us-east-1:123456789012:table/t' }]);
  await post('/throttle', { table: 't', units_per_s: 10_000, burst_units: 100, start_units: 100 });
  assert.deepEqual((await batch(['a', 'b', 'c'])).json.UnprocessedItems, {});
  const { json } = await control(stack.ports.control, 'GET', '/counters');
  assert.deepEqual([json.throttled_calls, json.throttled_items, json.items_unprocessed, json.items_written], [1, 4, 1, 5]);
});

test('a hot partition throttles with the other exception', async () => {
  await post('/throttle', { table: 't', units_per_s: 10_000, partitions: 1, partition_units_per_s: 0.001 });
  await batch(['a']);
  const reply = await batch(['b']);
  assert.equal(type(reply), 'ThrottlingException');
  assert.equal(reply.json.throttlingReasons[0].reason, 'TableWriteKeyRangeThroughputExceeded');
});

test('a batch the service would refuse is not throttled but judged whole', async () => {
  await post('/throttle', { table: 't', units_per_s: 0.001, start_units: 0 });
  assert.equal((await batch(['a', 'a'])).status, 200);
  assert.deepEqual(writes(), [2]);
});

test('a new table is CREATING for a while', async () => {
  await post('/settings', { creating_ms: 150 });
  const made = await dynamodb(port, 'CreateTable', { TableName: 't' });
  assert.equal(made.json.TableDescription.TableStatus, 'CREATING');
  assert.equal(type(await batch()), 'ResourceNotFoundException');
  assert.equal((await dynamodb(port, 'DescribeTable', { TableName: 't' })).json.Table.TableStatus, 'CREATING');
  await new Promise((resolve) => { setTimeout(resolve, 170); });
  assert.equal((await dynamodb(port, 'DescribeTable', { TableName: 't' })).json.Table.TableStatus, 'ACTIVE');
  assert.equal((await batch()).status, 200);
});

test('a table whose name differs in case gets a name of its own behind the front', async () => {
  await dynamodb(port, 'CreateTable', { TableName: 'T' });
  assert.notEqual(stack.stub.seen.at(-1).request.TableName.toLowerCase(), 't');
  await dynamodb(port, 'PutItem', { TableName: 'T', Item: { pk: { S: 'a' } } });
  assert.match(stack.stub.seen.at(-1).request.TableName, /^T\.\.case/);
  await dynamodb(port, 'DeleteTable', { TableName: 'T' });
});

test('numbers come back as sent or in normal form', async () => {
  await post('/settings', { unprocessed_numbers: 'normal' });
  await fault({ type: 'unprocessed' });
  const reply = await dynamodb(port, 'BatchWriteItem', batchOf(['a'], { n: { N: '1.50' } }));
  assert.equal(reply.json.UnprocessedItems.t[0].PutRequest.Item.n.N, '1.5');
});

test('what is no DynamoDB request at all', async () => {
  assert.equal((await send({ port, method: 'GET' })).status, 404);
  assert.equal((await send({ port, headers: { 'content-type': 'text/plain' }, body: 'x' })).status, 404);
  assert.equal((await send({ port, headers: { 'content-type': 'application/json', 'content-length': 17 * 1024 * 1024 }, body: Buffer.alloc(17 * 1024 * 1024) })).status, 413);
});

test('requests side by side are counted in flight', async () => {
  await fault({ type: 'delay', ms: 50 }, { times: 5 });
  await Promise.all(Array.from({ length: 5 }, (_, i) => batch([`k${i}`])));
  const { json } = await control(stack.ports.control, 'GET', '/counters');
  assert.deepEqual([json.max_in_flight.dynamodb, json.in_flight.dynamodb], [5, 0]);
});

test('fronts that share a DynamoDB Local call it with keys of their own', async () => {
  await batch();
  const other = await frontWithStub(undefined, { dynamodbAccessKeyId: 'stack01' });
  try {
    await dynamodb(other.ports.dynamodb, 'BatchWriteItem', batchOf(['a']));
    assert.match(stack.stub.seen.at(-1).authorization, / Credential=S3RVER\//);
    assert.ok(other.stub.seen.length > 1);
    for (const { authorization } of other.stub.seen) assert.match(authorization, / Credential=stack01\//);
  } finally {
    await other.close();
  }
});
