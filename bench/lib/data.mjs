// The files to load: generated once for each size and kept, because they are the same every time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GENERATE = fileURLToPath(new URL('../generate.mjs', import.meta.url));
const HOME = process.env.RS2DDB_BENCH_DATA || join(tmpdir(), `rs2ddb-bench-data-${process.getuid()}`);

const ALL_SUFFIXES = ['zst', 'gz'];

/** Resolves to {folder, rows, many: [{name, rows, bytes: {zst, gz}}], one: [the same]}. `suffixes`: which of the compressions are needed. */
export async function prepareData({ rows, files, suffixes = ALL_SUFFIXES, say }) {
  const folder = join(HOME, ['rows', rows, files, ...suffixes.length < ALL_SUFFIXES.length ? suffixes : []].join('-'));
  const index = join(folder, 'parts.json');
  if (!existsSync(index)) {
    say(`making ${rows.toLocaleString('en')} rows of amazon_reviews in ${folder}`);
    const child = spawn(process.execPath, [GENERATE, folder, String(rows), String(files), suffixes.join(',')], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error('the rows could not be made');
    for (const path of [HOME, folder]) chmodSync(path, 0o755);
  }
  return { folder, ...JSON.parse(readFileSync(index, 'utf8')) };
}
