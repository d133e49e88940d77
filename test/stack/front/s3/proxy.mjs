// One S3 request from its head to its reply: signature, permission, faults, conditions, body both ways as streams.
import { canonicalHeaderMap, parseTarget, verify } from '../auth/sigv4.mjs';
import { denial, denialText } from '../auth/credentials.mjs';
import { readBody } from '../http/body.mjs';
import { runAfter, runBefore } from '../http/fault_steps.mjs';
import { s3HostId, s3RequestId } from '../http/ids.mjs';
import { replyEffects, sendBuffer, sendStream } from '../http/reply.mjs';
import { KNOWN_STREAMING } from './chunked_body.mjs';
import { authFailure, errorXml, S3Failure, wrongRegion } from './errors.mjs';
import { actionOf, nameRequest, resourceOf } from './operation.mjs';
import { forward } from './forward.mjs';
import { replacedBody } from './replaced_body.mjs';
import { finished } from 'node:stream';

const ERROR_LIMIT_BYTES = 1024 * 1024;
const HEX_64 = /^[0-9a-f]{64}$/i;

/** state: {credentials, faults, counters, log, settings, s3 (upstream)} */
export function s3Handler(state) {
  return async (req, res) => {
    const exchange = {
      req, res, state, started: performance.now(), nowMs: Date.now(), actions: [], requestId: s3RequestId(), hostId: s3HostId(),
      entry: { service: 's3' },
    };
    state.counters.begin('s3');
    finished(res, () => {
      state.counters.end('s3');
      state.log.add({ ...exchange.entry, ms: Math.round((performance.now() - exchange.started) * 10) / 10 });
    });
    try {
      await handle(exchange);
    } catch (error) {
      fail(exchange, error);
    } finally {
      req.resume();
    }
  };
}

function fail(exchange, error) {
  const { res, entry } = exchange;
  if (!(error instanceof S3Failure)) entry.error = error.message;
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const known = error instanceof S3Failure;
  sendError(exchange, known ? error : new S3Failure(500, 'InternalError', 'We encountered an internal error. Please try again.'));
}

async function handle(exchange) {
  const { req, res, state, entry } = exchange;
  exchange.headers = canonicalHeaderMap(req.rawHeaders);
  exchange.target = parseTarget(req.url, 's3');
  exchange.named = nameRequest(req.method, exchange.target);
  Object.assign(entry, { target: exchange.named.operation, path: exchange.named.path });
  state.counters.request('s3', exchange.named.operation);
  const verdict = await checkSignature(exchange);
  checkContentHeaders(exchange);
  checkPermission(exchange, verdict.credential);
  takeActions(exchange, verdict.auth.region);
  if (!await runBefore(exchange.actions, res)) return cutShort(entry, 'before');
  scriptedFailure(exchange, verdict.auth.region);
  const reply = await forward(exchange, verdict);
  if (!await runAfter(exchange.actions, res)) {
    reply.destroy();
    return cutShort(entry, 'after');
  }
  return answer(exchange, reply, verdict.credential);
}

function cutShort(entry, when) { entry.cut = when; }

