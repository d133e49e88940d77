// Part 1: what a client costs per item over TLS, against a sink that takes everything.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileSync } from 'node:fs';
import { createWarehouse } from './database.mjs';
import { insertJob, runJob } from './job.mjs';
import { measureCommand } from './measure.mjs';
import { median } from './report.mjs';
import { PLAN } from './review_columns.mjs';
import { BUCKET, startSink, TABLE } from './sink.mjs';

const BATCH = 25;
const IN_FLIGHT = 32;
const WRK_S = 3;
const THREADS = [1, 2, 4, 8];
const TRIAL_ITEMS = 3000;
const client = (name) => fileURLToPath(new URL(`../clients/${name}`, import.meta.url));

const VARIANTS = [
  { name: 'ours: ZSTD, many files, 1 loader', kind: 'many', suffix: 'zst', workers: 1, id: 'zstd' },
  { name: 'ours: ZSTD, many files, 2 loaders', kind: 'many', suffix: 'zst', workers: 2, id: 'zstd_2_loaders' },
  { name: 'ours: ZSTD, one file', kind: 'one', suffix: 'zst', workers: 1, id: 'zstd_one_file' },
  { name: 'ours: GZIP, many files, 1 loader', kind: 'many', suffix: 'gz', workers: 1, id: 'gzip' },
  { name: 'ours: GZIP, one file', kind: 'one', suffix: 'gz', workers: 1, id: 'gzip_one_file' },
];

function figures(items, { cpuS, userS, systemS, wallS, peakMb, largestMb }) {
  return { items, items_per_cpu_s: items / cpuS, items_per_s: items / wallS, cpu_s: cpuS, user_s: userS, system_s: systemS, wall_s: wallS,
    peak_mb: peakMb, ...largestMb === undefined ? {} : { loader_peak_mb: largestMb } };
}

/** The run with the median cost, with the costs of all of them. */
function summary(name, runs) {
  const middle = median(runs.map((run) => run.items_per_cpu_s));
  return { name, ...runs.find((run) => run.items_per_cpu_s === middle), peak_mb: Math.max(...runs.map((run) => run.peak_mb)),
    runs: runs.map((run) => Math.round(run.items_per_cpu_s)) };
}

async function runOurs({ data, database, sessions }, { kind, suffix, workers }) {
  const files = data[kind].map(({ name, rows, bytes }) => ({ url: `s3://${BUCKET}/${name}.${suffix}`, bytes: bytes[suffix], rows }));
  const id = await insertJob(sessions[0], { table: TABLE, plan: PLAN, files, workers });
  const run = await runJob({ database, sessions, id });
  if (Number(run.job.items_written) !== data.rows) throw new Error(`job ${id} wrote ${run.job.items_written} of ${data.rows} rows`);
  return figures(data.rows, run);
}

async function runCeiling({ sink, data, ceiling }) {
  const requests = Math.max(Math.floor(data.rows / BATCH), IN_FLIGHT);
  return figures(requests * BATCH, await measureCommand(ceiling, [`${sink.url}/`, sink.caFile, join(data.folder, 'bodies.bin'), String(requests), String(IN_FLIGHT)]));
}

async function runWrk({ sink, data }) {
  const run = await measureCommand('wrk', ['-t1', `-c${IN_FLIGHT}`, `-d${WRK_S}s`, '-s', client('wrk.lua'), `${sink.url}/`],
    { env: { BODY_FILE: join(data.folder, 'bodies.bin') } });
  if (/Non-2xx|Socket errors/.test(run.output)) throw new Error(`wrk met errors:\n${run.output}`);
  return figures(Number(run.output.match(/(\d+) requests in/)[1]) * BATCH, run);
}

const paths = (data) => data.many.map(({ name }) => join(data.folder, `${name}.zst`));

