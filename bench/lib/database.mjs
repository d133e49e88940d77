// The private PostgreSQL in which our loader is measured.
import { randomBytes } from 'node:crypto';
import { createServerInstance, findPostgres, privateFolder, unprivilegedUser } from '../../test/stack/lib/postgres.mjs';
import { readPid } from '../../test/stack/lib/processes.mjs';
import { pg } from './packages.mjs';

/** Nothing but jobs makes processes that end: what the postmaster's ended children cost is what the jobs cost. */
const SETTINGS = { max_worker_processes: 16, autovacuum: 'off', wal_level: 'minimal', shared_buffers: '64MB' };

export const AWS = { region: 'us-west-2', id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

const quote = (value) => `'${String(value).replace(/'/g, "''")}'`;
const options = (values) => Object.entries(values).map(([name, value]) => `${name} ${quote(value)}`).join(', ');

/** An open client of the module pg; `dsn` is words like port=5432, none of them quoted. */
export async function connectTo(dsn) {
  const words = Object.fromEntries(dsn.split(' ').map((word) => word.split('=')));
  const client = new pg.Client({ host: words.host, port: Number(words.port), database: words.dbname, user: words.user, password: words.password });
  await client.connect();
  return client;
}

/** Resolves to {pid, connect()}; connect gives an open client. `name` is that of the process. */
export async function startDatabase(folder, { name = 'database', settings = {} } = {}) {
  const user = unprivilegedUser();
  const server = await createServerInstance({ folder, name, bin: findPostgres().bin, user,
    data: privateFolder(folder, 'bench', user), superuser: 'postgres', password: randomBytes(12).toString('hex'), settings: { ...SETTINGS, ...settings } });
  return { pid: readPid(folder, name).pid, connect: () => connectTo(server.dsn('postgres')) };
}

/** The extension, and a server object that leads to `endpoints`: {s3, dynamodb, caFile}. No warehouse is ever asked. */
export async function createWarehouse(client, { s3, dynamodb, caFile, bucket }) {
  const server = { host: '127.0.0.1', port: 1, dbname: 'none', region: AWS.region, iam_role: 'arn:aws:iam::123456789012:role/unload',
    stage: `s3://${bucket}/`, s3_endpoint: s3, dynamodb_endpoint: dynamodb, ...caFile ? { ca_file: caFile } : {} };
  await client.query('CREATE EXTENSION IF NOT EXISTS rs2ddb');
  await client.query('DROP SERVER IF EXISTS warehouse CASCADE');
  await client.query(`CREATE SERVER warehouse FOREIGN DATA WRAPPER rs2ddb OPTIONS (${options(server)})`);
  await client.query(`CREATE USER MAPPING FOR CURRENT_USER SERVER warehouse OPTIONS (user 'etl', password 'none',
    aws_access_key_id ${quote(AWS.id)}, aws_secret_access_key ${quote(AWS.secret)})`);
}