async function checkSignature(exchange) {
  const { req, state, headers, named, entry } = exchange;
  exchange.nowMs += state.faults.takeSkewMs({ service: 's3', target: named.operation, method: req.method, path: named.path, keys: [named.key] });
  const declared = headers['x-amz-content-sha256'];
  if (headers.authorization && declared === undefined) {
    throw new S3Failure(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const verdict = await verify({
    method: req.method, url: req.url, headers, payloadHash: declared, service: 's3', credentials: state.credentials,
    nowMs: exchange.nowMs, regions: [...state.settings.regions.s3, ...state.faults.redirectRegions()],
  });
  if (verdict.ok) return verdict;
  state.counters.add('auth_failures', 1);
  entry.auth = verdict.failure;
  throw authFailure(verdict);
}

function checkContentHeaders({ headers, named }) {
  const declared = headers['x-amz-content-sha256'];
  if (declared !== 'UNSIGNED-PAYLOAD' && !HEX_64.test(declared) && !KNOWN_STREAMING.includes(declared)) {
    throw new S3Failure(400, 'InvalidArgument', 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, '
      + `${KNOWN_STREAMING.join(', ')} or a valid sha256 value.`, { ArgumentName: 'x-amz-content-sha256', ArgumentValue: declared });
  }
  const hasChecksum = Object.keys(headers).some((name) => name === 'content-md5' || name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer');
  if (named.operation === 'DeleteObjects' && !hasChecksum) {
    throw new S3Failure(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  }
}

function checkPermission({ named, state }, credential) {
  const action = actionOf(named.operation);
  const kind = denial(credential, action);
  if (!kind) return;
  state.counters.add('denied', 1);
  throw new S3Failure(403, 'AccessDenied', denialText(credential, action, resourceOf(named.bucket, named.key), kind));
}

function takeActions(exchange, region) {
  const { state, named, req, entry } = exchange;
  exchange.actions = state.faults.take({
    service: 's3', target: named.operation, method: req.method, path: named.path, keys: [named.key], region,
  });
  state.counters.add('faults_fired', exchange.actions.length);
  if (exchange.actions.length) entry.faults = exchange.actions.map(({ rule }) => rule);
}

function scriptedFailure({ actions, named, req }, region) {
  for (const action of actions) {
    if (action.type === 'error') {
      const { status = 500, code = 'InternalError', message, fields, headers } = action;
      throw new S3Failure(status, code, message, fields, headers);
    }
    if (action.type === 'redirect') throw redirect(action, named, req.url, region);
  }
}

function redirect({ region, form = 301 }, { bucket }, url, signedRegion) {
  const endpoint = `${bucket}.s3.${region}.amazonaws.com`;
  const headers = { 'x-amz-bucket-region': region };
  if (form === 400) return wrongRegion(signedRegion, region);
  if (form === 307) {
    return new S3Failure(307, 'TemporaryRedirect', 'Please re-send this request to the specified temporary endpoint. '
      + 'Continue to use the original request endpoint for future requests.', { Endpoint: endpoint, Bucket: bucket },
    { ...headers, Location: `http://${endpoint}${url}` });
  }
  return new S3Failure(301, 'PermanentRedirect', 'The bucket you are attempting to access must be addressed using the specified '
    + 'endpoint. Please send all future requests to this endpoint.', { Endpoint: endpoint, Bucket: bucket }, headers);
}

async function answer(exchange, reply, credential) {
  const { req, state } = exchange;
  if (reply.statusCode >= 400) return sendError(exchange, await upstreamFailure(exchange, reply, credential));
  const kept = onlyEndToEnd(reply.headers);
  Object.assign(exchange.entry, { status: reply.statusCode, request_id: exchange.requestId });
  state.counters.reply('s3', reply.statusCode);
  const body = req.method === 'GET' ? await replacedBody(exchange.actions, reply) : null;
  if (body) return answerWith(exchange, reply, kept, body);
  return new Promise((resolve) => {
    sendStream(exchange.res, {
      status: reply.statusCode, headers: { ...kept, ...standardHeaders(exchange) }, stream: reply,
      effects: req.method === 'HEAD' ? null : replyEffects(exchange.actions),
    }, (error, sentBytes) => {
      state.counters.add('bytes_out', sentBytes);
      exchange.entry.bytes = sentBytes;
      if (error) exchange.entry.error = error.message;
      resolve();
    });
  });
}

function answerWith({ res, state, actions, entry, ...exchange }, { statusCode: status }, kept, body) {
  const { 'content-length': length, ...headers } = kept;
  entry.bytes = sendBuffer(res, { status, body, effects: replyEffects(actions), headers: { ...headers, ...standardHeaders(exchange) } });
  state.counters.add('bytes_out', entry.bytes);
}

function onlyEndToEnd({ connection, 'keep-alive': keepAlive, 'transfer-encoding': encoding, date, server, vary, ...rest }) { return rest; }

function standardHeaders({ requestId, hostId, nowMs, started }) {
  return {
    'x-amz-request-id': requestId, 'x-amz-id-2': hostId, Server: 'AmazonS3',
    Date: new Date(nowMs + (performance.now() - started)).toUTCString(),
  };
}

/** An error of s3rver as a failure; a missing key looks like a refusal to those who may not list. */
async function upstreamFailure({ named }, reply, credential) {
  const xml = (await readBody(reply, ERROR_LIMIT_BYTES)).toString('utf8');
  const fields = Object.fromEntries([...xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name, text]) => [name, unescapeXml(text)]));
  const { Code: code, Message: message, ...rest } = fields;
  if (reply.statusCode === 404 && named.key && denial(credential, 's3:ListBucket')) return new S3Failure(403, 'AccessDenied', 'Access Denied');
  return new S3Failure(reply.statusCode, code ?? (named.key ? 'NoSuchKey' : 'NoSuchBucket'), message, rest);
}

const unescapeXml = (text) => text.replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
  .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, '&');

function sendError(exchange, failure) {
  const { req, res, state, entry, requestId, hostId, actions } = exchange;
  Object.assign(entry, { status: failure.status, code: failure.code, request_id: requestId });
  state.counters.reply('s3', failure.status);
  const body = errorXml(failure, requestId, hostId);
  const sent = sendBuffer(res, {
    status: failure.status, body, withBody: req.method !== 'HEAD', effects: replyEffects(actions),
    headers: { 'Content-Type': 'application/xml', ...failure.headers, ...standardHeaders(exchange) },
  });
  state.counters.add('bytes_out', sent);
}
