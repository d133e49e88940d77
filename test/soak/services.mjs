// What a soak runs on: the stand-ins of test/stack, with tables in memory in the place of DynamoDB Local.
import { fileURLToPath } from 'node:url';
import { AWS, startFront, startS3 } from '../stack/lib/aws.mjs';
import { makeServerObject } from '../stack/lib/local_database.mjs';
import { HOST } from '../stack/lib/ports.mjs';
import { findPostgres, unprivilegedUser } from '../stack/lib/postgres.mjs';
import { launch, readyLine, waitUntil } from '../stack/lib/processes.mjs';
import { startGateway, startWarehouse } from '../stack/lib/warehouse.mjs';
import { Database } from './database.mjs';
import { Traces } from './traces.mjs';

const MEMORY_SERVER = fileURLToPath(new URL('memory_server.mjs', import.meta.url));
const BUCKET = 'rs2ddb-stage';
const IAM_ROLE = 'arn:aws:iam::123456789012:role/unload';
const START_LIMIT_MS = 10_000;

async function startMemory(folder) {
  const started = launch(folder, 'memory', process.execPath, ['--max-old-space-size=2048', MEMORY_SERVER]);
  const { port } = await waitUntil(folder, started, 'DynamoDB in memory', async () => readyLine(folder, 'memory'), START_LIMIT_MS);
  return `http://${HOST}:${port}`;
}

async function call(url, method, body) {
  const reply = await fetch(url, { method, ...body === undefined ? {} : { body: JSON.stringify(body) } });
  if (!reply.ok) throw new Error(`${method} ${url}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

/** The controls of the stand-ins. */
class Controls {
  constructor({ memoryUrl, front, gateway }) {
    Object.assign(this, { memoryUrl, faultsUrl: front.faults, gatewayUrl: `http://${HOST}:${gateway.controlPort}` });
  }

  async reset() {
    await call(`${this.faultsUrl}/`, 'DELETE');
    await call(`${this.gatewayUrl}/reset`, 'POST');
  }

  addFaults(rules) { return call(`${this.faultsUrl}/faults`, 'POST', rules); }

  async firedFaults() { return (await call(`${this.faultsUrl}/faults`, 'GET')).reduce((sum, { fired }) => sum + fired, 0); }

  throttle(limits) { return call(`${this.faultsUrl}/throttle`, 'POST', limits); }

  endThrottle() { return call(`${this.faultsUrl}/throttle`, 'DELETE'); }

  switchGateway(switches) { return call(`${this.gatewayUrl}/switches`, 'POST', switches); }

  /** The texts of the items of a table. */
  async items(table) {
    const reply = await fetch(`${this.memoryUrl}/${encodeURIComponent(table)}`);
    const text = await reply.text();
    if (!reply.ok) throw new Error(`items of ${table}: ${reply.status} ${text}`);
    return text.split('\n').slice(0, -1);
  }

  async dropTable(table) {
    await fetch(this.memoryUrl, { method: 'POST', headers: { 'x-amz-target': 'DynamoDB_20120810.DeleteTable' }, body: JSON.stringify({ TableName: table }) });
  }
}

/** Resolves to {database, controls, traces, adminDsn}. */
export async function startServices(folder) {
  const postgres = findPostgres();
  const context = { folder, postgres, user: unprivilegedUser(), iamRole: IAM_ROLE, bucket: BUCKET, aws: AWS };
  const warehouse = await startWarehouse(context);
  const [memoryUrl, s3Url] = [await startMemory(folder), await startS3({ folder, buckets: [BUCKET] })];
  const front = await startFront({ folder, dynamodbUrl: memoryUrl, s3Url });
  const gateway = await startGateway({ ...context, warehouse, front });
  const database = new Database({ ...context, prepare: (local) => makeServerObject({ ...context, local, gateway, front }) });
  const { adminDsn } = warehouse;
  return { database, controls: new Controls({ memoryUrl, front, gateway }), adminDsn,
    traces: new Traces({ adminDsn, s3Endpoint: front.s3Endpoint, bucket: BUCKET, aws: AWS }) };
}
