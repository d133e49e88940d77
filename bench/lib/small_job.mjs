// How long a job of 100 rows takes through the stand-ins: gateway, s3rver, DynamoDB Local, the front before both.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackFolder } from '../../test/stack/lib/files.mjs';
import { startAll } from '../../test/stack/lib/start.mjs';
import { stopAll } from '../../test/stack/lib/stop.mjs';
import { connectTo } from './database.mjs';
import { median } from './report.mjs';

const ROWS = 100;
const JOBS = 20;
const LOAD = fileURLToPath(new URL('../../test/stack/warehouse/load.mjs', import.meta.url));
const LAST_UNLOAD = `SELECT extract(epoch FROM end_time AT TIME ZONE 'UTC')::float8 AS ended_s
  FROM redshift.unload_history ORDER BY end_time DESC LIMIT 1`;

/** One job: seconds from the end of the UNLOAD, from when its files were known, and from the call, until it had settled. */
async function runJob(client, warehouse) {
  const { rows: [{ id }] } = await client.query(
    "SELECT rs2ddb_export('SELECT * FROM public.amazon_reviews', 'small', key => '{review_id}') AS id");
  const { rows: [job] } = await client.query(`SELECT state, error_message, items_written::int AS items, extract(epoch FROM finished_at)::float8 AS finished_s,
    extract(epoch FROM finished_at - loading_at)::float8 AS loading_s, extract(epoch FROM finished_at - created_at)::float8 AS job_s
    FROM rs2ddb_wait($1, '60 s')`, [id]);
  if (job.state !== 'succeeded' || job.items !== ROWS) throw new Error(`job ${id} is ${job.state}, ${job.items} items: ${job.error_message}`);
  const { rows: [{ ended_s: endedS }] } = await warehouse.query(LAST_UNLOAD);
  return { after_unload_s: job.finished_s - endedS, loading_s: job.loading_s, job_s: job.job_s };
}

async function runJobs(client, warehouse) {
  const runs = [];
  await runJob(client, warehouse); // creates the table
  for (let i = 0; i < JOBS; i++) runs.push(await runJob(client, warehouse));
  const figures = (field) => ({ median_s: median(runs.map((run) => run[field])), worst_s: Math.max(...runs.map((run) => run[field])) });
  return { rows: ROWS, jobs: JOBS, after_unload: figures('after_unload_s'), loading: figures('loading_s'), job: figures('job_s') };
}

/** Resolves to {rows, jobs, after_unload, loading, job}, each of the last three {median_s, worst_s}. */
export async function measureSmallJob({ folder, say }) {
  const stack = new StackFolder(join(folder.path, 'stack'));
  stack.create();
  const sessions = [];
  try {
    const env = await startAll(stack, { local: true, say });
    execFileSync(process.execPath, [LOAD, '--rows', String(ROWS), '--tables', 'amazon_reviews'], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
    for (const dsn of [env.RS2DDB_PG_DSN, env.RS2DDB_WAREHOUSE_ADMIN_DSN]) sessions.push(await connectTo(dsn));
    return await runJobs(...sessions);
  } finally {
    for (const session of sessions) await session.end().catch(() => {});
    await stopAll(stack);
  }
}
