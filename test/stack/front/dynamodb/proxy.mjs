// One DynamoDB request from its first byte to its reply: body, signature, permission, strictness, faults, writes, reply.
import { canonicalHeaderMap, verify } from '../auth/sigv4.mjs';
import { denial, denialText, tableArn } from '../auth/credentials.mjs';
import { createHash } from 'node:crypto';
import { BodyTooLarge, readBody } from '../http/body.mjs';
import { crc32 } from '../http/crc32.mjs';
import { dynamodbRequestId } from '../http/ids.mjs';
import { pause, replyEffects, resetConnection, sendBuffer } from '../http/reply.mjs';
import { runAfter, runBefore } from '../http/fault_steps.mjs';
import { authError, errorReply, fromLocal, notFound } from './errors.mjs';
import { keyText } from './batch.mjs';
import { postToLocal } from './local.mjs';
import { bareName } from './tables.mjs';
import { parseRequest } from './strict.mjs';
import { runWrite, WRITE_OPERATIONS } from './writes.mjs';

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
const TABLE_OPERATIONS = new Set(['CreateTable', 'DescribeTable', 'UpdateTable', 'DeleteTable']);
const LOCAL_ARN = /arn:aws:dynamodb:ddblocal:000000000000:/g;

/** state: {credentials, faults, counters, log, tables, throttles, settings, dynamodb (upstream)} */
export function dynamodbHandler(state) {
  return async (req, res) => {
    const exchange = { req, res, state, started: performance.now(), nowMs: Date.now(), entry: { service: 'dynamodb' } };
    state.counters.begin('dynamodb');
    try {
      await handle(exchange);
    } catch (error) {
      exchange.entry.error = error.message;
      if (!res.headersSent && !res.destroyed) reply(exchange, errorReply('InternalFailure', undefined, { status: 500 }), []);
    } finally {
      state.counters.end('dynamodb');
      state.log.add({ ...exchange.entry, ms: Math.round((performance.now() - exchange.started) * 10) / 10 });
    }
  };
}

