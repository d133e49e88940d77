// Starts all stand-ins, side by side where one does not need the other, and writes env last.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { AWS, findDynamodbLocal, startDynamodbLocal, startFront, startS3 } from './aws.mjs';
import { writeEnv } from './files.mjs';
import { isExtensionInstalled, makeServerObject, SERVER_NAME, startLocal } from './local_database.mjs';
import { findPostgres, unprivilegedUser } from './postgres.mjs';
import { Problem } from './problem.mjs';
import { startGateway, startWarehouse } from './warehouse.mjs';
import { openSync } from 'node:fs';

const BUCKET = 'rs2ddb-stage';
const IAM_ROLE = 'arn:aws:iam::123456789012:role/unload';

/** Waits for all; when one fails the others are still waited for, so that nothing starts behind the back of a stop. */
async function all(promises) {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  return settled.map(({ value }) => value);
}

/**
 * options: {local: bool, load: script or undefined, dynamodb: URL of a DynamoDB Local that runs, or undefined,
 * dynamodbOnly: bool, say(text)}. Throws a Problem; the caller stops what was started.
 */
export async function startAll(folder, options) {
  if (options.dynamodbOnly) return startDynamodbOnly(folder);
  const context = { folder, postgres: findPostgres(), user: unprivilegedUser(), iamRole: IAM_ROLE, bucket: BUCKET, aws: AWS };
  const [warehouse, local, front] = await all([
    startWarehouse(context), options.local ? startLocal(context) : null, startAws(folder, options.dynamodb),
  ]);
  const gateway = await startGateway({ ...context, warehouse, front });
  if (local) await connectExtension({ ...context, local, gateway, front }, options.say);
  const env = environment({ local, warehouse, gateway, front });
  if (options.load) await runLoader(folder, options.load, env);
  writeEnv(folder.env, env);
  return env;
}

/** Only DynamoDB Local, for stacks that share it. */
async function startDynamodbOnly(folder) {
  const env = { RS2DDB_DYNAMODB_LOCAL: await startDynamodbLocal({ folder, local: findDynamodbLocal() }) };
  writeEnv(folder.env, env);
  return env;
}

async function startAws(folder, sharedUrl) {
  const [dynamodbUrl, s3Url] = await all([
    sharedUrl ?? startDynamodbLocal({ folder, local: findDynamodbLocal() }), startS3({ folder, buckets: [BUCKET] }),
  ]);
  const dynamodbAccessKeyId = sharedUrl ? `stack${randomBytes(8).toString('hex')}` : undefined;
  return startFront({ folder, dynamodbUrl, dynamodbAccessKeyId, s3Url });
}

async function connectExtension(context, say) {
  if (isExtensionInstalled(context.postgres)) await makeServerObject(context);
  else say('stack: the extension rs2ddb is not installed (make install); going on without its server object');
}

function environment({ local, warehouse, gateway, front }) {
  return {
    RS2DDB_PG_DSN: local?.dsn, RS2DDB_SERVER: SERVER_NAME,
    RS2DDB_REDSHIFT_DSN: gateway.dsn, RS2DDB_WAREHOUSE_ADMIN_DSN: warehouse.adminDsn, RS2DDB_GATEWAY_CONTROL:
      gateway.controlPort ? `http://127.0.0.1:${gateway.controlPort}` : undefined,
    RS2DDB_S3_ENDPOINT: front.s3Endpoint, RS2DDB_S3_BUCKET: BUCKET, RS2DDB_DYNAMODB_ENDPOINT: front.dynamodbEndpoint,
    ...AWS, RS2DDB_FAULTS: front.faults, RS2DDB_IAM_ROLE: IAM_ROLE,
  };
}

/** Runs a Node script that fills the warehouse, with the variables of env. */
function runLoader(folder, script, env) {
  const log = folder.log('load');
  const output = openSync(log, 'w', 0o600);
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [resolve(script)], { stdio: ['ignore', output, output], env: { ...process.env, ...set } });
    child.on('error', failed);
    child.on('exit', (code) => (code === 0 ? done() : failed(new Problem(`The load script ${script} failed.`, { log }))));
  });
}
