import assert from 'node:assert/strict';
import test from 'node:test';
import { checkItems, checkLedger, checkMoves } from '../checks.mjs';
import { itemText } from '../item_text.mjs';
import { MemoryTables } from '../memory_tables.mjs';
import { makePlan, planLines } from '../plan.mjs';
import { fileOf, layoutOf, sourceRow } from '../source.mjs';
import { SplitMix64 } from '../splitmix64.mjs';

test('splitmix64 gives the numbers of its reference implementation', () => {
  const random = new SplitMix64(1234567);
  assert.deepEqual([random.next(), random.next(), random.next()], [6457827717110365317n, 3203168211198807973n, 9817491932198370423n]);
});

test('the same seed makes the same plan, another seed another one', () => {
  assert.deepEqual(makePlan(42), makePlan(42));
  assert.notDeepEqual({ ...makePlan(42), seed: 0 }, { ...makePlan(44), seed: 0 });
});

test('plans meet every phase and every kind of blow, one to three a round', () => {
  const plans = Array.from({ length: 300 }, (_, i) => makePlan(i + 1));
  const blows = plans.flatMap((plan) => plan.blows);
  assert.deepEqual([...new Set(blows.map(({ phase }) => phase))].sort(), ['finishing', 'loading', 'preparing', 'unloading']);
  const kinds = new Set(blows.map(({ signal, at, restart }) => restart ?? `${signal} ${at}`));
  assert.deepEqual([...kinds].sort(), ['SIGKILL leader', 'SIGKILL loader', 'SIGTERM leader', 'SIGTERM loader', 'fast', 'immediate']);
  assert.ok(plans.every((plan) => plan.blows.length >= 1 && plan.blows.length <= 3 && planLines(plan).length > plan.blows.length));
});

test('rows with the key of another row lie in its file or are equal to it', () => {
  const layout = layoutOf(4000, 8);
  const versions = new Map();
  let repeated = 0;
  for (let row = 0; row < 4000; row += 1) {
    const [, key, ...values] = sourceRow(row, layout);
    const before = versions.get(key);
    repeated += before ? 1 : 0;
    if (before && before.text !== JSON.stringify(values)) assert.equal(fileOf(row, layout), before.file, `row ${row}`);
    versions.set(key, { text: JSON.stringify(values), file: fileOf(row, layout) });
  }
  assert.ok(repeated > 100);
});

const REQUEST = { TableName: 't', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] };
const put = (id, n = '1') => ({ PutRequest: { Item: { id: { S: id }, n: { N: n } } } });

function tablesWith(...writes) {
  const tables = new MemoryTables();
  tables.CreateTable(REQUEST);
  if (writes.length) tables.BatchWriteItem({ RequestItems: { t: writes } });
  return tables;
}

test('tables in memory hold the last put, forget what is deleted, and tell the units', () => {
  const tables = tablesWith(put('a'), put('b'));
  const reply = tables.BatchWriteItem({ RequestItems: { t: [put('a', '2.50'), { DeleteRequest: { Key: { id: { S: 'b' } } } }] }, ReturnConsumedCapacity: 'TOTAL' });
  assert.deepEqual(reply, { UnprocessedItems: {}, ConsumedCapacity: [{ TableName: 't', CapacityUnits: 2 }] });
  assert.deepEqual([...tables.itemTexts('t')], [itemText({ n: { N: '2.5' }, id: { S: 'a' } })]);
});

test('tables in memory refuse a batch as a whole: 26 items, a key twice, a key missing, empty or of another type, no table', () => {
  const tables = tablesWith();
  const refused = (writes, pattern) => assert.throws(() => tables.BatchWriteItem({ RequestItems: { t: writes } }), pattern);
  refused(Array.from({ length: 26 }, (_, i) => put(String(i))), /Too many items/);
  refused([put('a'), put('b'), put('a')], /duplicates/);
  refused([put('a'), { PutRequest: { Item: { n: { N: '1' } } } }], /required keys/);
  refused([put('a'), put('')], /empty string/);
  refused([put('a'), { PutRequest: { Item: { id: { N: '1' } } } }], /required keys/);
  assert.throws(() => tables.BatchWriteItem({ RequestItems: { none: [put('a')] } }), /non-existent table/);
  assert.equal([...tables.itemTexts('t')].length, 0);
});

const FILE = { file_no: 1, state: 'done', rows_promised: 10, checkpoint: 10, items_written: 9, rows_collapsed: 1, rows_rejected: 0 };
const JOB = { state: 'succeeded', rows_unloaded: 10, items_written: 9, rows_collapsed: 1, rows_rejected: 0 };

test('a balanced ledger is good; a lost row, an open file, another sum, a job that failed are not', () => {
  assert.deepEqual(checkLedger(JOB, [FILE], 10), []);
  assert.match(checkLedger(JOB, [{ ...FILE, items_written: 8 }], 10).join(), /file 1 settled 9 rows of 10/);
  assert.match(checkLedger(JOB, [{ ...FILE, state: 'pending' }], 10).join(), /file 1 is pending/);
  assert.match(checkLedger({ ...JOB, items_written: 10 }, [FILE], 10).join(), /items_written: the files have 9/);
  assert.match(checkLedger({ ...JOB, state: 'failed', error_message: 'why' }, [FILE], 10).join(), /failed: why/);
  assert.match(checkLedger(JOB, [FILE], 11).join(), /10 rows unloaded of 11/);
});

test('a file that is settled twice, changed afterwards, or never settled is seen', () => {
  const move = (was, became) => ({ file_no: 1, was, became });
  assert.deepEqual(checkMoves([move('pending', 'running'), move('running', 'done')], [FILE]), []);
  assert.match(checkMoves([move('running', 'done'), move('done', 'done')], [FILE]).join(), /changed after it was done/);
  assert.match(checkMoves([move('running', 'done'), move('done', 'pending'), move('running', 'done')], [FILE]).join(), /settled 2 times/);
  assert.match(checkMoves([move('pending', 'running')], [FILE]).join(), /settled 0 times/);
});

test('an item that is missing, differs or is too much is seen', () => {
  const [a, b, changed] = [['a', '1'], ['b', '1'], ['b', '2']].map(([id, n]) => itemText({ id: { S: id }, n: { N: n } }));
  const expected = new Map([['{"S":"a"}', a], ['{"S":"b"}', b]]);
  assert.deepEqual(checkItems(expected, [b, a], ['id']), []);
  assert.match(checkItems(expected, [a], ['id']).join(), /missing: .*"b"/);
  assert.match(checkItems(expected, [a, changed], ['id']).join(), /differs/);
  assert.match(checkItems(new Map([['{"S":"a"}', a]]), [a, b], ['id']).join(), /not in the source/);
});