async function handle(exchange) {
  const { req, state } = exchange;
  const operation = (req.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
  exchange.operation = exchange.entry.target = operation;
  const body = await bodyOf(exchange);
  if (!body) return;
  state.counters.add('bytes_in', body.length);
  state.counters.request('dynamodb', operation || 'unknown');
  const early = wrongEnvelope(exchange);
  if (early) return reply(exchange, early, []);
  const verdict = await checkSignature(exchange, body);
  if (!verdict.ok) return reply(exchange, authError(verdict), []);
  const { request, error } = parseRequest(body, operation);
  if (error) return reply(exchange, error, []);
  exchange.tableNames = tableNames(request);
  const denied = deniedReply(exchange, verdict);
  if (denied) return reply(exchange, denied, []);
  await withFaults(exchange, request, body, await takeActions(exchange, request));
}

async function bodyOf(exchange) {
  try {
    return await readBody(exchange.req, BODY_LIMIT_BYTES);
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error;
    reply(exchange, { status: 413, body: Buffer.alloc(0) }, []);
    return null;
  }
}

/** Method, content type and target, which the service looks at before anything else. */
function wrongEnvelope({ req, operation }) {
  const type = (req.headers['content-type'] ?? '').split(';')[0].trim();
  if (req.method !== 'POST' || !['application/x-amz-json-1.0', 'application/json'].includes(type)) {
    return { status: 404, body: Buffer.from('<UnknownOperationException/>\n'), contentType: 'application/xml' };
  }
  return operation ? null : errorReply('UnknownOperationException');
}

async function checkSignature(exchange, body) {
  const { req, state, entry } = exchange;
  const headers = canonicalHeaderMap(req.rawHeaders);
  exchange.nowMs += state.faults.takeSkewMs({ service: 'dynamodb', target: exchange.operation, method: req.method, path: req.url });
  const verdict = await verify({
    method: req.method, url: req.url, headers, service: 'dynamodb', credentials: state.credentials, nowMs: exchange.nowMs,
    regions: state.settings.regions.dynamodb, payloadHash: createHash('sha256').update(body).digest('hex'),
  });
  if (!verdict.ok) {
    state.counters.add('auth_failures', 1);
    entry.auth = verdict.failure;
    if (verdict.canonicalRequest) entry.canonical_request = withoutToken(verdict.canonicalRequest);
  }
  return verdict;
}

const withoutToken = (text) => text.replace(/(x-amz-security-token:).*/g, '$1...');

function tableNames(request) {
  if (request.TableName) return [request.TableName];
  if (request.RequestItems) return Object.keys(request.RequestItems);
  const actions = (request.TransactItems ?? []).flatMap((entry) => Object.values(entry ?? {}));
  return [...new Set(actions.map((action) => action?.TableName).filter(Boolean))];
}

function deniedReply({ operation, tableNames: names, state }, { credential }) {
  const action = `dynamodb:${operation}`;
  const kind = denial(credential, action);
  if (!kind) return null;
  state.counters.add('denied', 1);
  const resource = tableArn(state.settings.regions.dynamodb[0], names[0] ?? '*');
  return errorReply('AccessDeniedException', denialText(credential, action, resource, kind));
}

async function takeActions(exchange, request) {
  const { faults, counters, tables } = exchange.state;
  const keys = faults.wantsKeys('dynamodb') ? await partitionKeys(request, tables) : [];
  const actions = faults.take({
    service: 'dynamodb', target: exchange.operation, method: 'POST', path: exchange.req.url,
    tables: exchange.tableNames.map(bareName), keys,
  });
  counters.add('faults_fired', actions.length);
  if (actions.length) exchange.entry.faults = actions.map(({ rule }) => rule);
  return actions;
}

async function partitionKeys(request, tables) {
  const keys = [];
  for (const [table, list] of Object.entries(request.RequestItems ?? { [request.TableName]: [request] })) {
    const schema = await tables.describe(table);
    for (const entry of Array.isArray(list) ? list : []) {
      const item = entry?.PutRequest?.Item ?? entry?.DeleteRequest?.Key ?? entry?.Item ?? entry?.Key;
      if (item) keys.push(keyText(item, schema));
    }
  }
  return keys;
}

async function withFaults(exchange, request, body, actions) {
  const { res, entry } = exchange;
  if (!await runBefore(actions, res)) return cutShort(entry, 'before');
  const error = actions.find(({ type }) => type === 'error');
  if (error) return reply(exchange, scripted(error), actions);
  const late = actions.find(({ type }) => type === 'late');
  if (late) return cutAndRunLate(exchange, request, body, actions, late);
  const result = await run(exchange, request, body, actions);
  if (!await runAfter(actions, res)) return cutShort(entry, 'after');
  return reply(exchange, result, actions);
}

/** Nobody waits for the reply any more when the request is applied, `ms` after its connection was closed. */
async function cutAndRunLate(exchange, request, body, actions, { ms, cut = true }) {
  const { res, state, entry } = exchange;
  if (!cut) await pause(res, null);
  resetConnection(res);
  cutShort(entry, 'late');
  setTimeout(() => {
    run(exchange, request, body, actions).then(() => state.counters.add('applied_late', 1)).catch(() => {});
  }, ms);
}

function cutShort(entry, when) { entry.cut = when; }

function scripted({ status = 400, code = 'InternalServerError', message, headers, fields, body }) {
  const made = errorReply(code, message, { status, fields });
  return { ...made, headers, body: body === undefined ? made.body : Buffer.from(body) };
}

async function run(exchange, request, body, actions) {
  const { operation, state, tableNames: names } = exchange;
  const { tables, settings } = state;
  if (names.some((name) => tables.isCreating(name))) {
    if (operation === 'DeleteTable' || operation === 'UpdateTable') {
      return errorReply('ResourceInUseException', `Attempt to change a resource which is still in use: Table is being created: ${names[0]}`);
    }
    if (operation !== 'DescribeTable' && operation !== 'CreateTable') return notFound();
  }
  if (operation === 'CreateTable') await tables.reserve(names[0]);
  const send = (changed) => forward(exchange, tables.toLocal(changed ?? request), changed === null && !tables.aliases.size ? body : null);
  if (WRITE_OPERATIONS.has(operation)) return noteWrites(exchange, await runWrite({ request, operation, actions, state, send }));
  const result = await send(null);
  return TABLE_OPERATIONS.has(operation) ? tableReply(result, operation, names[0], tables, settings) : result;
}

function noteWrites({ entry }, result) {
  entry.items = result.items;
  if (result.unprocessed) entry.unprocessed = result.unprocessed;
  return result;
}

async function forward({ state, operation, tableNames: names }, request, body) {
  const result = await postToLocal(state.dynamodb, operation, body ?? Buffer.from(JSON.stringify(request)));
  if (result.status >= 400) return fromLocal(result.status, result.body, operation, names[0]);
  if (!state.tables.aliases.size) return { status: result.status, body: result.body };
  return { status: result.status, body: Buffer.from(JSON.stringify(state.tables.fromLocal(JSON.parse(result.body)))) };
}

/** Keeps the table book, shows CREATING as long as it lasts, and the ARN of a real account. */
function tableReply(result, operation, name, tables, settings) {
  if (result.status !== 200) return result;
  if (operation === 'DeleteTable') tables.deleted(name);
  if (operation === 'UpdateTable') tables.known.delete(name);
  if (operation === 'CreateTable') {
    tables.forget(name);
    tables.created(name, settings.creating_ms);
  }
  let text = result.body.toString('utf8').replace(LOCAL_ARN, tableArn(settings.regions.dynamodb[0], '').replace('table/', ''));
  if (tables.isCreating(name)) text = text.replace('"TableStatus":"ACTIVE"', '"TableStatus":"CREATING"');
  return { ...result, body: Buffer.from(text) };
}

function reply({ req, res, state, nowMs, started, entry }, { status, body, headers, contentType }, actions) {
  const crc = crc32(body);
  const bad = actions.some(({ type }) => type === 'bad_crc');
  const requestId = dynamodbRequestId();
  Object.assign(entry, { status, request_id: requestId });
  const sent = sendBuffer(res, {
    status, body, effects: replyEffects(actions), withBody: req.method !== 'HEAD',
    headers: {
      'x-amzn-RequestId': requestId, 'x-amz-crc32': String(bad ? (crc ^ 1) >>> 0 : crc),
      Date: new Date(nowMs + (performance.now() - started)).toUTCString(),
      'Content-Type': contentType ?? 'application/x-amz-json-1.0', ...headers,
    },
  });
  state.counters.reply('dynamodb', status);
  state.counters.add('bytes_out', sent);
}
