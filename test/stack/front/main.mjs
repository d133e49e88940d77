// The front as a process: settings from the environment, one line `ready {json}`, ends on SIGTERM.
import { startFront } from './front.mjs';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is needed`);
  return value;
}

async function main() {
  const env = process.env;
  const front = await startFront({
    s3Url: required('FRONT_S3_UPSTREAM'), dynamodbUrl: required('FRONT_DYNAMODB_UPSTREAM'),
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? 'S3RVER', secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? 'S3RVER',
    dynamodbAccessKeyId: env.FRONT_DYNAMODB_ACCESS_KEY_ID, region: env.AWS_REGION ?? 'us-east-1',
    ports: { s3: Number(env.FRONT_S3_PORT ?? 0), dynamodb: Number(env.FRONT_DYNAMODB_PORT ?? 0), control: Number(env.FRONT_CONTROL_PORT ?? 0) },
  });
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => front.close().then(() => process.exit(0)));
  console.log(`ready ${JSON.stringify(front.ports)}`);
}

main().catch((error) => {
  console.error(`front: ${error.message}`);
  process.exit(1);
});
