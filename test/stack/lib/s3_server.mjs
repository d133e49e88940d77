// s3rver as a process of the stack: S3_DIRECTORY, S3_PORT (0 = any), S3_BUCKETS (comma list) from the environment.
// It trusts whoever reaches it: signatures are checked by the front.
import http from 'node:http';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readBody } from '../front/http/body.mjs';
import { abortUpload, deleteObjects } from './s3_delete.mjs';
import { listPage } from './s3_list.mjs';
import { S3Store } from './s3_store.mjs';

const require = createRequire(import.meta.url);
const S3rver = require('s3rver');

const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const KEEP_ALIVE_MS = 120_000;

async function makeStore(directory, buckets) {
  const root = join(directory, 'buckets');
  const uploads = join(directory, 'uploads');
  await mkdir(root, { recursive: true });
  await mkdir(uploads, { recursive: true });
  const store = new S3Store(root, uploads);
  for (const bucket of buckets) await store.putBucket(bucket);
  return store;
}

function sendXml(res, status, body) {
  res.writeHead(status, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

function sendError(res, status, code, message) {
  sendXml(res, status, `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

/** The operations that this file answers itself: a function (store, req, res), or undefined for those left to s3rver. */
function ownOperation(method, bucket, key, query) {
  if (method === 'GET' && bucket && !key && query.get('list-type') === '2') {
    return async (store, _req, res) => sendXml(res, 200, await listPage(store, bucket, query));
  }
  if (method === 'POST' && bucket && !key && query.has('delete')) {
    return async (store, req, res) => sendXml(res, 200, await deleteObjects(store, bucket, (await readBody(req, BODY_LIMIT_BYTES)).toString('utf8')));
  }
  if (method === 'DELETE' && key && query.has('uploadId')) {
    return async (store, _req, res) => {
      if (await abortUpload(store, bucket, query.get('uploadId'))) res.writeHead(204).end();
      else sendError(res, 404, 'NoSuchUpload', 'The specified upload does not exist.');
    };
  }
  return undefined;
}

async function answer(operation, store, bucket, req, res) {
  try {
    if (await store.getBucket(bucket)) await operation(store, req, res);
    else sendError(res, 404, 'NoSuchBucket', 'The specified bucket does not exist');
  } catch (error) {
    if (error instanceof RangeError) sendError(res, 400, req.method === 'POST' ? 'MalformedXML' : 'InvalidArgument', error.message);
    else sendError(res, 500, 'InternalError', 'We encountered an internal error. Please try again.');
  }
}

async function main() {
  const directory = process.env.S3_DIRECTORY;
  if (!directory) throw new Error('the environment variable S3_DIRECTORY is needed');
  const store = await makeStore(directory, (process.env.S3_BUCKETS ?? '').split(',').filter(Boolean));
  const s3 = new S3rver({ directory: store.rootDirectory, silent: true, vhostBuckets: false });
  s3.store = s3.context.store = store;
  const rest = s3.callback();
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (req, res) => {
    const url = new URL(req.url, 'http://s3');
    const [, bucket, key] = /^\/([^/]*)\/?(.*)$/.exec(url.pathname);
    const operation = ownOperation(req.method, bucket, key, url.searchParams);
    if (operation) return answer(operation, store, bucket, req, res);
    return rest(req, res);
  });
  server.listen(Number(process.env.S3_PORT ?? 0), '127.0.0.1', () => console.log(`ready ${JSON.stringify({ port: server.address().port })}`));
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
}

main().catch((error) => {
  console.error(`s3 server: ${error.message}`);
  process.exit(1);
});
