// Builds the front: one state, three listeners. Used by main.mjs and by the tests.
import http from 'node:http';
import { Credentials } from './auth/credentials.mjs';
import { controlHandler } from './control/api.mjs';
import { Counters } from './control/counters.mjs';
import { Faults } from './control/faults.mjs';
import { RequestLog } from './control/request_log.mjs';
import { Settings } from './control/settings.mjs';
import { localCaller, LocalUpstream } from './dynamodb/local.mjs';
import { dynamodbHandler } from './dynamodb/proxy.mjs';
import { Tables } from './dynamodb/tables.mjs';
import { Throttles } from './dynamodb/throttle.mjs';
import { Upstream } from './http/upstream.mjs';
import { s3Handler } from './s3/proxy.mjs';

const HOST = '127.0.0.1';
const DYNAMODB_SOCKETS = 64;
const S3_SOCKETS = 64;
const HEADER_LIMIT_BYTES = 64 * 1024;

/** Longer than any pause of a client with kept connections, so that the front is never the one to close first. */
const KEEP_ALIVE_MS = 120_000;

function listen(handler, port) {
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, maxHeaderSize: HEADER_LIMIT_BYTES, noDelay: true }, handler);
  server.on('clientError', (_error, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server));
  });
}

/**
 * options: {s3Url, dynamodbUrl, accessKeyId, secretAccessKey, region, ports: {s3, dynamodb, control}}; port 0 means any.
 * dynamodbAccessKeyId: whose tables of DynamoDB Local these are (default: accessKeyId).
 * Resolves to {ports, state, close()}.
 */
export async function startFront(options) {
  const state = {
    credentials: new Credentials({ access_key_id: options.accessKeyId, secret_access_key: options.secretAccessKey }),
    faults: new Faults(), counters: new Counters(), log: new RequestLog(), settings: new Settings(options.region),
    throttles: new Throttles(),
    s3: new Upstream(options.s3Url, S3_SOCKETS), dynamodb: new LocalUpstream(options.dynamodbUrl, DYNAMODB_SOCKETS, options.dynamodbAccessKeyId ?? options.accessKeyId),
  };
  state.tables = new Tables(localCaller(state.dynamodb));
  const servers = {
    s3: await listen(s3Handler(state), options.ports?.s3 ?? 0),
    dynamodb: await listen(dynamodbHandler(state), options.ports?.dynamodb ?? 0),
    control: await listen(controlHandler(state), options.ports?.control ?? 0),
  };
  const ports = Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, server.address().port]));
  return { ports, state, close: () => closeAll(servers, state) };
}

/** Cuts what is under way: the front has nothing to lose. */
async function closeAll(servers, state) {
  await Promise.all(Object.values(servers).map((server) => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections?.();
  })));
  state.s3.close();
  state.dynamodb.close();
}
