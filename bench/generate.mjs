// Writes the files of one UNLOAD of amazon_reviews: node generate.mjs <folder> <rows> <files> [zst,gz]
// Every compressor is fed as a stream: memory does not grow with the rows. Writes parts.json last.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { amazonReviews } from '../test/stack/warehouse/reviews.mjs';
import { itemOf, lineOf } from './lib/review_columns.mjs';

const CHUNK_ROWS = 4000;
const SAMPLE_ROWS = 10_000;
const BATCH = 25;
const ALL_TOOLS = { zst: ['zstd', ['-q', '-3', '-c']], gz: ['gzip', ['-6', '-c']] };
let tools = ALL_TOOLS;

class Compressor {
  constructor(path, [command, args]) {
    this.path = path;
    this.child = spawn(command, args, { stdio: ['pipe', openSync(path, 'w', 0o644), 'inherit'] });
    this.ended = once(this.child, 'exit');
  }

  async write(chunk) { if (!this.child.stdin.write(chunk)) await once(this.child.stdin, 'drain'); }

  async end() {
    this.child.stdin.end();
    const [code] = await this.ended;
    if (code !== 0) throw new Error(`the compressor of ${this.path} ended with ${code}`);
  }
}

const open = (folder, name) => Object.entries(tools).map(([suffix, tool]) => new Compressor(join(folder, `${name}.${suffix}`), tool));
const describe = (folder, name, rows) => ({ name, rows,
  bytes: Object.fromEntries(Object.keys(tools).map((suffix) => [suffix, statSync(join(folder, `${name}.${suffix}`)).size])) });

/** Bodies as a loader sends them: 25 items each, a 32-bit little-endian length before each. */
function writeBodies(path, lines) {
  const parts = [];
  for (let i = 0; i + BATCH <= lines.length; i += BATCH) {
    const puts = lines.slice(i, i + BATCH).map((line) => ({ PutRequest: { Item: itemOf(line) } }));
    const body = Buffer.from(JSON.stringify({ RequestItems: { reviews: puts }, ReturnConsumedCapacity: 'INDEXES' }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    parts.push(length, body);
  }
  writeFileSync(path, Buffer.concat(parts));
}

async function main([folder, rowsText, filesText, suffixes = 'zst,gz']) {
  const rows = Number(rowsText), files = Number(filesText);
  tools = Object.fromEntries(suffixes.split(',').map((suffix) => [suffix, ALL_TOOLS[suffix]]));
  mkdirSync(folder, { recursive: true });
  const source = amazonReviews.rows({ reviewRows: rows });
  const one = open(folder, 'one');
  const sample = [], parts = [];
  let written = 0;
  for (let file = 1; file <= files; file++) {
    const name = `part_${String(file).padStart(5, '0')}`;
    const outs = open(folder, name);
    const end = Math.round((rows * file) / files), start = written;
    while (written < end) {
      let chunk = '';
      for (let i = 0; i < CHUNK_ROWS && written < end; i++, written++) {
        const line = lineOf(source.next().value);
        if (sample.length < SAMPLE_ROWS) sample.push(line);
        chunk += line;
      }
      const bytes = Buffer.from(chunk);
      await Promise.all([...one, ...outs].map((out) => out.write(bytes)));
    }
    await Promise.all(outs.map((out) => out.end()));
    parts.push(describe(folder, name, end - start));
  }
  await Promise.all(one.map((out) => out.end()));
  writeBodies(join(folder, 'bodies.bin'), sample);
  writeFileSync(join(folder, 'parts.json'), JSON.stringify({ rows, many: parts, one: [describe(folder, 'one', rows)] }));
}

await main(process.argv.slice(2));
