import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePair } from '../lib/describe.mjs';
import { seconds } from '../lib/format.mjs';
import { errorLines, intervalSeconds, progressLine, rejectLines } from '../lib/job_text.mjs';
import { parseEnvFile } from '../lib/stack.mjs';
import { verificationLines } from '../lib/verification_text.mjs';
import { parseDsn } from '../../test/stack/warehouse/dsn.mjs';

test('intervals and durations', () => {
  assert.equal(intervalSeconds('00:01:02.5'), 62.5);
  assert.equal(intervalSeconds('1 day 02:00:00'), 93_600);
  assert.equal(intervalSeconds('3 days'), 259_200);
  assert.equal(intervalSeconds(null), null);
  assert.deepEqual([0.04, 9.96, 59.6, 119.7].map(seconds), ['0.0 s', '10 s', '60 s', '2 min 0 s']);
});

test('a progress row may lack columns', () => {
  assert.match(progressLine('t', undefined), /t +queued/);
  const line = progressLine('t', { state: 'loading', percent: '50.0', items_written: '1000', rows_per_s: '250', time_left: '00:00:04' });
  assert.match(line, /loading +\[#{7}\.{7}\] +50 % +4\.0 s left +1,000 items +250 rows\/s$/);
});

test('errors and rejects of a job', () => {
  assert.deepEqual(errorLines({ error_message: 'no such table', error_hint: null, error_sqlstate: '42P01' }).map((line) => line.trim().split(/ {2,}/)), [['sqlstate', '42P01'], ['message', 'no such table']]);
  assert.match(rejectLines([{ file_no: '1', row_number: '8', key: null, key_bytes: '\\x7b227d', reason: 'empty key' }])[0], /file 1 row 8 +\{"\} +empty key/);
});

test('a long difference is shown around its place', () => {
  const { expected, found } = describePair({ S: `${'x'.repeat(5000)}A` }, { S: `${'x'.repeat(5000)}B` });
  assert.match(expected, /^\.\.\.x{30}A"\} \(5009 characters\)$/);
  assert.match(found, /B"\}/);
  assert.equal(describePair(undefined, { S: '\u202e' }).found, '{"S":"\\u202e"}');
});

test('the verdict names every shown difference and counts the others', () => {
  const shown = [{ key: 'id="1"', attribute: 'a', expected: '{"N":"1"}', found: '(absent)' }];
  const lines = verificationLines({ dynamodbTable: 't', rows: 3, items: 3, verified: 1, differences: 2, shown });
  assert.match(lines[0], /1 items verified +2 DIFFERENCES/);
  assert.equal(lines.at(-1).trim(), '... and 1 more');
});

test('addresses', () => {
  assert.deepEqual(parseEnvFile("export A='x y'\nexport B='it'\\''s'\n# no\n"), { A: 'x y', B: "it's" });
  assert.deepEqual(parseDsn("host=127.0.0.1 port=5439 dbname=dev user=etl password='a b\\'c' sslmode=disable"), {
    host: '127.0.0.1', port: 5439, database: 'dev', user: 'etl', password: "a b'c",
  });
  assert.throws(() => parseDsn('host=a nonsense'), /character/);
});
