// make bench: part 1, throughput over TLS; part 2, a simulated table; part 3, latency, scaling, memory.
// ROWS, FILES, ROUNDS, PARTS, CASES and SECONDS_PER_RUN come from the environment.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackFolder } from '../test/stack/lib/files.mjs';
import { POSTGRES_SIGNALS } from '../test/stack/lib/postgres.mjs';
import { end } from '../test/stack/lib/processes.mjs';
import { buildCeiling } from './lib/build.mjs';
import { prepareData } from './lib/data.mjs';
import { startDatabase } from './lib/database.mjs';
import { detailsReport } from './lib/details_report.mjs';
import { measureExport } from './lib/export_latency.mjs';
import { describeMachine, throughputTable, writeResults } from './lib/report.mjs';
import { measureScaling } from './lib/scaling.mjs';
import { measureSmallJob } from './lib/small_job.mjs';
import { measureThroughput } from './lib/throughput.mjs';
import { measureTable, tableReport } from './simulate/table.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const number = (name, fallback) => Number(process.env[name] || fallback);
const DATABASES = ['database', 'latency'];
const say = (text) => process.stdout.write(`bench: ${text}\n`);

async function stop(folder, sessions) {
  for (const session of sessions) await session.end().catch(() => {});
  for (const name of folder.pidNames()) await end(folder, name, DATABASES.includes(name) ? POSTGRES_SIGNALS : [['SIGTERM', 3000]]);
  for (const path of [...folder.dataFolders(), folder.path]) rmSync(path, { recursive: true, force: true });
}

async function throughput(context) {
  const ceiling = buildCeiling(ROOT);
  const data = await prepareData({ rows: number('ROWS', 2_000_000), files: number('FILES', 32), say });
  const { results, lines } = await measureThroughput({ ...context, data, ceiling, rounds: number('ROUNDS', 3), say });
  say('The sink takes everything at once: these figures bound the client, not DynamoDB.');
  process.stdout.write(`\n${throughputTable(lines)}\n\n`);
  say(`ours is ${results.ratio_to_ceiling.toFixed(2)} of the ceiling, ${results.ratio_to_boto3.toFixed(1)} x boto3, ${results.ratio_to_sdk_js.toFixed(1)} x the SDK for JavaScript; `
    + `the ceiling is ${results.ceiling.ratio_to_wrk.toFixed(2)} of wrk${results.ceiling.ratio_to_wrk < 0.28 ? ': TOO LOW to be called a ceiling' : ''}`);
  return { rows: data.rows, ...results };
}

async function simulated(context) {
  const figures = await measureTable({ ...context, seconds: number('SECONDS_PER_RUN', 60), cases: process.env.CASES?.split(/[ ,]+/), say });
  process.stdout.write(`\n${tableReport(figures)}\n\n`);
  return { table: figures };
}

async function details(context) {
  const at = new Date().toISOString();
  const latency = { at, export: await measureExport(context), small_job: await measureSmallJob(context) };
  const scaling = { at, ...await measureScaling({ ...context, rounds: number('ROUNDS', 2) }) };
  process.stdout.write(`\n${detailsReport({ latency, scaling })}\n\n`);
  return { latency, scaling };
}

const folder = new StackFolder(mkdtempSync(join(tmpdir(), 'rs2ddb-bench-')));
const parts = (process.env.PARTS || '1 2 3').split(/[ ,]+/);
const sessions = [];
let failure = null;
try {
  folder.create();
  const database = await startDatabase(folder);
  sessions.push(await database.connect(), await database.connect());
  const context = { folder, database, sessions, say };
  const results = { ...parts.includes('1') ? { at: new Date().toISOString() } : {}, machine: describeMachine(),
    ...parts.includes('1') ? await throughput(context) : {}, ...parts.includes('2') ? await simulated(context) : {},
    ...parts.includes('3') ? await details(context) : {} };
  const path = process.env.RESULTS || join(ROOT, 'bench', 'results.json');
  writeResults(path, results);
  say(`results are in ${path}`);
} catch (error) {
  failure = error;
} finally {
  await stop(folder, sessions);
}
if (failure) {
  process.stderr.write(`bench: ${failure.stack}\n`);
  process.exit(1);
}
