// make soak: rounds of one job each, hit by kills, restarts and faults of the network as a seed says, until its table is equal
// to its source and its ledger balances. Every round runs a real UNLOAD through the gateway, into S3 and from there into tables in
// memory (memory_server.mjs) behind the fault front. ROUNDS, SEED, ROWS and FILES come from the environment; the seed of a
// round is that of the run plus its number less one, so SEED=n ROUNDS=1 plays a round again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StackFolder, tail } from '../stack/lib/files.mjs';
import { POSTGRES_SIGNALS } from '../stack/lib/postgres.mjs';
import { end } from '../stack/lib/processes.mjs';
import { checkRound } from './checks.mjs';
import { Session } from './database.mjs';
import { makePlan, planLines } from './plan.mjs';
import { runRound } from './round.mjs';
import { startServices } from './services.mjs';
import { makeSource } from './source.mjs';

const say = (text) => process.stdout.write(`soak: ${text}\n`);
const whole = (name, fallback) => {
  const text = process.env[name] || String(fallback);
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${name} must be a whole number above 0, not "${text}"`);
  return Number(text);
};

const isDatabase = (name) => name === 'warehouse' || name.startsWith('database');

/** Ends every process; the servers last, because the others hold sessions there. */
async function stop(folder, keepLogs) {
  folder.closed = true;
  for (const servers of [false, true]) {
    await Promise.all(folder.pidNames().filter((name) => isDatabase(name) === servers)
      .map((name) => end(folder, name, servers ? POSTGRES_SIGNALS : [['SIGTERM', 2000]])));
  }
  for (const path of [...folder.dataFolders(), ...keepLogs ? [] : [folder.path]]) rmSync(path, { recursive: true, force: true });
  if (keepLogs) folder.clear();
}

class Interruption extends Error {}

function interruption() {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => reject(new Interruption(`ended by ${signal}`)));
  });
}

/** Says why a run was given up. Returns whether its logs are of use. */
function reportFailure(failure, folder) {
  const interrupted = failure instanceof Interruption;
  say(`gave up: ${interrupted ? failure.message : failure.stack}`);
  if (failure.log) say(`the end of ${failure.log}:\n${tail(failure.log)}`);
  if (!interrupted) say(`logs stay in ${join(folder.path, 'logs')}`);
  return !interrupted;
}

const isGood = (file) => file.state === 'done' && file.rows_promised === file.items_written + file.rows_collapsed + file.rows_rejected;

function reportBad(plan, found, { folder, options }) {
  for (const line of [`BAD round, seed ${plan.seed}`, ...found.bad.map((text) => `  ${text}`), ...planLines(plan)]) say(line);
  if (found.job) say(`job: ${JSON.stringify({ ...found.job, plan: undefined })}`);
  for (const file of (found.files ?? []).filter((one) => !isGood(one))) say(`file: ${JSON.stringify(file)}`);
  say(`logs stay in ${join(folder.path, 'logs')}; again: make soak ROUNDS=1 SEED=${plan.seed} ROWS=${options.rows} FILES=${options.files}`);
}

/** Runs and checks a round. Resolves to {bad, job, files, run, table}. */
async function play(context, plan) {
  const table = `soak_${plan.seed}`;
  let id = null;
  try {
    const run = await runRound({ ...context, plan, table, noteJob: (made) => { id = made; } });
    return { ...await checkRound({ ...context, id: run.id, table }), run, table };
  } catch (error) {
    if (context.folder.closed) throw error;
    const found = id === null ? {} : await checkRound({ ...context, id, table }).catch(() => ({}));
    return { ...found, bad: [error.message, ...found.bad ?? []], table };
  }
}

/** After a bad round nothing of it may touch the next one. */
async function renew({ database, session, controls }) {
  await session.close();
  await controls.reset();
  if (database.running) await database.stop('immediate');
  await database.create(database.preloaded);
}

async function playRound(context, plan, name) {
  planLines(plan).forEach(say);
  const found = await play(context, plan);
  const { run, job, table } = found;
  await context.controls.dropTable(table);
  if (found.bad.length) {
    reportBad(plan, found, context);
    await renew(context);
    return false;
  }
  say(`${name}: equal and balanced, ${context.source.rows} rows in ${run.seconds.toFixed(1)} s; ${run.dealt} of ${run.planned} blows, ${run.fired} faults, `
    + `${job.attempt} UNLOAD(s), ${job.rows_collapsed} rows collapsed${run.staged ? `, ${run.staged} OBJECTS LEFT on the stage` : ''}`);
  return true;
}

async function playAll({ folder, count, options }) {
  const { rounds, firstSeed, rows, files } = options;
  const startMs = performance.now();
  const { database, controls, traces, adminDsn } = await startServices(folder);
  const source = await makeSource(adminDsn, rows, files);
  await database.create(makePlan(firstSeed).preloaded);
  const context = { folder, options, database, controls, traces, source, session: new Session(database), say };
  say(`${rounds} rounds of ${rows} rows (${source.expected.size} items) over ${files} files, seeds ${firstSeed} to ${firstSeed + rounds - 1}; `
    + `ready after ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  for (let round = 1; round <= rounds; round += 1) {
    const good = await playRound(context, makePlan(firstSeed + round - 1), `round ${round}`);
    count[good ? 'good' : 'bad'] += 1;
  }
  await context.session.close();
}

async function main() {
  const rounds = whole('ROUNDS', 10), firstSeed = whole('SEED', 1 + Math.floor(Date.now() / 1000) % 1_000_000);
  const options = { rounds, firstSeed, rows: whole('ROWS', 200_000), files: whole('FILES', 20) };
  const folder = new StackFolder(mkdtempSync(join(tmpdir(), 'rs2ddb-soak-')));
  folder.create();
  const count = { good: 0, bad: 0 };
  let failure = null;
  await Promise.race([playAll({ options, folder, count }), interruption()]).catch((error) => { failure = error; });
  const keepLogs = failure !== null && reportFailure(failure, folder) || count.bad > 0;
  await stop(folder, keepLogs);
  say(`${count.good + count.bad} rounds, ${count.good} equal and balanced, ${count.bad} bad (seeds ${firstSeed} to ${firstSeed + Math.max(count.good + count.bad, 1) - 1})`);
  return failure || count.bad || count.good < rounds ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
  process.stderr.write(`soak: ${error.message}\n`);
  process.exit(2);
});
