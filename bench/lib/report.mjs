// The table on the terminal, and bench/results.json.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** The smallest of the values that is not below so many per cent of them. */
export const percentile = (values, percent) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * percent / 100) - 1];

const whole = (value) => Math.round(value).toLocaleString('en');

/** rows: arrays of texts, the first one the heads. */
export function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i]).length)));
  return rows.map((row) => row.map((cell, i) => (i ? String(cell).padStart(widths[i]) : String(cell).padEnd(widths[i]))).join('   ')).join('\n');
}

export function throughputTable(lines) {
  return table([['', 'items', 'items/CPU-s', 'CPU s', 'user', 'system', 'items/s', 'wall s', 'peak MB', 'of the ceiling'],
    ...lines.map(({ name, items, share, runs, ...line }) => [name, whole(items), whole(line.items_per_cpu_s), line.cpu_s.toFixed(2), line.user_s.toFixed(2),
      line.system_s.toFixed(2), whole(line.items_per_s), line.wall_s.toFixed(2), line.peak_mb.toFixed(1), share ? share.toFixed(2) : ''])]);
}

export function describeMachine() {
  const version = (command, args) => { try { return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0]; } catch { return null; } };
  return { cpu: cpus()[0].model, cpus: cpus().length, memory_gb: Math.round(totalmem() / 2 ** 30), kernel: version('uname', ['-r']),
    postgresql: version(process.env.PG_CONFIG ?? 'pg_config', ['--version']), libcurl: version('curl', ['--version']), openssl: version('openssl', ['version']), node: process.version,
    boto3: version('python3', ['-c', 'import boto3; print(boto3.__version__)']) };
}

/** Parts, and cases of part 2, that were not measured this time keep their figures; `at` of a key says when when it differs. */
export function writeResults(path, results) {
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const table = { ...before.table, ...results.table };
  writeFileSync(path, `${JSON.stringify({ ...before, ...results, ...Object.keys(table).length ? { table } : {} }, null, 2)}\n`);
}
