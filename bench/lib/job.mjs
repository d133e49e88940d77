// Our loader: a job whose UNLOAD is taken as done. Its job, plan and file rows are put into the catalog and it is resumed,
// so the leader goes straight to loading; from there on everything is as in any job.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchMemory } from './measure.mjs';

const TICKS_PER_S = 100; // USER_HZ of Linux

/** CPU seconds of the children of a process that have ended, as the kernel booked them: no sampling. */
function endedChildren(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
  return { userS: Number(fields[13]) / TICKS_PER_S, systemS: Number(fields[14]) / TICKS_PER_S };
}

/** Inserts a job that waits to be resumed. files: [{url, bytes, rows}]. Resolves to its id. */
export async function insertJob(client, { table, plan, files, workers, maxWcu = null }) {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const { rows: [{ job_id: id }] } = await client.query(
    `INSERT INTO rs2ddb.job (state, table_name, rows_unloaded, owner, owner_oid, server, query, mode, workers, max_wcu, max_rejects,
       keep_files, attempt, plan, unload_finished_at, system_identifier, database_oid)
     SELECT 'failed', $1, $2, r.rolname, r.oid, 'warehouse', 'SELECT * FROM bench', 'put', $3, $4, 0, true, 1, $5, now(),
       c.system_identifier, d.oid FROM pg_control_system() c, pg_database d, pg_roles r
     WHERE d.datname = current_database() AND r.rolname = CURRENT_USER RETURNING job_id`,
    [table, rows, workers, maxWcu, JSON.stringify(plan)]);
  await client.query(
    `INSERT INTO rs2ddb.file (job_id, file_no, url, size_bytes, rows_promised)
     SELECT $1, n, f->>'url', (f->>'bytes')::bigint, (f->>'rows')::bigint FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS e(f, n)`,
    [id, JSON.stringify(files)]);
  return id;
}

export async function workersOf(client) {
  const { rows } = await client.query("SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'rs2ddb%' OR backend_type LIKE '%rs2ddb%'");
  return rows.map(({ pid }) => pid);
}

async function untilWorkersEnd(client) {
  while ((await workersOf(client)).length > 0) await sleep(20);
  await sleep(50); // the postmaster books an ended child a moment after it left the list
}

/** Polls from its own session which workers live: their memory is watched. */
function watchWorkers(client) {
  let pids = [], over = false;
  const memory = watchMemory(() => pids);
  const loop = (async () => { while (!over) { pids = await workersOf(client); await sleep(200); } })();
  return { async stop() { over = true; await loop; return memory.stop(); } };
}

/**
 * Resumes a job and waits until it has settled and its workers have ended. `sessions` are two open clients: no other session of
 * the server may end meanwhile. Resolves to {cpuS, userS, systemS, wallS, loadS, peakMb, largestMb, job}.
 */
export async function runJob({ database, sessions: [client, watcher], id, timeoutS = 3600 }) {
  const before = endedChildren(database.pid);
  const startMs = performance.now();
  await client.query('SELECT rs2ddb_resume($1)', [id]);
  const workers = watchWorkers(watcher);
  const { rows: [job] } = await client.query("SELECT *, extract(epoch FROM finished_at - loading_at)::float8 AS load_s FROM rs2ddb_wait($1, $2)",
    [id, `${timeoutS} s`]);
  const wallS = (performance.now() - startMs) / 1000;
  const memory = await workers.stop();
  await untilWorkersEnd(client);
  const after = endedChildren(database.pid);
  if (job.state !== 'succeeded') throw new Error(`job ${id} is ${job.state}: ${job.error_message} ${job.error_detail ?? ''}`);
  const userS = after.userS - before.userS, systemS = after.systemS - before.systemS;
  return { userS, systemS, cpuS: userS + systemS, wallS, loadS: job.load_s, ...memory, job };
}
