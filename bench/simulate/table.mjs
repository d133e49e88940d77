// Part 2: how much of a table's write capacity a client uses, and how much of what it sends comes back.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, readyLine, waitUntil } from '../../test/stack/lib/processes.mjs';
import { prepareData } from '../lib/data.mjs';
import { createWarehouse } from '../lib/database.mjs';
import { table as asTable } from '../lib/report.mjs';
import { PLAN } from '../lib/review_columns.mjs';
import { BUCKET, startSink } from '../lib/sink.mjs';
import { reachedAfter, throttledShare, unitsPerS, usedShare, worstWindow } from './figures.mjs';
import { SORTED_PLAN, writeRows } from './rows.mjs';
import { runBoto3, runOurs, SimulatedTable } from './runs.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
const SETTLED_S = 5; // the first seconds, in which a client may learn
const REVIEW_ROWS = 600_000;

async function startTable(folder) {
  const started = launch(folder, 'table', process.execPath, [SERVER]);
  const { port } = await waitUntil(folder, started, 'The simulated table', async () => readyLine(folder, 'table'), 10_000);
  return new SimulatedTable(port);
}

/** Serves `objects` and leads a new warehouse there and to the table. */
async function lead({ folder, sessions }, table, objects, name) {
  const sink = await startSink({ folder, objects, name });
  await createWarehouse(sessions[0], { s3: sink.url, dynamodb: table.url, caFile: sink.caFile, bucket: BUCKET });
}

const steady = (history, limit, seconds) => ({ used_share: usedShare(history, limit, 0, seconds),
  throttled_share: throttledShare(history, SETTLED_S, seconds), units_per_s: unitsPerS(history, SETTLED_S, seconds) });

async function steadyRuns({ context, table, reviews, plan, seconds, say }) {
  const found = [];
  const add = async (name, limit, run) => {
    await table.start({ units_per_s: limit, start_units: 0 });
    found.push({ name, limit, seconds, ...steady(await run(), limit, seconds) });
    say(`${name}: ${(found.at(-1).used_share * 100).toFixed(1)} % used, ${(found.at(-1).throttled_share * 100).toFixed(2)} % throttled`);
  };
  const ours = (workers) => () => runOurs(context, table, { plan: PLAN, files: reviews.files, workers, seconds });
  await add('ours, 1 loader', 4000, ours(1));
  await add('ours, 2 loaders', 4000, ours(2));
  await add('ours, 1 loader', 1000, ours(1));
  for (const retries of ['standard', 'adaptive']) {
    await add(`boto3, ${retries} retries`, 1000, () => runBoto3(table, { retries, plan, paths: reviews.paths, seconds }));
  }
  return found;
}

async function changingRuns({ context, table, reviews, seconds, say }) {
  const found = [];
  const atS = seconds / 2;
  for (const [name, workers, before, after] of [['doubles', 1, 4000, 8000], ['halves', 1, 4000, 2000], ['doubles, 2 loaders', 2, 4000, 8000], ['halves, 2 loaders', 2, 4000, 2000]]) {
    await table.start({ units_per_s: before, start_units: 0 });
    const change = { atS, run: () => table.change({ units_per_s: after, burst_units: after }) };
    const history = await runOurs(context, table, { plan: PLAN, files: reviews.files, workers, seconds, changes: [change] });
    found.push({ name, before, after, reached_90_after_s: reachedAfter(history, after, 0.9, name.startsWith('halves') ? atS + 1 : atS, seconds),
      throttled_share: throttledShare(history, atS + SETTLED_S, seconds), used_share: usedShare(history, after, atS + 10, seconds) });
    say(`limit ${name}: 90 % after ${found.at(-1).reached_90_after_s} s, ${(found.at(-1).throttled_share * 100).toFixed(2)} % throttled from 5 s on`);
  }
  return found;
}

async function boundedRuns({ context, table, reviews, seconds, say }) {
  const found = [];
  const atS = Math.round(seconds / 2), bound = 2000;
  const runs = [
    { name: '1 loader', workers: 1, bounds: [{ fromS: 0, bound }] },
    { name: '2 loaders', workers: 2, bounds: [{ fromS: 0, bound }] },
    { name: 'rs2ddb_set_rate to a half', workers: 2, bounds: [{ fromS: 0, bound }, { fromS: atS, bound: bound / 2 }],
      changes: [{ atS, run: (client, id) => client.query('SELECT rs2ddb_set_rate($1, $2)', [id, bound / 2]) }] },
    { name: 'two jobs on the table', workers: 1, bounds: [{ fromS: 0, bound }], secondAtS: 5 },
  ];
  for (const { name, bounds, ...run } of runs) {
    await table.start({ units_per_s: 40_000 });
    const history = await runOurs(context, table, { plan: PLAN, files: reviews.files, maxWcu: bound, seconds, ...run });
    const last = bounds.at(-1);
    found.push({ name, bound: last.bound, ...worstWindow(history, bounds, Math.min(10, seconds), seconds),
      used_share: usedShare(history, last.bound, last.fromS + 1, seconds) });
    say(`max_wcu, ${name}: ${Math.round(found.at(-1).units)} units in the worst 10 s, ${Math.round(found.at(-1).allowed)} allowed`);
  }
  return found;
}

