// One round: a job, what the plan does to it, and its end.
import { setTimeout as sleep } from 'node:timers/promises';
import { Blows } from './blows.mjs';
import { QUERY } from './source.mjs';

const LOOK_MS = 20;
const LEFT_ALONE_MS = 400; // a new leader needs a moment
const NO_PROGRESS_LIMIT_MS = 180_000; // a guard against a job that hangs, not a figure
const SETTLED = ['succeeded', 'failed', 'canceled'];

const LOOK_SQL = `SELECT j.state, l.pid AS leader_pid,
    COALESCE((SELECT sum(checkpoint) FROM rs2ddb.file f WHERE f.job_id = j.job_id), 0)::float8 AS settled_rows,
    ARRAY(SELECT pid FROM pg_stat_activity WHERE backend_type = 'rs2ddb loader' ORDER BY pid) AS loader_pids
  FROM rs2ddb.job j LEFT JOIN pg_stat_activity l ON l.pid = j.leader_pid AND l.backend_type = 'rs2ddb leader' WHERE job_id = $1`;

/** What users do with a job that nobody leads after a crash; preloaded, the launcher does it for them. */
async function leadOn(session, { preloaded, goOnBy }, id) {
  if (preloaded) return;
  if (goOnBy === 'rs2ddb_wait') await session.rows("SELECT state FROM rs2ddb_wait($1, '300 ms')", [id]);
  else await session.rows('SELECT rs2ddb_resume($1)', [id]);
}

class Watch {
  constructor() { Object.assign(this, { seen: '', movedMs: performance.now(), aloneMs: 0 }); }

  /** Throws when the job has not moved for too long. */
  note({ state, settled_rows: rows }) {
    const now = `${state} ${rows}`;
    if (now !== this.seen) Object.assign(this, { seen: now, movedMs: performance.now() });
    if (performance.now() - this.movedMs > NO_PROGRESS_LIMIT_MS) throw new Error(`the job has not moved for ${NO_PROGRESS_LIMIT_MS / 1000} s: ${now} rows`);
  }

  isLeftAlone({ leader_pid: leader }) {
    this.aloneMs = leader ? 0 : this.aloneMs || performance.now();
    return this.aloneMs > 0 && performance.now() - this.aloneMs > LEFT_ALONE_MS;
  }
}

async function untilSettled({ session, plan, rows, id, blows }) {
  const watch = new Watch();
  for (;;) {
    const [look] = await session.rows(LOOK_SQL, [id]);
    if (!look) throw new Error(`job ${id} is not there any more`);
    if (SETTLED.includes(look.state)) return;
    watch.note(look);
    const dealt = await blows.dealDue({ ...look, share: look.settled_rows / rows });
    if (!dealt && watch.isLeftAlone(look)) await leadOn(session, plan, id);
    await sleep(LOOK_MS);
  }
}

async function prepare({ database, controls, traces, source, plan }) {
  if (database.preloaded !== plan.preloaded) await database.restart('fast', { preloaded: plan.preloaded });
  await controls.reset();
  await controls.switchGateway({ ...source.layout, unload_delay_ms: plan.unloadDelayMs });
  await traces.begin();
  await controls.addFaults(plan.rules);
}

/** Runs the job of a plan. Resolves to {id, dealt, planned, longestStopMs, fired, seconds, staged (objects left)}; what came of it is for checks.mjs. */
export async function runRound({ database, session, controls, traces, source, plan, table, noteJob, say }) {
  await prepare({ database, controls, traces, source, plan });
  const startMs = performance.now();
  const [{ id }] = await session.rows('SELECT rs2ddb_export($1, $2, key => $3, workers => $4) AS id', [QUERY, table, source.key, plan.workers]);
  noteJob(id);
  const blows = new Blows({ plan, database, session, controls, table, say });
  await untilSettled({ session, plan, rows: source.rows, id, blows });
  const seconds = (performance.now() - startMs) / 1000;
  const fired = await controls.firedFaults();
  await controls.reset();
  return { id, dealt: blows.dealt, planned: plan.blows.length, longestStopMs: blows.longestStopMs, fired, seconds,
    staged: await traces.stagedObjects() };
}
