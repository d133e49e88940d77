// A private PostgreSQL: initdb into a folder under /tmp, a server on a free loopback port, SQL through psql.
// Never looks at servers that are already there.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, HOST, isOpen } from './ports.mjs';
import { launch, waitUntil } from './processes.mjs';
import { Problem } from './problem.mjs';

const START_LIMIT_MS = 20_000;
const PORT_ATTEMPTS = 3;
/** Fast shutdown, then immediate; PostgreSQL treats SIGTERM as "wait for all clients". */
export const POSTGRES_SIGNALS = [['SIGINT', 5000], ['SIGQUIT', 3000]];

function pgConfig(option) {
  const command = process.env.PG_CONFIG ?? 'pg_config';
  try {
    return execFileSync(command, [option], { encoding: 'utf8' }).trim();
  } catch {
    throw new Problem(`${command} could not be run.`, {
      hint: 'Install the Debian packages postgresql-15 and postgresql-server-dev-15, or name the program in PG_CONFIG.',
    });
  }
}

export function findPostgres() {
  const bin = pgConfig('--bindir');
  if (!existsSync(join(bin, 'initdb'))) {
    throw new Problem(`There is no PostgreSQL server in ${bin}.`, { hint: 'Install the Debian package postgresql-15.' });
  }
  return { bin, share: pgConfig('--sharedir') };
}

/** The user the servers run as: PostgreSQL refuses root. */
export function unprivilegedUser() {
  if (process.getuid() !== 0) return {};
  const name = process.env.RS2DDB_STACK_USER ?? 'postgres';
  try {
    const id = (option) => Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    throw new Problem(`There is no operating system user "${name}" to run PostgreSQL as.`, {
      hint: 'Install the Debian package postgresql-15, or name another user in RS2DDB_STACK_USER.',
    });
  }
}

/** A new folder under /tmp that belongs to the user of the servers; stop removes it. */
export function privateFolder(folder, name, user) {
  const path = mkdtempSync(join(tmpdir(), `rs2ddb-${name}-`));
  folder.noteData(path);
  chmodSync(path, 0o700);
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid);
  return path;
}

function run(command, args, options, log, what) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: '/', maxBuffer: 16 * 1024 * 1024, ...options }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      writeFileSync(log, `${stdout}${stderr}`, { flag: 'a', mode: 0o600 });
      return reject(new Problem(`${what} failed.`, { log }));
    });
  });
}

async function initdb({ folder, name, bin, data, superuser, password, user }) {
  const passwordFile = `${data}/password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid);
  await run(join(bin, 'initdb'), ['-D', `${data}/db`, '-U', superuser, '--pwfile', passwordFile, '-A', 'scram-sha-256',
    '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions'], user, folder.log(name), `initdb for the ${name} PostgreSQL`);
  rmSync(passwordFile);
}

/** Starts a server on the data folder that createServerInstance made, on a port that is free now. Resolves to {port, dsn(dbname)}. */
export async function startServer({ folder, name, bin, data, settings, user, superuser, password, env }) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const all = { port, listen_addresses: HOST, unix_socket_directories: '', fsync: 'off', synchronous_commit: 'off',
      full_page_writes: 'off', wal_level: 'minimal', max_wal_senders: 0, max_connections: 60, ...settings };
    const args = ['-D', `${data}/db`, ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
    const started = launch(folder, name, join(bin, 'postgres'), args, { user, env });
    try {
      await waitUntil(folder, started, `The ${name} PostgreSQL`, () => isOpen(port), START_LIMIT_MS);
      const server = { port, dsn: (dbname) => dsn(port, dbname, superuser, password) };
      await waitUntil(folder, started, `The ${name} PostgreSQL`, () => answers(bin, server.dsn('postgres')), START_LIMIT_MS);
      return server;
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !started.hasEnded()) throw error;
    }
  }
}

/** True when a session can be opened; the port alone answers while the server still starts up. */
function answers(bin, dsnText) {
  return new Promise((resolve) => {
    execFile(join(bin, 'psql'), ['-X', '-q', '-d', dsnText, '-c', 'SELECT 1'], { cwd: '/' }, (error) => resolve(!error));
  });
}

export const dsn = (port, dbname, user, password) => `host=${HOST} port=${port} dbname=${dbname} user=${user} password=${password}`;

/** Makes and starts a server. Resolves to {port, dsn(dbname)}; dsn is that of the superuser. */
export async function createServerInstance(options) {
  await initdb(options);
  return startServer(options);
}

/** Runs SQL text or a file (path) as one psql session that stops at the first error. */
export async function psql({ folder, bin, dsn: target, sql, file, what }) {
  const source = file ? ['-f', file] : ['-c', sql];
  const log = folder.log('psql');
  return run(join(bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', target, ...source], {}, log, what);
}
