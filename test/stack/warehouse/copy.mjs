// Streams rows into a table with COPY. A row is an array of values in column order: null is SQL NULL,
// everything else is written as its text.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import copyStreams from 'pg-copy-streams';

const CHUNK_CHARS = 256 * 1024;
const SPECIAL = /[\\\n\r\t]/;
const ESCAPES = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function copyField(value) {
  if (value === null || value === undefined) return '\\N';
  const text = typeof value === 'string' ? value : String(value);
  return SPECIAL.test(text) ? text.replace(/[\\\n\r\t]/g, (c) => ESCAPES[c]) : text;
}

function* copyChunks(rows, counter) {
  let chunk = '';
  for (const row of rows) {
    chunk += row.map(copyField).join('\t') + '\n';
    counter.rows += 1;
    if (chunk.length >= CHUNK_CHARS) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

/** Copies all rows; returns how many. */
export async function copyRows(client, table, columnNames, rows) {
  const counter = { rows: 0 };
  const columns = columnNames.map((name) => `"${name}"`).join(', ');
  const target = client.query(copyStreams.from(`COPY public."${table}" (${columns}) FROM STDIN`));
  await pipeline(Readable.from(copyChunks(rows, counter)), target);
  return counter.rows;
}
