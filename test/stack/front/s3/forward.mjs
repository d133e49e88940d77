// Passes an S3 request on to s3rver, with what s3rver lacks: conditions, suffix ranges, verified and chunked bodies.
import { ChunkedBody, isStreaming } from './chunked_body.mjs';
import { checkRead, checkWrite, rangeToSend } from './conditions.mjs';
import { declaredChecks, VerifiedBody } from './verified_body.mjs';

// Neither the signature nor what concerns one connection only is passed on.
const NOT_FORWARDED = ['authorization', 'connection', 'keep-alive', 'transfer-encoding', 'expect', 'x-amz-security-token',
  'x-amz-date', 'date', 'x-amz-decoded-content-length', 'x-amz-trailer', 'range', 'if-match'];

/** Sends the request on. A body passes as a stream whose last piece waits until it is verified. */
export async function forward(exchange, verdict) {
  const { req, state, headers, named } = exchange;
  const onward = onwardHeaders(req.headers, state.s3);
  const isRead = named.operation === 'GetObject' || named.operation === 'HeadObject';
  if (isRead) onward.range = await rangeToSend(headers.range, async () => (await head(exchange))?.size ?? null);
  if (onward.range === undefined) delete onward.range;
  if (named.operation === 'PutObject') await checkWrite(headers, async () => (await head(exchange))?.etag ?? null);
  const body = requestBody(exchange, verdict, onward);
  const reply = await state.s3.send({ method: req.method, path: req.url, headers: onward, body });
  if (!isRead) return reply;
  try {
    if (reply.statusCode < 300) checkRead(headers, reply);
    else if (reply.statusCode === 416 && headers['if-match']) await checkTagOnly(exchange);
  } catch (error) {
    reply.destroy();
    throw error;
  }
  return reply;
}

/** A range past the end of an object that is not the one named: If-Match comes first. */
async function checkTagOnly(exchange) {
  const found = await head(exchange);
  checkRead({ 'if-match': exchange.headers['if-match'] }, { headers: { etag: found?.etag } });
}

function onwardHeaders(received, upstream) {
  const headers = { ...received, host: `${upstream.host}:${upstream.port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  for (const name of NOT_FORWARDED) delete headers[name];
  return headers;
}

async function head({ state, req }) {
  const reply = await state.s3.send({ method: 'HEAD', path: req.url, headers: onwardHeaders({}, state.s3) });
  reply.resume();
  return reply.statusCode === 200 ? { size: Number(reply.headers['content-length']), etag: reply.headers.etag } : null;
}

function requestBody(exchange, verdict, onward) {
  const { req, headers, state } = exchange;
  const streaming = isStreaming(headers['x-amz-content-sha256']);
  if (req.method === 'GET' || req.method === 'HEAD') return undefined;
  const verified = new VerifiedBody(declaredChecks(headers));
  verified.once('end', () => state.counters.add('bytes_in', verified.received));
  if (streaming) {
    onward['content-length'] = headers['x-amz-decoded-content-length'];
    const encodings = (headers['content-encoding'] ?? '').split(',').map((name) => name.trim());
    onward['content-encoding'] = encodings.filter((name) => name && name !== 'aws-chunked').join(',');
    if (!onward['content-encoding']) delete onward['content-encoding'];
  }
  const source = streaming ? connect(req, new ChunkedBody(headers, verdict)) : req;
  req.once('close', () => { if (!req.readableEnded) verified.destroy(new Error('the client closed the connection')); });
  return connect(source, verified);
}

function connect(from, to) {
  from.on('error', (error) => to.destroy(error));
  from.pipe(to);
  return to;
}
