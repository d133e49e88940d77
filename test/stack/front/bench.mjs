// Measures BatchWriteItem of 25 small items: node front/bench.mjs URL [requests] [concurrency]. Signs each body once, so
// that the client costs little. Prints one JSON line. Credentials and region as in .stack/env.
import http from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { NativeSha256 } from './auth/sigv4.mjs';

const [url, requests = '2000', concurrency = '16'] = process.argv.slice(2);
const BODIES = 200;
const TABLE = 'bench_front';
const { hostname, port } = new URL(url);
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(concurrency) });
const signer = new SignatureV4({
  service: 'dynamodb', region: process.env.AWS_REGION ?? 'us-east-1', sha256: NativeSha256,
  credentials: { accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'S3RVER', secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? 'S3RVER' },
});

async function signed(operation, request) {
  const body = Buffer.from(JSON.stringify(request));
  const { headers } = await signer.sign({
    method: 'POST', protocol: 'http:', hostname, port, path: '/', query: {}, body,
    headers: { host: `${hostname}:${port}`, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
  });
  return { body, headers: { ...headers, 'content-length': body.length } };
}

function post({ body, headers }) {
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, agent, method: 'POST', path: '/', headers }, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('end', () => resolve({ status: reply.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function item(n) {
  return { review_id: { S: `R${n}` }, star_rating: { N: String(1 + (n % 5)) }, product_title: { S: `product number ${n}` },
    review_date: { S: '2015-08-31' }, verified_purchase: { BOOL: true }, helpful_votes: { N: String(n % 100) } };
}

async function run(prepared, count) {
  let sent = 0;
  const worker = async () => {
    while (sent < count) {
      const { status, text } = await post(prepared[sent++ % prepared.length]);
      if (status !== 200) throw new Error(`${status} ${text}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: Number(concurrency) }, worker));
  return count / ((performance.now() - started) / 1000);
}

await post(await signed('CreateTable', {
  TableName: TABLE, KeySchema: [{ AttributeName: 'review_id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'review_id', AttributeType: 'S' }], BillingMode: 'PAY_PER_REQUEST',
}));
const prepared = [];
for (let b = 0; b < BODIES; b++) {
  const writes = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: item(b * 25 + i) } }));
  prepared.push(await signed('BatchWriteItem', { RequestItems: { [TABLE]: writes } }));
}
await run(prepared, 500);
const perSecond = await run(prepared, Number(requests));
console.log(JSON.stringify({ url, concurrency: Number(concurrency), requests_per_s: Math.round(perSecond), items_per_s: Math.round(perSecond * 25) }));
process.exit(0);
