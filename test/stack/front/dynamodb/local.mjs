// Calls to DynamoDB Local in a form it accepts, whatever key the client used.
import { readBody } from '../http/body.mjs';
import { Upstream } from '../http/upstream.mjs';

const REPLY_LIMIT_BYTES = 32 * 1024 * 1024;

/** The way to DynamoDB Local, which keeps the tables of each access key id apart. It never checks the signature. */
export class LocalUpstream extends Upstream {
  /** @param accessKeyId letters and digits only */
  constructor(url, maxSockets, accessKeyId) {
    super(url, maxSockets);
    this.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0`;
  }
}

/** POSTs a body (Buffer) for an operation. Resolves to {status, headers, body}. */
export async function postToLocal(upstream, operation, body) {
  const reply = await upstream.send({
    method: 'POST', path: '/', body,
    headers: {
      Host: `${upstream.host}:${upstream.port}`, Authorization: upstream.authorization, 'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `DynamoDB_20120810.${operation}`, 'Content-Length': body.length,
    },
  });
  return { status: reply.statusCode, headers: reply.headers, body: await readBody(reply, REPLY_LIMIT_BYTES) };
}

/** A function (operation, request) -> {status, json} for the front's own questions. */
export function localCaller(upstream) {
  return async (operation, request) => {
    const { status, body } = await postToLocal(upstream, operation, Buffer.from(JSON.stringify(request)));
    return { status, json: JSON.parse(body.toString('utf8')) };
  };
}
