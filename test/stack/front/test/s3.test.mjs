// The S3 side of the front with a real s3rver behind it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32 } from '../http/crc32.mjs';
import { control, frontWithStub, KEY, s3, send, sign } from './helpers.mjs';

let stack;
let port;
let server;
let directory;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rs2ddb-s3-test-'));
  const script = fileURLToPath(new URL('../../lib/s3_server.mjs', import.meta.url));
  server = spawn(process.execPath, [script], { env: { ...process.env, S3_DIRECTORY: directory, S3_BUCKETS: 'b' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await new Promise((resolve) => { createInterface({ input: server.stdout }).once('line', (text) => resolve([text])); });
  stack = await frontWithStub(`http://127.0.0.1:${JSON.parse(line.slice(6)).port}`);
  port = stack.ports.s3;
});
after(async () => { await stack.close(); server.kill(); rmSync(directory, { recursive: true }); });
afterEach(() => control(stack.ports.control, 'DELETE', '/'));

const put = (key, body, options) => s3(port, 'PUT', `/b/${key}`, { body, ...options });
const get = (key, headers) => s3(port, 'GET', `/b/${key}`, { headers });
const code = ({ body }) => /<Code>(.*?)<\/Code>/.exec(body.toString())?.[1];
const fault = (action, more = {}) => control(stack.ports.control, 'POST', '/faults', [{ service: 's3', action, ...more }]);
const list = (query) => s3(port, 'GET', '/b', { query: { 'list-type': '2', ...query } });
const keys = ({ body }) => [...body.toString().matchAll(/<Key>(.*?)<\/Key>/g)].map((m) => m[1]);

test('an object comes back as it went, with request ids', async () => {
  const stored = await put('a/x', 'hello world');
  assert.equal(stored.status, 200);
  const reply = await get('a/x');
  assert.deepEqual([reply.status, reply.body.toString(), reply.headers.etag], [200, 'hello world', stored.headers.etag]);
  assert.match(reply.headers['x-amz-request-id'], /^[A-Z0-9]{16}$/);
  assert.ok(reply.headers['x-amz-id-2'].length > 50);
});

test('signature errors in the words of the service', async () => {
  const with_ = (options) => s3(port, 'GET', '/b/a', options);
  const wrong = await with_({ key: { ...KEY, secretAccessKey: 'x' } });
  assert.deepEqual([wrong.status, code(wrong)], [403, 'SignatureDoesNotMatch']);
  assert.match(wrong.body.toString(), /<CanonicalRequest>GET\n/);
  assert.equal(code(await with_({ key: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } })), 'InvalidAccessKeyId');
  const skewed = await with_({ date: new Date(Date.now() - 16 * 60e3) });
  assert.deepEqual([skewed.status, code(skewed)], [403, 'RequestTimeTooSkewed']);
  assert.match(skewed.body.toString(), /<MaxAllowedSkewMilliseconds>900000</);
  const region = await with_({ region: 'eu-west-1' });
  assert.deepEqual([region.status, code(region), region.headers['x-amz-bucket-region']], [400, 'AuthorizationHeaderMalformed', 'us-east-1']);
  assert.equal(code(await send({ port, method: 'GET', path: '/b/a' })), 'AccessDenied');
  const signed = await sign({ port, service: 's3', method: 'GET', path: '/b/a', payloadHash: 'UNSIGNED-PAYLOAD' });
  assert.equal(code(await send({ ...signed, headers: { ...signed.headers, 'x-amz-meta-x': '1' } })), 'AccessDenied');
  assert.equal((await s3(port, 'HEAD', '/b/a', { key: { ...KEY, secretAccessKey: 'x' } })).body.length, 0);
});

test('a body that does not fit its hash never becomes an object', async () => {
  const signed = await sign({ port, service: 's3', method: 'PUT', path: '/b/wrong', payloadHash: createHash('sha256').update('right').digest('hex') });
  assert.equal(code(await send({ ...signed, headers: { ...signed.headers, 'content-length': 5 }, body: 'wrong' })), 'XAmzContentSHA256Mismatch');
  assert.equal(code(await put('wrong', 'text', { headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } })), 'BadDigest');
  assert.equal(code(await put('wrong', 'text', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } })), 'BadDigest');
  assert.equal((await get('wrong')).status, 404);
});