async function partitionRuns({ context, table, seconds, say }) {
  const folder = join(context.folder.path, 'sorted');
  mkdirSync(folder, { mode: 0o755 });
  const rows = Math.ceil((seconds + 10) * 8000 / 5000) * 5000;
  const found = [];
  for (const shuffled of [true, false]) {
    const name = shuffled ? 'shuffled' : 'sorted';
    const bytes = await writeRows(join(folder, `${name}.json`), rows, { shuffled });
    found.push({ name, file: { url: `s3://${BUCKET}/${name}.json`, bytes, rows } });
  }
  await lead(context, table, folder, 'nginx-sorted');
  for (const line of found) {
    await table.start({ units_per_s: 8000, partitions: 8, partition_units_per_s: 1000, start_units: 0 }, { partitionKey: 'customer', sortKey: 'order' });
    const history = await runOurs(context, table, { plan: SORTED_PLAN, files: [line.file], workers: 1, seconds });
    Object.assign(line, { units_per_s: unitsPerS(history, SETTLED_S, seconds), throttled_share: throttledShare(history, SETTLED_S, seconds) });
    delete line.file;
    say(`${line.name} input, 8 partitions: ${Math.round(line.units_per_s)} units/s`);
  }
  return { runs: found, sorted_to_shuffled: found[1].units_per_s / found[0].units_per_s };
}

/** Which runs, in this order, and how long one takes when `seconds` are asked for. */
const CASES = {
  steady: (run, seconds) => steadyRuns({ ...run, seconds }),
  changing: (run, seconds) => changingRuns({ ...run, seconds: Math.max(30, seconds * 2 / 3) }),
  bounded: (run, seconds) => boundedRuns({ ...run, seconds: Math.max(15, seconds / 2) }),
  partitions: async (run, seconds) => ({ at: new Date().toISOString(), ...await partitionRuns({ ...run, seconds: Math.max(15, seconds / 2) }) }),
};

/** `context` has folder, database and sessions; `cases` are names of CASES. */
export async function measureTable({ seconds, cases = Object.keys(CASES), say, ...context }) {
  const data = await prepareData({ rows: REVIEW_ROWS, files: 32, say });
  const plan = join(data.folder, 'plan.json');
  writeFileSync(plan, JSON.stringify(PLAN));
  const reviews = { paths: data.many.map(({ name }) => join(data.folder, `${name}.zst`)),
    files: data.many.map(({ name, rows, bytes }) => ({ url: `s3://${BUCKET}/${name}.zst`, bytes: bytes.zst, rows })) };
  const table = await startTable(context.folder);
  await lead(context, table, data.folder, 'nginx-reviews');
  const found = {};
  for (const name of cases) found[name] = await CASES[name]({ context, table, reviews, plan, say }, seconds);
  return found;
}

const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)} %`;

const REPORTS = {
  steady: (lines) => asTable([['steady limit', 'units/s', 'used of available', 'throttled after 5 s'],
    ...lines.map((l) => [l.name, l.limit, percent(l.used_share), percent(l.throttled_share, 2)])]),
  changing: (lines) => asTable([['limit changes', 'to units/s', '90 % after', 'throttled from 5 s on', 'used from 10 s on'],
    ...lines.map((l) => [l.name, l.after, l.reached_90_after_s === null ? 'never' : `${l.reached_90_after_s} s`, percent(l.throttled_share, 2), percent(l.used_share)])]),
  bounded: (lines) => asTable([['max_wcu', 'bound', 'worst 10 s', 'bound for it', 'batches over 2 %', 'used'],
    ...lines.map((l) => [l.name, l.bound, Math.round(l.units), Math.round(l.allowed), l.over.toFixed(1), percent(l.used_share)])]),
  partitions: ({ runs, sorted_to_shuffled: ratio }) => asTable([['8 partitions of 1,000', 'units/s', 'throttled after 5 s'],
    ...runs.map((l) => [l.name, Math.round(l.units_per_s), percent(l.throttled_share, 2)]), ['sorted / shuffled', ratio.toFixed(2), '']]),
};

export const tableReport = (figures) => Object.entries(figures).map(([name, found]) => REPORTS[name](found)).join('\n\n');
