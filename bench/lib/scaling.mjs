// What a job costs as rows and files grow.
import { basename, dirname } from 'node:path';
import { prepareData } from './data.mjs';
import { load, objectOf, rowsOf, serve } from './loads.mjs';
import { measureMemory } from './memory.mjs';

const LARGE = { rows: 4_000_000, files: 40, suffixes: ['zst'] }; // 100,000 rows a file
const SPLIT = { rows: 1_000_000, files: 1000, suffixes: ['zst'] };
const SMALL_JOBS = 20;

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** The mean cost: means of runs that took about as long can be compared on a machine that does other work. */
function summary(runs) {
  const [{ rows, files }] = runs;
  return { rows, files, jobs: runs.length, cpu_s: mean(runs.map((run) => run.cpu_s)), wall_s: mean(runs.map((run) => run.wall_s)),
    loader_peak_mb: Math.max(...runs.map((run) => run.loader_peak_mb)), runs_cpu_s: runs.map(({ cpu_s: cpuS }) => Number(cpuS.toFixed(2))) };
}

/** Cases in turn, each as one job after the other. The kernel books CPU time in steps of 10 ms: short jobs are many. */
async function measureCases(context, cases, count, say) {
  const runs = new Map(cases.map(({ id }) => [id, []]));
  for (let round = 1; round <= count; round++) {
    for (const { id, jobs } of cases) {
      for (const files of jobs) runs.get(id).push(await load(context, files));
      const last = runs.get(id).slice(-jobs.length).map((run) => run.cpu_s);
      say(`round ${round}: ${rowsOf(jobs[0]).toLocaleString('en')} rows in ${jobs[0].length} file(s), ${jobs.length} job(s): ${mean(last).toFixed(3)} CPU-s`);
    }
  }
  return Object.fromEntries(cases.map(({ id }) => [id, summary(runs.get(id))]));
}

const chunks = (files, size, most) => Array.from({ length: most }, (_, i) => files.slice(i * size, (i + 1) * size));

const marginalUs = (a, b) => (b.cpu_s - a.cpu_s) / (b.rows - a.rows) * 1e6;

const objectsOf = ({ folder, many }) => many.map((file) => objectOf(basename(folder), file));

/** Resolves to the costs of the jobs and what follows from them. */
async function measureCosts({ context, large, split, say, roundCount }) {
  await serve(context, dirname(large.folder), 'nginx-rows');
  const files = objectsOf(large), small = objectsOf(split);
  const jobs = await measureCases(context, [{ id: 'thousand', jobs: chunks(small, 1, SMALL_JOBS) }, { id: 'hundred_thousand', jobs: chunks(files, 1, 10) },
    { id: 'million', jobs: chunks(files, 10, 4) }, { id: 'million_in_1000_files', jobs: [small] }, { id: 'four_million', jobs: [files] }], roundCount, say);
  const perRowUs = marginalUs(jobs.hundred_thousand, jobs.million);
  const parted = jobs.million_in_1000_files.cpu_s;
  return { jobs, fixed_cpu_s: jobs.thousand.cpu_s - jobs.thousand.rows * perRowUs / 1e6,
    marginal_us_to_million: perRowUs, marginal_us_to_four_million: marginalUs(jobs.million, jobs.four_million),
    per_file_ms: (parted - jobs.million.cpu_s) / (SPLIT.files - 10) * 1e3, files_1000_to_10: parted / jobs.million.cpu_s };
}

/** `context` has folder, database and sessions. */
export async function measureScaling({ rounds: roundCount, say, ...context }) {
  const large = await prepareData({ ...LARGE, say });
  const split = await prepareData({ ...SPLIT, say });
  const run = { context, large, split, roundCount, say };
  const costs = await measureCosts(run);
  return { ...costs, memory: await measureMemory(run) };
}