test('ranges and If-Match', async () => {
  const { headers: { etag } } = await put('r', '0123456789');
  const range = async (text) => { const r = await get('r', { range: text }); return [r.status, r.headers['content-range'], r.body.toString()]; };
  assert.deepEqual(await range('bytes=0-0'), [206, 'bytes 0-0/10', '0']);
  assert.deepEqual(await range('bytes=3-5'), [206, 'bytes 3-5/10', '345']);
  assert.deepEqual(await range('bytes=8-99'), [206, 'bytes 8-9/10', '89']);
  assert.deepEqual(await range('bytes=-3'), [206, 'bytes 7-9/10', '789']);
  assert.deepEqual(await range('bytes=0-1,3-4'), [200, undefined, '0123456789']);
  const past = await get('r', { range: 'bytes=10-' });
  assert.deepEqual([past.status, code(past)], [416, 'InvalidRange']);
  assert.equal((await get('r', { 'if-match': etag, range: 'bytes=1-1' })).body.toString(), '1');
  assert.deepEqual(await get('r', { 'if-match': '"other"', range: 'bytes=1-1' }).then((r) => [r.status, code(r)]), [412, 'PreconditionFailed']);
  assert.equal((await get('r', { 'if-match': '"other"', range: 'bytes=99-' })).status, 412);
  assert.equal((await put('r', 'x', { headers: { 'if-none-match': '*' } })).status, 412);
  await put('empty', '');
  assert.equal((await get('empty', { range: 'bytes=0-' })).status, 416);
});

test('listing: byte order, pages, prefixes, any character', async () => {
  const names = ['l/a', 'l/a-b', 'l/a/c', 'l/b c+d&e', 'l/z'];
  for (const name of names) await put(name.split('/').map((part) => encodeURIComponent(part)).join('/'), 'x');
  assert.deepEqual(keys(await list({ prefix: 'l/', 'encoding-type': 'url' })), ['l/a', 'l/a-b', 'l/a/c', 'l/b%20c%2Bd%26e', 'l/z']);
  const first = await list({ prefix: 'l/', 'max-keys': '3' });
  const token = /<NextContinuationToken>(.*?)</.exec(first.body.toString())[1];
  assert.deepEqual(keys(await list({ prefix: 'l/', 'continuation-token': token })), ['l/b c+d&amp;e', 'l/z']);
  assert.match((await list({ prefix: 'l/', delimiter: '/' })).body.toString(), /<CommonPrefixes><Prefix>l\/a\/<\/Prefix>/);
  assert.equal(code(await list({ 'continuation-token': 'nonsense' })), 'InvalidArgument');
});

test('DeleteObjects needs a checksum, and deletes side by side', async () => {
  await Promise.all(['d/1', 'd/2', 'd/3&4', '5'].map((name) => put(encodeURIComponent(name).replace('%2F', '/'), 'x')));
  const body = '<Delete><Quiet>true</Quiet>' + ['d/1', 'd/2', 'd/3&amp;4', '5', 'none'].map((key) => `<Object><Key>${key}</Key></Object>`).join('') + '</Delete>';
  const remove = (headers) => s3(port, 'POST', '/b', { query: { delete: '' }, body, headers });
  assert.equal(code(await remove()), 'InvalidRequest');
  const done = await remove({ 'content-md5': createHash('md5').update(body).digest('base64') });
  assert.equal(done.status, 200);
  assert.ok(!done.body.toString().includes('Deleted>'));
  assert.deepEqual(keys(await list({ prefix: 'd/' })), []);
});

/** Encodes and signs an aws-chunked body by the published rules. */
function chunked({ signature, date, scope, chunks, trailer }) {
  const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
  const sha = (data) => createHash('sha256').update(data).digest('hex');
  const signingKey = scope.split('/').reduce((key, part) => hmac(key, part), `AWS4${KEY.secretAccessKey}`);
  let previous = signature;
  const next = (...lines) => { previous = hmac(signingKey, lines.join('\n')).toString('hex'); return previous; };
  const parts = [...chunks, ''].map((chunk) => {
    const mark = next('AWS4-HMAC-SHA256-PAYLOAD', date, scope, previous, sha(''), sha(chunk));
    return `${chunk.length.toString(16)};chunk-signature=${mark}\r\n${chunk}${chunk ? '\r\n' : ''}`;
  });
  const tail = trailer ? `${trailer}\r\nx-amz-trailer-signature:${next('AWS4-HMAC-SHA256-TRAILER', date, scope, previous, sha(`${trailer}\n`))}\r\n\r\n` : '\r\n';
  return parts.join('') + tail;
}

async function putChunked(key, form, makeBody, headers) {
  const signed = await sign({ port, service: 's3', method: 'PUT', path: `/b/${key}`, payloadHash: form, headers: { 'content-encoding': 'aws-chunked', ...headers } });
  const scope = /Credential=[^/]+\/([^,]+)/.exec(signed.headers.authorization)[1];
  const signature = /Signature=(\w+)/.exec(signed.headers.authorization)[1];
  const body = makeBody({ signature, scope, date: signed.headers['x-amz-date'] });
  return send({ ...signed, headers: { ...signed.headers, 'content-length': Buffer.byteLength(body) }, body });
}

