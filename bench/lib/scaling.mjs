// What a job costs as rows and files grow.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { prepareData } from './data.mjs';
import { load, objectOf, rowsOf, serve } from './loads.mjs';
import { measureMemory } from './memory.mjs';

const LARGE = { rows: 2_000_000, files: 2, suffixes: ['zst'] }; // a million rows a file
const SPLIT = { rows: 2_000_000, files: 1000, suffixes: ['zst'] }; // 2,000 rows a file
const COPIES = 5; // ten million rows: the same ones under five names
const SMALL_JOBS = 20, MILLION_JOBS = 4;

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** The mean cost: means of runs that took about as long can be compared on a machine that does other work. */
function summary(runs) {
  const [{ rows, files }] = runs;
  return { rows, files, jobs: runs.length, cpu_s: mean(runs.map((run) => run.cpu_s)), wall_s: mean(runs.map((run) => run.wall_s)),
    loader_peak_mb: Math.max(...runs.map((run) => run.loader_peak_mb)), runs_cpu_s: runs.map(({ cpu_s: cpuS }) => Number(cpuS.toFixed(2))) };
}

/**
 * Cases in turn, each as one job after the other; every second round backwards, so that a machine that grows slower or faster favours
 * none. The kernel books CPU time in steps of 10 ms: short jobs are many.
 */
async function measureCases(context, cases, count, say) {
  const runs = new Map(cases.map(({ id }) => [id, []]));
  for (let round = 1; round <= count; round++) {
    for (const { id, jobs } of round % 2 ? cases : [...cases].reverse()) {
      for (const files of jobs) runs.get(id).push(await load(context, files));
      const last = runs.get(id).slice(-jobs.length).map((run) => run.cpu_s);
      say(`round ${round}: ${rowsOf(jobs[0]).toLocaleString('en')} rows in ${jobs[0].length} file(s), ${jobs.length} job(s): ${mean(last).toFixed(3)} CPU-s`);
    }
  }
  return Object.fromEntries(cases.map(({ id }) => [id, summary(runs.get(id))]));
}

const marginalUs = (a, b) => (b.cpu_s - a.cpu_s) / (b.rows - a.rows) * 1e6;

/** Serves the files of each of `sets` COPIES times. Resolves to their objects, as lists in the order of `sets`. */
async function serveCopies(context, sets) {
  const home = join(context.folder.path, 'rows');
  mkdirSync(home, { mode: 0o755 });
  const objects = sets.map(({ folder, many }, set) => Array.from({ length: COPIES }, (_, copy) => {
    const name = `set${set}_copy${copy}`;
    symlinkSync(folder, join(home, name));
    return many.map((file) => objectOf(name, file));
  }).flat());
  await serve(context, home, 'nginx-rows');
  return objects;
}

/** Resolves to the costs of the jobs and what follows from them. */
async function measureCosts({ context, large, split, say, roundCount }) {
  const [files, small] = await serveCopies(context, [large, split]);
  const one = (file) => [file];
  const jobs = await measureCases(context, [{ id: 'two_thousand', jobs: small.slice(0, SMALL_JOBS).map(one) },
    { id: 'million', jobs: files.slice(0, MILLION_JOBS).map(one) }, { id: 'ten_million', jobs: [files] },
    { id: 'ten_million_in_5000_files', jobs: [small] }], roundCount, say);
  const perRowUs = marginalUs(jobs.two_thousand, jobs.million);
  const parted = jobs.ten_million_in_5000_files, whole = jobs.ten_million;
  return { jobs, fixed_cpu_s: jobs.two_thousand.cpu_s - jobs.two_thousand.rows * perRowUs / 1e6,
    marginal_us_to_million: perRowUs, marginal_us_to_ten_million: marginalUs(jobs.million, whole),
    per_file_ms: (parted.cpu_s - whole.cpu_s) / (parted.files - whole.files) * 1e3, files_5000_to_10: parted.cpu_s / whole.cpu_s };
}

/** `context` has folder, database and sessions. */
export async function measureScaling({ rounds: roundCount, say, ...context }) {
  const large = await prepareData({ ...LARGE, say });
  const split = await prepareData({ ...SPLIT, say });
  const run = { context, large, split, roundCount, say };
  const costs = await measureCosts(run);
  return { ...costs, memory: await measureMemory(run) };
}
