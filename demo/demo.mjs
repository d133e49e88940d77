#!/usr/bin/env node
// The demo: starts the stand-ins, loads the data sets, exports each of them with rs2ddb while showing live
// progress, then reads every item back and compares it with its source row. Leaves the stand-ins running.
//
//   node demo/demo.mjs [--dir FOLDER]
//
// ROWS (of amazon_reviews) and FLIGHTS in the environment change the sizes. --dir is the folder of the
// stand-ins in place of .stack. Exit status 0 only if every job succeeded and every item matched.

import { parseArgs } from 'node:util';
import { Board } from './lib/board.mjs';
import { EXPORTS, verificationOf } from './lib/exports.mjs';
import { count, seconds } from './lib/format.mjs';
import { runExports } from './lib/run_exports.mjs';
import { ensureStack, runScript } from './lib/stack.mjs';
import { verifyTables } from './lib/verify_tables.mjs';

const board = new Board(process.stdout);
const print = (line) => board.print(line);

const since = (startedMs) => seconds((performance.now() - startedMs) / 1000);

async function startStack(folder) {
  const startedMs = performance.now();
  const { environment, started } = await ensureStack(folder);
  print(`Stand-ins: ${started ? `started in ${since(startedMs)}` : 'already running'}`);
  return environment;
}

async function loadWarehouse(environment) {
  const startedMs = performance.now();
  const { ROWS, FLIGHTS } = process.env;
  const output = await runScript('warehouse/load.mjs', [...(ROWS ? ['--rows', ROWS] : []), ...(FLIGHTS ? ['--flights', FLIGHTS] : [])], environment);
  const rows = [...output.matchAll(/(\d+) rows/g)].map((match) => Number(match[1]));
  print(`Warehouse: ${rows.length} tables, ${count(rows.reduce((sum, n) => sum + n, 0))} rows loaded in ${since(startedMs)}`);
}

async function exportAll(environment) {
  print(`Export: ${EXPORTS.length} queries into DynamoDB, each with one call of rs2ddb_export`);
  const startedMs = performance.now();
  const outcomes = await runExports(environment, EXPORTS, board);
  print(`  ${outcomes.length} jobs in ${since(startedMs)}`);
  return outcomes;
}

/** Tables whose job did not run at all are left out; the job has been reported. */
async function verifyAll(environment, outcomes) {
  print('Verification: every item read back and compared with its source row');
  const startedMs = performance.now();
  const tables = outcomes.filter(({ job }) => job?.state === 'succeeded').map(({ entry }) => verificationOf(entry));
  const sum = await verifyTables(tables, environment, print);
  print(`  ${count(sum.verified)} items in ${since(startedMs)}`);
  return sum;
}

/** What is wrong with a settled job, apart from its items; null if nothing is. */
function complaint({ entry: { dynamodbTable, badRows = 0 }, job }) {
  if (job === null) return `${dynamodbTable}: no job`;
  if (job.state !== 'succeeded') return `${dynamodbTable}: job ${job.job_id} ${job.state}`;
  if (Number(job.rows_rejected) !== badRows) return `${dynamodbTable}: ${job.rows_rejected} rows rejected, ${badRows} expected`;
  return null;
}

function summarise(environment, outcomes, { verified, differences }) {
  const sum = (column) => outcomes.reduce((total, { job }) => total + Number(job?.[column] ?? 0), 0);
  const [rows, rejected] = [sum('rows_unloaded'), sum('rows_rejected')];
  const complaints = outcomes.map(complaint).filter((text) => text !== null);
  if (differences > 0) complaints.push(`${differences} differences between items and source rows`);
  else if (rows !== verified + rejected) complaints.push(`${rows} rows unloaded, but ${verified} items verified and ${rejected} rows rejected`);
  print('');
  complaints.forEach((text) => print(`NOT OK: ${text}`));
  print(`To play on:  psql "${environment.RS2DDB_PG_DSN}"\nTo stop:     make demo-stop`);
  print(`demo: ${outcomes.length} jobs, ${rows} rows unloaded, ${verified} items verified, ${rejected} rejected`);
  return complaints.length === 0;
}

async function main() {
  const { values } = parseArgs({ options: { dir: { type: 'string' } } });
  const environment = await startStack(values.dir);
  await loadWarehouse(environment);
  const outcomes = await exportAll(environment);
  const sum = await verifyAll(environment, outcomes);
  if (!summarise(environment, outcomes, sum)) process.exitCode = 1;
}

main().catch((error) => {
  board.erase();
  console.error(`demo: ${error.message}`);
  process.exit(1); // not only the exit code: a wait for another job may still be open
});
