// Jobs of one loader against the sink of part 1, for the figures of part 3.
import { createWarehouse } from './database.mjs';
import { insertJob, runJob } from './job.mjs';
import { PLAN } from './review_columns.mjs';
import { BUCKET, startSink, TABLE } from './sink.mjs';

/** A generated file as an object of the bucket; `prefix` is its folder in what the sink serves. */
export const objectOf = (prefix, { name, rows, bytes }) => ({ url: `s3://${BUCKET}/${prefix}/${name}.zst`, bytes: bytes.zst, rows });
export const rowsOf = (files) => files.reduce((sum, { rows }) => sum + rows, 0);

/** Loads `files` with one loader. */
export async function load({ database, sessions }, files) {
  const id = await insertJob(sessions[0], { table: TABLE, plan: PLAN, files, workers: 1 });
  const run = await runJob({ database, sessions, id });
  if (Number(run.job.items_written) !== rowsOf(files)) throw new Error(`job ${id} wrote ${run.job.items_written} of ${rowsOf(files)} rows`);
  return { rows: rowsOf(files), files: files.length, cpu_s: run.cpuS, wall_s: run.wallS, loader_peak_mb: run.largestMb, peak_mb: run.peakMb };
}

/** Leads the warehouse to a sink that serves `objects`. */
export async function serve({ folder, sessions }, objects, name) {
  const sink = await startSink({ folder, objects, name });
  await createWarehouse(sessions[0], { s3: sink.url, dynamodb: sink.url, caFile: sink.caFile, bucket: BUCKET });
}
