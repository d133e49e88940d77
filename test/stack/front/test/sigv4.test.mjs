import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalHeaderMap, parseAuthorization, parseTarget, recompute, signingTime, verify } from '../auth/sigv4.mjs';
import { Credentials } from '../auth/credentials.mjs';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const DATE = '20130524T000000Z';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const HOST = 'examplebucket.s3.amazonaws.com';

/** The four examples of the S3 documentation: method, target, payload hash, more headers, signature. */
const PUBLISHED = [
  ['GET', '/test.txt', EMPTY, { range: 'bytes=0-9' }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
  ['PUT', '/test%24file.text', '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd'],
  ['GET', '/?lifecycle', EMPTY, {}, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['GET', '/?max-keys=2&prefix=J', EMPTY, {}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
];

function example([method, url, payloadHash, more, signature]) {
  const headers = { host: HOST, 'x-amz-date': DATE, 'x-amz-content-sha256': payloadHash, ...more };
  const signedHeaders = Object.keys(headers).sort();
  headers.authorization = 'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,'
    + `SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`;
  return { method, url, headers, payloadHash };
}

const credentials = new Credentials({ access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: SECRET });
const check = (request, more = {}) =>
  verify({ ...request, service: 's3', regions: ['us-east-1'], credentials, nowMs: Date.UTC(2013, 4, 24), ...more });

for (const published of PUBLISHED) {
  test(`published signature: ${published[0]} ${published[1]}`, async () => {
    const verdict = await check(example(published));
    assert.equal(verdict.failure, undefined);
    assert.ok(verdict.ok);
  });
}

test('one changed byte is a mismatch, and the secret stays inside', async () => {
  const verdict = await check({ ...example(PUBLISHED[0]), url: '/test.txu' });
  assert.equal(verdict.failure, 'mismatch');
  assert.ok(!JSON.stringify(verdict).includes(SECRET));
  assert.equal(verdict.signingKey, undefined);
});

test('failures in turn', async () => {
  const good = example(PUBLISHED[0]);
  const failure = async (change, more) => (await check({ ...good, headers: { ...good.headers, ...change } }, more)).failure;
  assert.equal(await failure({ authorization: '' }), 'missing');
  assert.equal(await failure({ authorization: 'AWS x:y' }), 'malformed');
  assert.equal(await failure({ 'x-amz-date': 'yesterday' }), 'no_date');
  assert.equal(await failure({ 'x-amz-security-token': 'x' }), 'bad_token');
  assert.equal(await failure({}, { nowMs: Date.UTC(2013, 4, 24, 0, 15, 1) }), 'skewed');
  assert.equal(await failure({}, { nowMs: Date.UTC(2013, 4, 23, 23, 44, 59) }), 'skewed');
  assert.equal(await failure({}, { nowMs: Date.UTC(2013, 4, 24, 0, 14, 59) }), undefined);
  assert.equal(await failure({}, { regions: ['eu-west-1'] }), 'wrong_region');
  assert.equal(await failure({}, { service: 'dynamodb' }), 'wrong_service');
  assert.equal(await failure({ 'x-amz-meta-a': 'not signed' }), 'unsigned_headers');
  assert.equal(await failure({}, { credentials: new Credentials({ access_key_id: 'x', secret_access_key: 'y' }) }), 'unknown_key');
});

test('canonical forms', () => {
  assert.deepEqual(parseTarget('/b/a%20b%2Bc~(x)?b=2&a=1&a=0&delete', 's3'),
    { path: '/b/a%20b%2Bc~%28x%29', query: { b: '2', a: ['1', '0'], delete: '' } });
  assert.deepEqual(canonicalHeaderMap(['X-A', ' 1 ', 'x-a', '2', 'Host', 'h']), { 'x-a': '1,2', host: 'h' });
  assert.equal(parseAuthorization('AWS4-HMAC-SHA256 Credential=a/b/20200101/r/s3/aws4_request, SignedHeaders=host, Signature=0').accessKeyId, 'a/b');
  assert.equal(signingTime({ date: 'Fri, 24 May 2013 00:00:00 GMT' }), Date.UTC(2013, 4, 24));
});

test('query parameters are sorted by encoded name, then value', async () => {
  const auth = { accessKeyId: 'a', date: '20130524', region: 'r', service: 's3', signedHeaders: ['host'] };
  const { canonicalRequest } = await recompute({ method: 'GET', url: '/?Param-3=c&Param=b&Param=a', headers: { host: 'h' },
    payloadHash: EMPTY, auth, secret: 'x', signedAt: Date.UTC(2013, 4, 24) });
  assert.equal(canonicalRequest.split('\n')[2], 'Param=a&Param=b&Param-3=c');
});
