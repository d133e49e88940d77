// Finds the stand-ins running, or starts them, and reads the addresses they wrote to .stack/env.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDsn } from '../../test/stack/warehouse/dsn.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const CONNECT_TIMEOUT_MS = 2_000;

const script = (name) => path.join(root, 'test/stack', name);
const defaultFolder = path.join(root, '.stack');

/** `export NAME='value'` lines as an object. */
export function parseEnvFile(text) {
  const environment = {};
  for (const [, name, value] of text.matchAll(/^export ([A-Z0-9_]+)='((?:[^']|'\\'')*)'$/gm)) {
    environment[name] = value.replaceAll("'\\''", "'");
  }
  return environment;
}

function accepts(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const settle = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false)).once('timeout', () => settle(false));
  });
}

async function isRunning(environment) {
  const dsns = ['RS2DDB_PG_DSN', 'RS2DDB_REDSHIFT_DSN', 'RS2DDB_WAREHOUSE_ADMIN_DSN'].map((name) => parseDsn(environment[name] ?? ''));
  const urls = ['RS2DDB_S3_ENDPOINT', 'RS2DDB_DYNAMODB_ENDPOINT'].map((name) => environment[name] && new URL(environment[name]));
  const addresses = [...dsns.map(({ host, port }) => [host, port]), ...urls.map((url) => [url?.hostname, Number(url?.port)])];
  if (addresses.some(([host, port]) => !host || !port)) return false;
  return (await Promise.all(addresses.map(([host, port]) => accepts(host, port)))).every(Boolean);
}

const ended = (child) => new Promise((resolve, reject) => {
  child.once('error', reject).once('exit', (code, signal) => resolve(signal ?? code));
});

/**
 * Runs a Node.js script of the stand-ins and returns what it printed. It prints to a file: processes that it
 * leaves running may hold its output open, and must neither keep us waiting nor meet a closed pipe.
 */
export async function runScript(name, args, environment = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rs2ddb-demo-'));
  const file = path.join(folder, 'output');
  const output = openSync(file, 'w');
  try {
    const stdio = ['ignore', output, output];
    const status = await ended(spawn(process.execPath, [script(name), ...args], { env: { ...process.env, ...environment }, stdio }));
    const text = readFileSync(file, 'utf8');
    if (status !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${status}\n${text}`);
    return text;
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true });
  }
}

const readEnvironment = (folder) => {
  const file = path.join(folder, 'env');
  return existsSync(file) ? parseEnvFile(readFileSync(file, 'utf8')) : {};
};

/** Returns { environment, started }. folder is undefined for the usual one. */
export async function ensureStack(folder) {
  const folderArguments = folder ? ['--dir', folder] : [];
  const stackFolder = folder ?? defaultFolder;
  const running = readEnvironment(stackFolder);
  if (await isRunning(running)) return { environment: running, started: false };
  if (Object.keys(running).length > 0) await runScript('stack.mjs', ['stop', ...folderArguments]).catch(() => {});
  await runScript('stack.mjs', ['start', ...folderArguments]);
  return { environment: readEnvironment(stackFolder), started: true };
}