async function runBoto3({ sink, data }, threads, items) {
  const plan = join(data.folder, 'plan.json');
  writeFileSync(plan, JSON.stringify(PLAN));
  const run = await measureCommand('python3', [client('boto3_load.py'), '--endpoint', sink.url, '--ca', sink.caFile, '--plan', plan,
    '--table', TABLE, '--threads', String(threads), '--items', String(items), ...paths(data)]);
  const { items: sent, failure } = JSON.parse(run.output);
  if (failure) throw new Error(`boto3 failed: ${failure}`);
  return { ...figures(sent, run), threads };
}

/** The thread count at which an item costs least CPU. */
async function bestBoto3(context, items, say) {
  const trials = [];
  for (const threads of THREADS) trials.push(await runBoto3(context, threads, TRIAL_ITEMS));
  const best = trials.reduce((a, b) => (b.items_per_cpu_s > a.items_per_cpu_s ? b : a));
  say(`boto3 is at its best with ${best.threads} thread(s)`);
  return { ...await runBoto3(context, best.threads, items), trials: trials.map(({ threads, items_per_cpu_s: cost }) => ({ threads, items_per_cpu_s: Math.round(cost) })) };
}

async function runSdk({ sink, data }, items) {
  const run = await measureCommand(process.execPath, [client('sdk_load.mjs'), sink.url, sink.caFile, TABLE, String(items), String(IN_FLIGHT), ...paths(data)]);
  return figures(JSON.parse(run.output).items, run);
}

async function measureOurs(context, rounds, say) {
  const runs = new Map(VARIANTS.map(({ id }) => [id, []]));
  const ceilings = [];
  for (let round = 1; round <= rounds; round++) {
    ceilings.push(await runCeiling(context));
    for (const variant of VARIANTS) {
      runs.get(variant.id).push(await runOurs(context, variant));
      say(`round ${round}: ${variant.name}: ${Math.round(runs.get(variant.id).at(-1).items_per_cpu_s).toLocaleString('en')} items per CPU-second`);
    }
    ceilings.push(await runCeiling(context));
  }
  return { ceiling: summary('ceiling: bare libcurl, ready-made bodies', ceilings),
    variants: VARIANTS.map(({ id, name }) => ({ id, ...summary(name, runs.get(id)) })) };
}

/** Resolves to {results, lines}: the keys of results.json, and the lines of the table. */
export async function measureThroughput({ folder, data, database, sessions, ceiling, rounds, say }) {
  const sink = await startSink({ folder, objects: data.folder });
  await createWarehouse(sessions[0], { s3: sink.url, dynamodb: sink.url, caFile: sink.caFile, bucket: BUCKET });
  const context = { sink, data, database, sessions, ceiling };
  const wrk = { name: 'wrk: one body, not signed', ...await runWrk(context) };
  const ours = await measureOurs(context, rounds, say);
  const boto3 = { name: 'boto3: batch_writer', ...await bestBoto3(context, Math.min(data.rows, Math.max(10_000, data.rows / 50)), say) };
  const sdk = { name: 'AWS SDK for JavaScript v3', ...await runSdk(context, Math.min(data.rows, Math.max(40_000, data.rows / 20))) };
  const share = (line) => line.items_per_cpu_s / ours.ceiling.items_per_cpu_s;
  const main = ours.variants[0];
  const results = { ours: { ...main, variants: Object.fromEntries(ours.variants.map((line) => [line.id, { ...line, ratio_to_ceiling: share(line) }])) },
    ceiling: { ...ours.ceiling, ratio_to_wrk: ours.ceiling.items_per_cpu_s / wrk.items_per_cpu_s }, boto3, sdk_js: sdk, wrk,
    ratio_to_ceiling: share(main), ratio_to_boto3: main.items_per_cpu_s / boto3.items_per_cpu_s, ratio_to_sdk_js: main.items_per_cpu_s / sdk.items_per_cpu_s };
  return { results, lines: [wrk, ours.ceiling, ...ours.variants, boto3, sdk].map((line) => ({ ...line, share: share(line) })) };
}
