// DynamoDB in memory as a process, in the place of DynamoDB Local behind the front, which is too slow for a hundred large rounds.
// Prints `ready {"port": ...}`; ends on SIGTERM. Beside the operations of memory_tables.mjs:
//   GET /NAME   every item of the table, one text of item_text.mjs a line
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readBody } from '../stack/front/http/body.mjs';
import { MemoryTables, Refused } from './memory_tables.mjs';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const CHUNK_CHARS = 256 * 1024;
const OPERATIONS = new Set(['CreateTable', 'DescribeTable', 'ListTables', 'DeleteTable', 'BatchWriteItem']);
const tables = new MemoryTables();

function* chunks(texts) {
  let chunk = '';
  for (const text of texts) {
    chunk += `${text}\n`;
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

async function sendItems(res, name) {
  const texts = tables.itemTexts(name);
  res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  await pipeline(Readable.from(chunks(texts)), res);
}

function sendJson(res, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  res.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': body.length });
  res.end(body);
}

async function answer(req, res) {
  if (req.method === 'GET') return sendItems(res, decodeURIComponent(req.url.slice(1)));
  const operation = (req.headers['x-amz-target'] ?? '').split('.')[1];
  if (!OPERATIONS.has(operation)) throw new Refused('com.amazonaws.dynamodb.v20120810#UnknownOperationException', `${operation} is not there`);
  const body = await readBody(req, BODY_LIMIT_BYTES);
  return sendJson(res, 200, tables[operation](JSON.parse(body.toString('utf8'))));
}

const server = http.createServer({ keepAliveTimeout: 120_000, requestTimeout: 0, noDelay: true }, (req, res) => {
  answer(req, res).catch((error) => {
    if (!(error instanceof Refused)) console.error(error);
    if (res.headersSent || res.destroyed) res.destroy();
    else sendJson(res, error instanceof Refused ? 400 : 500, { __type: error.code ?? 'InternalFailure', message: error.message });
  });
});
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
server.listen(0, '127.0.0.1', () => console.log(`ready ${JSON.stringify({ port: server.address().port })}`));
