// One run against the simulated table: starts a client, changes the table in mid-run, stops the client, reads the history.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { insertJob } from '../lib/job.mjs';

const BOTO3 = fileURLToPath(new URL('../clients/boto3_load.py', import.meta.url));
const BOTO3_THREADS = 16;

export class SimulatedTable {
  constructor(port) { this.url = `http://127.0.0.1:${port}`; }

  async #post(path, body) {
    const reply = await fetch(`${this.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(await reply.text());
  }

  /** A new table. */
  async start(throttle, { partitionKey = 'review_id', sortKey } = {}) {
    await this.#post('/reset', { partition_key: partitionKey, sort_key: sortKey });
    await this.#post('/throttle', throttle);
  }

  change(throttle) { return this.#post('/throttle', throttle); }

  async history() { return (await fetch(`${this.url}/history`)).json(); }

  async untilFirstWrite() { while ((await this.history()).length === 0) await sleep(20); }
}

/** Waits until `seconds` after the first write, doing the `changes` ([{atS, run}]) on the way. */
async function pass(table, seconds, changes) {
  await table.untilFirstWrite();
  const startMs = performance.now();
  for (const { atS, run } of [...changes, { atS: seconds, run: async () => {} }]) {
    await sleep(Math.max(0, startMs + atS * 1000 - performance.now()));
    await run();
  }
}

/** Stops a job in mid-run: what it was asked to do here is done. */
async function stopJob(client, id) {
  await client.query('SELECT rs2ddb_cancel($1)', [id]);
  const { rows: [job] } = await client.query("SELECT state, error_message FROM rs2ddb_wait($1, '60 s')", [id]);
  if (job.state === 'failed') throw new Error(`job ${id} failed: ${job.error_message}`);
}

async function startJob(client, { plan, files, workers, maxWcu = null }) {
  const id = await insertJob(client, { table: 'reviews', plan, files, workers, maxWcu });
  await client.query('SELECT rs2ddb_resume($1)', [id]);
  return id;
}

/** `changes`: [{atS, run(client, id)}]; `secondAtS`: when another job like it is started. */
export async function runOurs({ sessions: [client] }, table, { seconds, changes = [], secondAtS = null, ...job }) {
  const ids = [await startJob(client, job)];
  const steps = changes.map((change) => ({ ...change, run: () => change.run(client, ids[0]) }));
  if (secondAtS !== null) steps.push({ atS: secondAtS, run: async () => { ids.push(await startJob(client, job)); } });
  await pass(table, seconds, steps);
  const history = await table.history();
  for (const id of ids) await stopJob(client, id);
  return history;
}

export async function runBoto3(table, { retries, plan, paths, seconds }) {
  const child = spawn('python3', [BOTO3, '--endpoint', table.url, '--plan', plan, '--table', 'reviews', '--threads', String(BOTO3_THREADS),
    '--seconds', String(seconds + 5), '--retries', retries, ...paths], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  await pass(table, seconds, []);
  const history = await table.history();
  child.kill('SIGKILL');
  await ended;
  return history;
}
