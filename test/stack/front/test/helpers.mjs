// Shared by the tests: signed requests over plain sockets' worth of http, and a stub in the place of DynamoDB Local.
import { createHash } from 'node:crypto';
import http from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { NativeSha256 } from '../auth/sigv4.mjs';
import { startFront } from '../front.mjs';

export const KEY = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** Sends a request as given. Resolves to {status, headers, body, cut}; cut: the connection broke during the body. */
export function send({ port, method = 'POST', path = '/', headers, body }) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (reply) => {
      const chunks = [];
      const done = (cut) => resolve({ status: reply.statusCode, headers: reply.headers, body: Buffer.concat(chunks), cut });
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('end', () => done(false));
      reply.on('error', () => done(true));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Signs as the SDK does. options: {service, region, key, date, method, path, query, headers, body, payloadHash} */
export async function sign({ port, service, region = 'us-east-1', key = KEY, date, method = 'POST', path = '/', query = {}, headers = {}, body, payloadHash }) {
  const signer = new SignatureV4({ service, region, credentials: key, sha256: NativeSha256, uriEscapePath: service !== 's3', applyChecksum: service === 's3' });
  const all = { host: `127.0.0.1:${port}`, ...headers };
  if (payloadHash) all['x-amz-content-sha256'] = payloadHash;
  const signed = await signer.sign({ method, protocol: 'http:', hostname: '127.0.0.1', port, path, query, headers: all, body }, { signingDate: date });
  const text = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return { port, method, path: text ? `${path}?${text}` : path, headers: signed.headers, body };
}

export async function dynamodb(port, operation, request, options = {}) {
  const body = Buffer.isBuffer(request) ? request : Buffer.from(JSON.stringify(request));
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` };
  const reply = await send(await sign({ port, service: 'dynamodb', headers, body, ...options }));
  return { ...reply, json: parse(reply.body) };
}

function parse(body) {
  try { return JSON.parse(body.toString()); } catch { return undefined; }
}

export async function s3(port, method, path, { body, ...options } = {}) {
  const hash = createHash('sha256').update(body ?? '').digest('hex');
  return send(await sign({ port, service: 's3', method, path, body, payloadHash: hash, ...options }));
}

export async function control(port, method, path, value) {
  const body = value === undefined ? undefined : JSON.stringify(value);
  const reply = await send({ port, method, path, headers: body ? { 'content-length': Buffer.byteLength(body) } : {}, body });
  return { status: reply.status, json: JSON.parse(reply.body.toString()) };
}

/** A stub for DynamoDB Local: knows one table `t` with partition key `pk`, writes nothing, remembers requests. */
export async function startStub() {
  const seen = [];
  const server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const operation = req.headers['x-amz-target'].split('.')[1];
      const request = JSON.parse(Buffer.concat(chunks).toString());
      seen.push({ operation, request, authorization: req.headers.authorization });
      const [status, reply] = answer(operation, request);
      res.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' });
      res.end(JSON.stringify(reply));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close: () => { server.close(); server.closeAllConnections?.(); } };
}

function answer(operation, request) {
  if (operation === 'ListTables') return [200, { TableNames: ['t'] }];
  if (operation === 'DescribeTable' && request.TableName === 't') {
    return [200, { Table: { TableName: 't', TableStatus: 'ACTIVE', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], TableArn: 'arn:aws:dynamodb:ddblocal:000000000000:table/t' } }];
  }
  if (operation === 'DescribeTable') {
    return [400, { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', Message: 'Cannot do operations on a non-existent table' }];
  }
  if (operation === 'CreateTable') return [200, { TableDescription: { TableName: request.TableName, TableStatus: 'ACTIVE' } }];
  return [200, operation === 'BatchWriteItem' ? { UnprocessedItems: {} } : {}];
}

/** A front before stubs. `s3Url` may point at a real s3rver. Resolves to {front, stub, ports, close}. */
export async function frontWithStub(s3Url = 'http://127.0.0.1:1', options = {}) {
  const stub = await startStub();
  const front = await startFront({ ...KEY, region: 'us-east-1', s3Url, dynamodbUrl: stub.url, ...options });
  return { front, stub, ports: front.ports, close: async () => { await front.close(); stub.close(); } };
}

/** A BatchWriteItem request with one small item per key. */
export const batchOf = (keys, extra = {}) => ({
  RequestItems: { t: keys.map((pk) => ({ PutRequest: { Item: { pk: { S: pk }, ...extra } } })) },
});
