// The stand-in warehouse: a private PostgreSQL dressed as Redshift, and the gateway in front of it.
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServerInstance, dsn, privateFolder, psql } from './postgres.mjs';
import { launch, readyLine, waitUntil } from './processes.mjs';
import { Problem } from './problem.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const GATEWAY = join(HERE, '..', 'gateway');
const GATEWAY_LIMIT_MS = 10_000;
export const ETL = { user: 'etl', password: 'etl-secret', dbname: 'dev' };

const ETL_SQL = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ETL.user}') THEN CREATE ROLE ${ETL.user} LOGIN PASSWORD '${ETL.password}'; END IF;
END $$`;
const GRANTS_SQL = `CREATE SCHEMA IF NOT EXISTS scratch;
GRANT USAGE, CREATE ON SCHEMA scratch TO ${ETL.user}; GRANT USAGE ON SCHEMA public TO ${ETL.user};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${ETL.user};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${ETL.user}`;

/** Resolves to {port, adminDsn}. */
export async function startWarehouse({ folder, postgres, user }) {
  const server = await createServerInstance({
    folder, name: 'warehouse', bin: postgres.bin, user, data: privateFolder(folder, 'warehouse', user), superuser: 'admin',
    password: randomBytes(12).toString('hex'), settings: { allow_system_table_mods: 'on', timezone: 'UTC', log_timezone: 'UTC' },
  });
  const run = (dbname, what) => psql({ folder, bin: postgres.bin, dsn: server.dsn(dbname), ...what });
  await run('postgres', { sql: `CREATE DATABASE ${ETL.dbname}`, what: 'Making the database dev' });
  await run(ETL.dbname, { sql: ETL_SQL, what: 'Making the user etl' });
  const setup = join(GATEWAY, 'setup.sql');
  if (existsSync(setup)) await run(ETL.dbname, { file: setup, what: 'gateway/setup.sql' });
  await run(ETL.dbname, { sql: GRANTS_SQL, what: 'Granting rights to etl' });
  return { port: server.port, adminDsn: server.dsn(ETL.dbname) };
}

/** Resolves to {port, controlPort, dsn}. */
export async function startGateway({ folder, warehouse, front, aws, iamRole }) {
  const script = process.env.RS2DDB_STACK_GATEWAY ?? join(GATEWAY, 'main.mjs');
  if (!existsSync(script)) throw new Problem(`The gateway ${script} does not exist.`);
  const started = launch(folder, 'gateway', process.execPath, [script], { env: {
    ...aws, WAREHOUSE_HOST: '127.0.0.1', WAREHOUSE_PORT: String(warehouse.port), WAREHOUSE_ADMIN_DSN: warehouse.adminDsn,
    S3_ENDPOINT: front.s3Endpoint, GATEWAY_PORT: '0', GATEWAY_ROLES: iamRole,
  } });
  const ready = await waitUntil(folder, started, 'The Redshift gateway', () => readyLine(folder, 'gateway'), GATEWAY_LIMIT_MS);
  const port = ready.port ?? ready.gateway;
  return { port, controlPort: ready.control_port ?? ready.controlPort ?? ready.control, dsn: dsn(port, ETL.dbname, ETL.user, ETL.password) };
}
