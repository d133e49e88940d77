// A DynamoDB that keeps nothing: the throttle and the replies of the stand-ins' front with no table behind them, so that it
// keeps up with thousands of units per second. Prints "ready {port}" and serves until it is ended.
//   POST /         BatchWriteItem, DescribeTable
//   POST /throttle {units_per_s, burst_units, start_units, partitions, partition_units_per_s}: also in mid-run
//   POST /reset    forgets the throttle and the history; the body holds the schema: {partition_key, sort_key}
//   GET  /history  [{ms, units, writes, throttled}, ...] per 100 ms since the first write
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { TableThrottle } from '../../test/stack/front/dynamodb/throttle.mjs';
import { runWrite } from '../../test/stack/front/dynamodb/writes.mjs';
import { crc32 } from '../../test/stack/front/http/crc32.mjs';

const SLOT_MS = 100;
const LATENCY_MS = 4; // between the write and its reply, as of a near service
const TABLE = 'reviews';

const state = { schema: null, throttle: null, firstMs: 0, slots: [] };

function slotNow() {
  const nowMs = performance.now();
  state.firstMs ||= nowMs;
  const index = Math.floor((nowMs - state.firstMs) / SLOT_MS);
  return state.slots[index] ??= { ms: index * SLOT_MS, units: 0, writes: 0, throttled: 0 };
}

/** The parts of the front that runWrite asks; what it counts goes into the slot of the moment. */
const front = {
  tables: { describe: async () => state.schema },
  throttles: { get: () => state.throttle },
  settings: { regions: { dynamodb: ['us-west-2'] }, unprocessed_numbers: 'normal' },
  counters: {
    add(name, amount) { if (name === 'throttled_items') slotNow().throttled += amount; },
    written(table, items, units) { const slot = slotNow(); slot.writes += items; slot.units += units; },
  },
};

/** Takes what was admitted: the reply that DynamoDB would give. */
function accept(units) {
  const capacity = { CapacityUnits: units };
  return { status: 200, body: Buffer.from(JSON.stringify({ UnprocessedItems: {},
    ConsumedCapacity: [{ TableName: TABLE, ...capacity, Table: capacity }] })) };
}

/** The burst bucket of a new table is as asked when the first write comes, however long that took. */
function emptyBurstOnce() {
  const { start_units: startUnits } = state.throttle?.options ?? {};
  if (state.firstMs === 0 && startUnits !== undefined) state.throttle.change({ start_units: startUnits });
}

async function batchWrite(body) {
  let admitted = 0;
  emptyBurstOnce();
  const request = JSON.parse(body);
  const counting = { ...front, throttles: { get: () => state.throttle && { take(key, units) {
    const lack = state.throttle.take(key, units);
    if (!lack) admitted += units;
    return lack;
  }, charge: () => {} } } };
  return runWrite({ request, operation: 'BatchWriteItem', actions: [], state: counting, send: async () => accept(admitted) });
}

function describeTable() {
  const { partitionKey, sortKey } = state.schema;
  const keys = [[partitionKey, 'HASH'], ...sortKey ? [[sortKey, 'RANGE']] : []];
  return { status: 200, body: Buffer.from(JSON.stringify({ Table: { TableName: TABLE, TableStatus: 'ACTIVE', ItemCount: 0,
    TableArn: `arn:aws:dynamodb:us-west-2:123456789012:table/${TABLE}`, BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    KeySchema: keys.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
    AttributeDefinitions: keys.map(([AttributeName, KeyType]) => ({ AttributeName, AttributeType: KeyType === 'HASH' ? 'S' : 'N' })),
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 } } })) };
}

const control = {
  '/throttle': (options) => { if (state.throttle) state.throttle.change(options); else state.throttle = new TableThrottle(options); },
  '/reset': ({ partition_key: partitionKey, sort_key: sortKey }) => Object.assign(state, { throttle: null, firstMs: 0, slots: [],
    schema: { partitionKey, sortKey, keyNames: sortKey ? [partitionKey, sortKey] : [partitionKey], provisioned: false } }),
};

async function answer(request, body) {
  if (request.url in control) {
    control[request.url](JSON.parse(body));
    return { status: 200, body: Buffer.from('{}') };
  }
  if (request.url === '/history') return { status: 200, body: Buffer.from(JSON.stringify(state.slots.filter(Boolean))) };
  if (request.headers['x-amz-target']?.endsWith('.DescribeTable')) return describeTable();
  const reply = await batchWrite(body);
  await sleep(LATENCY_MS);
  return reply;
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const { status, body } = await answer(request, Buffer.concat(parts).toString('utf8')).catch((error) =>
      ({ status: 500, body: Buffer.from(JSON.stringify({ message: error.message })) }));
    response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': body.length,
      'x-amz-crc32': String(crc32(body)), 'x-amzn-RequestId': 'BENCH' });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`ready ${JSON.stringify({ port: server.address().port })}`));
