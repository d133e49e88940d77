import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'node:test';
import { UnloadFiles } from '../unload_files.mjs';

// Files of ten rows in two slices, in an S3 that takes its time; onFile is that of the UNLOAD.
function slowFiles(onFile) {
  const s3 = { async send() { await turn(); return {}; } };
  const writeRow = (out, bytes) => out.append(bytes);
  return new UnloadFiles({ s3, bucket: 'bucket', nameOf: (slice, part) => `${slice}_${part}`, sliceNumbers: [0, 1],
    compression: 'none', rowsPerFile: 10, maxBytes: 1e6, writeRow }, onFile);
}

function addRows(files, count) {
  for (let i = 0; i < count; i++) files.row(Buffer.from(`row ${i}\n`), 0);
}

const rowsIn = (files) => files.files.reduce((sum, file) => sum + file.rows, 0);

test('the end waits for a file that is held up', async () => {
  let go;
  let reach;
  const held = new Promise((resolve) => { go = resolve; });
  const reached = new Promise((resolve) => { reach = resolve; });
  const files = slowFiles(async (file, count) => {
    if (count > 1) return;
    reach();
    await held;
  });
  addRows(files, 20);
  const draining = files.drain();
  await reached; // nothing is left to be taken: only what the first one still stores
  const finished = files.finish().then(() => rowsIn(files));
  await turn();
  go();
  assert.equal(await finished, 20);
  await draining;
});