test('aws-chunked bodies: signed, with trailer, unsigned', async () => {
  const chunks = ['a'.repeat(9000), 'bc'];
  const length = { 'x-amz-decoded-content-length': '9002' };
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(Buffer.from(chunks.join(''))));
  const trailer = `x-amz-checksum-crc32:${sum.toString('base64')}`;
  const trailing = { ...length, 'x-amz-trailer': 'x-amz-checksum-crc32' };
  const good = [
    await putChunked('c1', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', (s) => chunked({ ...s, chunks }), length),
    await putChunked('c2', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', (s) => chunked({ ...s, chunks, trailer }), trailing),
    await putChunked('c3', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', () => `232a\r\n${chunks.join('')}\r\n0\r\n${trailer}\r\n\r\n`, trailing),
  ];
  assert.deepEqual(good.map(({ status }) => status), [200, 200, 200]);
  for (const key of ['c1', 'c2', 'c3']) {
    const reply = await get(key);
    assert.equal(reply.body.toString(), chunks.join(''));
    assert.equal(reply.headers['content-encoding'], undefined);
  }
  const spoiled = (s) => chunked({ ...s, chunks }).replace('bc', 'bd');
  assert.equal(code(await putChunked('c4', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', spoiled, length)), 'SignatureDoesNotMatch');
  const wrongSum = () => `232a\r\n${chunks.join('')}\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`;
  assert.equal(code(await putChunked('c4', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', wrongSum, trailing)), 'BadDigest');
  assert.equal((await get('c4')).status, 404);
});

test('faults on reads: truncated, corrupt, cut, wrong length', async () => {
  const body = Buffer.alloc(200_000, 'x');
  await put('big', body);
  await fault({ type: 'truncate', bytes: 70_000 });
  const short = await get('big');
  assert.deepEqual([short.cut, short.body.length, short.headers['content-length']], [true, 70_000, '200000']);
  await fault({ type: 'corrupt', offset: 150_000 });
  const corrupt = await get('big');
  assert.deepEqual([corrupt.body.length, corrupt.body.findIndex((byte) => byte !== 120)], [200_000, 150_000]);
  await fault({ type: 'wrong_length', delta: 10 });
  assert.equal((await get('big')).cut, true);
  await fault({ type: 'reset', when: 'before' });
  await assert.rejects(get('big'));
  assert.equal((await get('big')).body.length, 200_000);
});

test('a write that is cut after it was applied has been applied', async () => {
  await fault({ type: 'reset', when: 'after' }, { match: { target: 'PutObject', key_prefix: 'cut' } });
  await assert.rejects(put('cut', 'x'));
  assert.equal((await get('cut')).body.toString(), 'x');
});

test('another body in the place of an object', async () => {
  await put('x', 'one two one');
  await fault({ type: 'edit', pattern: 'o(n)e', replacement: '$1\xff' });
  const edited = await get('x');
  assert.deepEqual([edited.body.toString('latin1'), edited.headers['content-length']], ['n\xff two n\xff', '9']);
  await fault({ type: 'serve', file: new URL(import.meta.url).pathname });
  assert.match((await get('x')).body.toString(), /another body in the place of an object/);
  assert.equal((await get('x')).body.toString(), 'one two one');
});

test('redirects to another region, until the signature is for that region', async () => {
  await put('x', '1');
  for (const [form, status, name] of [[301, 301, 'PermanentRedirect'], [307, 307, 'TemporaryRedirect'], [400, 400, 'AuthorizationHeaderMalformed']]) {
    await fault({ type: 'redirect', region: 'eu-west-1', form }, { times: null });
    const reply = await get('x');
    assert.deepEqual([reply.status, code(reply), reply.headers['x-amz-bucket-region']], [status, name, 'eu-west-1']);
    assert.equal((await s3(port, 'GET', '/b/x', { region: 'eu-west-1' })).status, 200);
    await control(stack.ports.control, 'DELETE', '/faults');
  }
});

test('scripted errors and permissions', async () => {
  await fault({ type: 'error', status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' });
  assert.deepEqual(await get('x').then((r) => [r.status, code(r)]), [503, 'SlowDown']);
  await control(stack.ports.control, 'POST', '/credentials', { access_key_id: 'AKREAD', secret_access_key: 's', allow: ['s3:GetObject'] });
  const key = { accessKeyId: 'AKREAD', secretAccessKey: 's' };
  assert.equal((await s3(port, 'GET', '/b/x', { key })).status, 200);
  const denied = await s3(port, 'GET', '/b', { query: { 'list-type': '2' }, key });
  assert.deepEqual([denied.status, code(denied)], [403, 'AccessDenied']);
  assert.match(denied.body.toString(), /s3:ListBucket on resource: &quot;arn:aws:s3:::b&quot;/);
  assert.deepEqual(await s3(port, 'GET', '/b/none', { key }).then((r) => [r.status, code(r)]), [403, 'AccessDenied']);
});
