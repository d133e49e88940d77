// What a job costs as rows and files grow.
import { prepareData } from './data.mjs';
import { load, objectOf, rowsOf, serve } from './loads.mjs';
import { measureMemory } from './memory.mjs';
import { median } from './report.mjs';

const LARGE = { rows: 4_000_000, files: 40, suffixes: ['zst'] }; // 100,000 rows a file
const SPLIT = { rows: 1_000_000, files: 1000, suffixes: ['zst'] };
const SMALL_JOBS = 20;

function summary(runs) {
  const middle = median(runs.map(({ cpu_s: cpuS }) => cpuS));
  return { ...runs.find(({ cpu_s: cpuS }) => cpuS === middle), loader_peak_mb: Math.max(...runs.map((run) => run.loader_peak_mb)),
    runs_cpu_s: runs.map(({ cpu_s: cpuS }) => Number(cpuS.toFixed(2))) };
}

/** Mean of many jobs of one small file: the kernel books CPU time in steps of 10 ms. */
async function smallJobs(context, file) {
  let cpuS = 0;
  for (let i = 0; i < SMALL_JOBS; i++) cpuS += (await load(context, [file])).cpu_s;
  return { rows: file.rows, files: 1, jobs: SMALL_JOBS, cpu_s: cpuS / SMALL_JOBS };
}

async function rounds({ context, cases, count, say }) {
  const runs = new Map(cases.map(({ id }) => [id, []]));
  for (let round = 1; round <= count; round++) {
    for (const { id, files } of cases) {
      runs.get(id).push(await load(context, files));
      say(`round ${round}: ${rowsOf(files).toLocaleString('en')} rows in ${files.length} files: ${runs.get(id).at(-1).cpu_s.toFixed(2)} CPU-s`);
    }
  }
  return Object.fromEntries(cases.map(({ id }) => [id, summary(runs.get(id))]));
}

const marginalUs = (a, b) => (b.cpu_s - a.cpu_s) / (b.rows - a.rows) * 1e6;

/** Resolves to the costs of the jobs and what follows from them. */
async function measureCosts({ context, large, split, say, roundCount }) {
  await serve(context, split.folder, 'nginx-split');
  const tiny = await smallJobs(context, objectOf(split.many[0]));
  const parted = await rounds({ context, count: roundCount, say, cases: [{ id: 'million_in_1000_files', files: split.many.map(objectOf) }] });
  await serve(context, large.folder, 'nginx-large');
  const files = large.many.map(objectOf);
  const cases = [{ id: 'hundred_thousand', files: files.slice(0, 1) }, { id: 'million', files: files.slice(0, 10) }, { id: 'four_million', files }];
  const grown = await rounds({ context, count: roundCount, say, cases });
  const jobs = { tiny, ...grown, ...parted };
  return { jobs, fixed_cpu_s: tiny.cpu_s - tiny.rows * marginalUs(grown.hundred_thousand, grown.million) / 1e6,
    marginal_us_to_million: marginalUs(grown.hundred_thousand, grown.million), marginal_us_to_four_million: marginalUs(grown.million, grown.four_million),
    per_file_ms: (parted.million_in_1000_files.cpu_s - grown.million.cpu_s) / (SPLIT.files - 10) * 1e3,
    files_1000_to_10: parted.million_in_1000_files.cpu_s / grown.million.cpu_s };
}

/** `context` has folder, database and sessions. */
export async function measureScaling({ rounds: roundCount, say, ...context }) {
  const large = await prepareData({ ...LARGE, say });
  const split = await prepareData({ ...SPLIT, say });
  const run = { context, large, split, roundCount, say };
  const costs = await measureCosts(run);
  return { ...costs, memory: await measureMemory(run) };
}
