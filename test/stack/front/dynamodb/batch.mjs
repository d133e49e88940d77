// Splits the writes of a request into those passed on and those that come back unprocessed.
import { putUnits } from './item_size.mjs';
import { normalNumber } from './number_text.mjs';
import { bareName } from './tables.mjs';

const BATCH_LIMIT = 25;

/** Every write of a request: {table, write, item, units, key}; `write` is the WriteRequest of a batch. */
export async function listWrites(request, operation, tables) {
  const found = [];
  for (const [table, list] of writesByTable(request, operation)) {
    const schema = await tables.describe(table);
    for (const write of (list ?? []).filter(Boolean)) {
      const item = write.PutRequest?.Item ?? write.DeleteRequest?.Key ?? {};
      found.push({ table, write, item, schema, units: write.PutRequest ? putUnits(item) : 1, key: keyText(item, schema) });
    }
  }
  return found;
}

function writesByTable(request, operation) {
  if (operation === 'BatchWriteItem') return Object.entries(request.RequestItems ?? {});
  if (operation === 'PutItem') return [[request.TableName, [{ PutRequest: { Item: request.Item ?? {} } }]]];
  if (operation === 'DeleteItem' || operation === 'UpdateItem') {
    return [[request.TableName, [{ DeleteRequest: { Key: request.Key ?? {} } }]]];
  }
  return [];
}

/** The partition key's value as text, numbers in normal form; empty when the item has none. */
export function keyText(item, schema) {
  return valueText(item[schema?.partitionKey]);
}

function valueText(value) {
  if (!value) return '';
  return value.S ?? value.B ?? (typeof value.N === 'string' ? normalNumber(value.N) : '');
}

/** True when the service would refuse the whole batch before it counts units: DynamoDB Local must see all of it. */
export function mustJudgeWhole(writes) {
  if (writes.length > BATCH_LIMIT || writes.some(({ schema }) => !schema)) return true;
  const keys = new Set(writes.map(({ table, item, schema }) =>
    JSON.stringify([table, ...schema.keyNames.map((name) => valueText(item[name]))])));
  return keys.size < writes.length;
}

/** Marks writes that a rule holds back. Returns the writes that remain. */
export function holdBack(writes, actions) {
  let left = writes;
  for (const { count = 'all', spare = 0, key_prefix: prefix } of actions) {
    const chosen = left.filter(({ key }) => prefix === undefined || key.startsWith(prefix));
    const most = Math.max(left.length - spare, 0);
    const held = new Set(chosen.slice(0, count === 'all' ? most : Math.min(count, most)));
    left = left.filter((write) => !held.has(write));
  }
  return left;
}

/** Asks the throttles for each write. Returns {passed, short} with what was short for each write that did not fit. */
export function admit(writes, throttles) {
  const passed = [];
  const short = [];
  for (const write of writes) {
    const lack = throttles.get(bareName(write.table))?.take(write.key, write.units) ?? null;
    if (lack) short.push({ write, lack });
    else passed.push(write);
  }
  return { passed, short };
}

/** Writes -> {table: [WriteRequest, ...]}. */
export function asRequestItems(writes) {
  const items = {};
  for (const { table, write } of writes) (items[table] ??= []).push(write);
  return items;
}

/** As UnprocessedItems: the order is not promised by the service, so it is turned round; numbers as sent or normal. */
export function asUnprocessed(writes, numbers) {
  const items = asRequestItems([...writes].reverse());
  return numbers === 'normal' ? JSON.parse(JSON.stringify(items), normaliseNumber) : items;
}

function normaliseNumber(name, value) {
  return name === 'N' && typeof value === 'string' ? normalNumber(value) : value;
}
