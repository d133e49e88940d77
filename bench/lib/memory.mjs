// What one loader holds as a file grows: the rows of a small and of a large file, in ZSTD and plain.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { load, serve } from './loads.mjs';
import { BUCKET } from './sink.mjs';

/** Rows that make 10 MB, and how often: one small file is over before anybody could look at it. */
const SMALL = { plain: { rows: 32_000, times: 60 }, zstd: { rows: 165_000, times: 12 } };
const PLAIN_LARGE_ROWS = 12_700_000; // 4 GB

/** Makes the four files from those of `large`. Their sizes stay on the disk only as long as the benchmark runs. */
function makeFiles(folder, large) {
  const whole = join(large.folder, 'one.zst');
  const run = (command) => execFileSync('bash', ['-c', `cd "$0" && ${command}`, folder, whole]);
  mkdirSync(folder, { mode: 0o755 });
  run(`zstd -dc "$1" 2>/dev/null | head -n ${SMALL.plain.rows} > plain_small`);
  run(`zstd -dc "$1" 2>/dev/null | head -n ${SMALL.zstd.rows} | zstd -q -3 > zstd_small`);
  run(`while zstd -dc "$1" 2>/dev/null; do :; done | head -n ${PLAIN_LARGE_ROWS} > plain_large`);
  symlinkSync(whole, join(folder, 'zstd_large'));
}

/** Resolves to {<compression>_<size>: {file_mb, files, loader_mb, leader_mb}}. */
export async function measureMemory({ context, large, say }) {
  const folder = join(context.folder.path, 'memory');
  makeFiles(folder, large);
  await serve(context, folder, 'nginx-memory');
  const found = {};
  const add = async (id, rows, times) => {
    const bytes = statSync(join(folder, id)).size;
    const run = await load(context, Array(times).fill({ url: `s3://${BUCKET}/${id}`, bytes, rows }));
    found[id] = { file_mb: bytes / 1e6, files: times, loader_mb: run.loader_peak_mb, leader_mb: run.peak_mb - run.loader_peak_mb };
    say(`${id}: a file of ${found[id].file_mb.toFixed(0)} MB: the loader holds ${found[id].loader_mb.toFixed(1)} MB`);
  };
  for (const [kind, small] of Object.entries(SMALL)) {
    await add(`${kind}_small`, small.rows, small.times);
    await add(`${kind}_large`, kind === 'plain' ? PLAIN_LARGE_ROWS : large.rows, 1);
  }
  return found;
}
