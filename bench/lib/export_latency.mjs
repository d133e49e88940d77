// How long rs2ddb_export takes to return. The warehouse's port is closed: each job that commits fails in its leader, at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { createWarehouse, startDatabase } from './database.mjs';
import { workersOf } from './job.mjs';
import { median, percentile } from './report.mjs';

const CALLS = 200;
const WARM_UP_CALLS = 20;
const CLOSED = 'http://127.0.0.1:1';
const CALL = "SELECT rs2ddb_export('SELECT * FROM public.reviews', 'reviews', server => 'warehouse', key => '{review_id}') AS id";

/** One worker at a time, so that a call never waits for more than one; durable, because a committed call's time has the WAL's in it. */
const SETTINGS = { 'rs2ddb.max_workers': 1, fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

async function untilQuiet(client) {
  const busy = "SELECT count(*)::int AS n FROM rs2ddb.job WHERE state NOT IN ('succeeded', 'failed', 'canceled')";
  while ((await client.query(busy)).rows[0].n > 0 || (await workersOf(client)).length > 0) await sleep(5);
}

async function timed(client, text) {
  const startMs = performance.now();
  await client.query(text);
  return performance.now() - startMs;
}

async function rolledBack(client) {
  await client.query('BEGIN');
  const ms = await timed(client, CALL);
  await client.query('ROLLBACK');
  return ms;
}

async function committedAlone(client, watcher) {
  const ms = await timed(client, CALL);
  await untilQuiet(watcher);
  return ms;
}

const CASES = [
  { id: 'select_1', name: 'SELECT 1, for comparison', call: (client) => timed(client, 'SELECT 1') },
  { id: 'rolled_back', name: 'in a transaction, rolled back', call: rolledBack },
  { id: 'committed', name: 'committed, nothing else running', call: committedAlone },
  { id: 'committed_in_a_row', name: 'committed, one after the other', call: (client) => timed(client, CALL) },
];

async function measure({ name, call }, client, watcher) {
  const times = [];
  for (let i = -WARM_UP_CALLS; i < CALLS; i++) {
    const ms = await call(client, watcher);
    if (i >= 0) times.push(ms);
  }
  await untilQuiet(watcher);
  return { name, calls: CALLS, median_ms: median(times), p95_ms: percentile(times, 95), worst_ms: Math.max(...times) };
}

async function measureAll(client, watcher) {
  const found = {};
  await createWarehouse(client, { s3: CLOSED, dynamodb: CLOSED, bucket: 'none' });
  for (const one of CASES) found[one.id] = await measure(one, client, watcher);
  const { rows: [{ n }] } = await watcher.query("SELECT count(*)::int AS n FROM rs2ddb.job WHERE state <> 'failed'");
  if (n > 0) throw new Error(`${n} jobs did not fail: the warehouse should not have answered`);
  return found;
}

/** Resolves to {<case>: {name, calls, median_ms, p95_ms, worst_ms}}. */
export async function measureExport({ folder }) {
  const database = await startDatabase(folder, { name: 'latency', settings: SETTINGS });
  const sessions = [await database.connect(), await database.connect()];
  try { return await measureAll(...sessions); } finally { for (const session of sessions) await session.end(); }
}
