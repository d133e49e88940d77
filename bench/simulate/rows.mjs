// Rows for the partition runs: 5,000 rows for each partition key, in the order of the key or shuffled. Plain JSON lines.
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { Random } from '../../test/stack/warehouse/random.mjs';

const ROWS_PER_KEY = 5000;
const PAYLOAD = 'x'.repeat(400);

export const SORTED_PLAN = { columns: [
  { name: 'customer', type: 'text', pieces: 1, null: 'omit', key: 'partition' },
  { name: 'order', type: 'integer', pieces: 1, null: 'omit', key: 'sort' },
  { name: 'note', type: 'text', pieces: 1, null: 'omit', key: '' }] };

function shuffle(numbers) {
  const random = new Random(7);
  for (let i = numbers.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers;
}

const lineOf = (row) => `{"c0":"customer ${String(Math.floor(row / ROWS_PER_KEY)).padStart(6, '0')}","c1":${row % ROWS_PER_KEY},"c2":"${PAYLOAD}"}\n`;

/** Resolves to the size of the file in bytes. */
export async function writeRows(path, rows, { shuffled }) {
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  if (shuffled) shuffle(order);
  const out = createWriteStream(path, { mode: 0o644 });
  for (let i = 0; i < rows; i += 1000) {
    let text = '';
    for (const row of order.subarray(i, i + 1000)) text += lineOf(row);
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return out.bytesWritten;
}
