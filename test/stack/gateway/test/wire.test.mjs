import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import test from 'node:test';
import { FrameReader } from '../frames.mjs';
import { buildManifest } from '../manifest.mjs';
import { Switches } from '../switches.mjs';
import { redshiftColumn } from '../types.mjs';
import { formatGeneral, floatText, redshiftText, rewriteDataRow } from '../values.mjs';
import { message, parseFields, errorResponse } from '../wire.mjs';
import { column, dataRow } from './rows.mjs';

test('frames survive any split', () => {
  const rows = [dataRow('a'.repeat(50)), message('C', 'SELECT 1\0'), dataRow('b'), message('Z', 'I'), dataRow('')];
  const stream = Buffer.concat(rows);
  for (let size = 1; size < 20; size++) {
    const seen = [];
    const raw = [];
    const reader = new FrameReader({ passes: (type) => type === 0x44, raw: (bytes) => raw.push(Buffer.from(bytes)),
      message: (type, bytes, start, end) => seen.push(bytes.toString('latin1', start, end)) });
    for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
    assert.deepEqual(seen, [rows[1].toString('latin1'), rows[3].toString('latin1')]);
    assert.deepEqual(Buffer.concat(raw), Buffer.concat([rows[0], rows[2], rows[4]]));
  }
});

test('numbers as C prints them', () => {
  assert.equal(formatGeneral(0.1, 17), '0.10000000000000001');
  assert.equal(formatGeneral(1e22, 17), '1e+22');
  assert.equal(formatGeneral(-1e-5, 17), '-1.0000000000000001e-05');
  assert.equal(formatGeneral(-0, 17), '-0');
  assert.equal(formatGeneral(100000, 17), '100000');
  assert.equal(floatText('0.1', 'real', 2), '0.1');
  assert.equal(floatText('Infinity', 'double', 0), 'inf');
});

test('special values', () => {
  assert.equal(redshiftText('\\xdeadbeef', 'varbyte', 0), 'deadbeef');
  assert.equal(redshiftText('(1,2)', 'geometry', 0), '0101000000000000000000F03F0000000000000040');
  const row = rewriteDataRow(dataRow('\\x00ff', null, 'x'), 0, 0, ['varbyte', 'varbyte', null], 0);
  assert.deepEqual(row, dataRow('00ff', null, 'x'));
});

test('oids of Redshift', () => {
  const oids = [[17, -1, 6551], [114, -1, 4000], [600, -1, 3000], [3614, -1, 2935], [1186, -1, 1186], [1186, 327679, 1188],
    [1186, 470351871, 1190], [1043, 14, 1043]];
  for (const [from, typmod, to] of oids) assert.equal(redshiftColumn(column('c', from, typmod)).oid, to);
});

test('an error has no field an 8.0 server would not send', () => {
  const bytes = errorResponse({ sqlstate: '42601', message: 'no', position: 3 });
  assert.deepEqual(parseFields(bytes, 0, bytes.length), { S: 'ERROR', C: '42601', M: 'no', P: '3' });
});

test('manifests', () => {
  const switches = new Switches();
  const job = { plan: { bucket: 'b', options: { manifest: 'verbose' } }, switches,
    columns: [column('v', 1043, 29), column('d', 1700, ((10 << 16) | 2) + 4)],
    files: { files: [{ key: 'p/1', rows: 2, bytes: 20 }, { key: 'p/0', rows: 1, bytes: 10 }] } };
  const manifest = JSON.parse(buildManifest(job));
  assert.deepEqual(manifest.entries[0], { url: 's3://b/p/0', meta: { content_length: 10, record_count: 1 } });
  assert.deepEqual(manifest.meta, { content_length: 30, record_count: 3 });
  assert.deepEqual(manifest.schema.elements.map(({ type }) => type), [{ base: 'character varying', max_length: 25 },
    { base: 'numeric', precision: 10, scale: 2 }]);
  switches.set({ manifest_schema: 'broken' });
  assert.match(buildManifest(job), /"type":\{"base":"character varying", 25\}/);
  assert.equal(buildManifest({ ...job, files: { files: [] } }), null);
  switches.set({ manifest_schema: 'clean', row_counts: 'withheld' });
  assert.deepEqual(JSON.parse(buildManifest(job)).entries[0].meta, { content_length: 10 });
  switches.set({ manifest_on_zero_rows: true });
  assert.match(buildManifest({ ...job, files: { files: [] } }), /^\{"entries":\[\]/);
});

test('switches are checked as a whole', () => {
  const switches = new Switches();
  assert.equal(switches.set({ slices: 2, boolean_json: 'maybe' }).length, 1);
  assert.equal(switches.get('slices'), 4);
  switches.set({ slices: 2 });
  switches.reset();
  assert.equal(switches.get('slices'), 4);
});
