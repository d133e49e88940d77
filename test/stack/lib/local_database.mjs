// The "local" PostgreSQL: where the extension lives, with a server object for the stand-in warehouse.
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AWS } from './aws.mjs';
import { createServerInstance, privateFolder, psql } from './postgres.mjs';
import { ETL } from './warehouse.mjs';

export const SERVER_NAME = 'warehouse';
const quote = (value) => `'${String(value).replace(/'/g, "''")}'`;
const options = (values) => Object.entries(values).map(([name, value]) => `${name} ${quote(value)}`).join(', ');

/** Resolves to {port, dsn}. */
export async function startLocal({ folder, postgres, user }) {
  const server = await createServerInstance({
    folder, name: 'local', bin: postgres.bin, user, data: privateFolder(folder, 'local', user), superuser: 'postgres',
    password: randomBytes(12).toString('hex'), settings: { max_worker_processes: 16 },
  });
  return { port: server.port, dsn: server.dsn('postgres') };
}

export const isExtensionInstalled = (postgres) => existsSync(join(postgres.share, 'extension', 'rs2ddb.control'));

function serverSql({ gateway, front, iamRole, bucket }) {
  const server = {
    host: '127.0.0.1', port: gateway.port, dbname: ETL.dbname, sslmode: 'disable', // the gateway speaks no TLS
    region: AWS.AWS_REGION, iam_role: iamRole,
    stage: `s3://${bucket}/rs2ddb/`, s3_endpoint: front.s3Endpoint, dynamodb_endpoint: front.dynamodbEndpoint,
  };
  const mapping = {
    user: ETL.user, password: ETL.password, aws_access_key_id: AWS.AWS_ACCESS_KEY_ID, aws_secret_access_key: AWS.AWS_SECRET_ACCESS_KEY,
  };
  return `CREATE EXTENSION rs2ddb;
CREATE SERVER ${SERVER_NAME} FOREIGN DATA WRAPPER rs2ddb OPTIONS (${options(server)});
CREATE USER MAPPING FOR CURRENT_USER SERVER ${SERVER_NAME} OPTIONS (${options(mapping)})`;
}

/** Makes the extension, the server object and the user mapping. */
export async function makeServerObject({ folder, postgres, local, ...rest }) {
  await psql({ folder, bin: postgres.bin, dsn: local.dsn, sql: serverSql(rest), what: 'Making the extension and its server object' });
}
