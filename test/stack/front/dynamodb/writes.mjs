// Runs a request that writes: holds back what rules or throttles keep, passes the rest on, merges and books the reply.
import { tableArn } from '../auth/credentials.mjs';
import { errorReply } from './errors.mjs';
import { admit, asRequestItems, asUnprocessed, holdBack, listWrites, mustJudgeWhole } from './batch.mjs';
import { bareName } from './tables.mjs';

export const WRITE_OPERATIONS = new Set(['BatchWriteItem', 'PutItem', 'UpdateItem', 'DeleteItem']);

/** When nothing fits: provisioned tables that lack units name one exception, every other throttle the other. */
function throttleReply({ write, lack }, region) {
  const provisioned = Boolean(write.schema?.provisioned);
  const limit = lack === 'partition' ? 'KeyRangeThroughputExceeded'
    : provisioned ? 'ProvisionedThroughputExceeded' : 'MaxOnDemandThroughputExceeded';
  const reasons = [{ reason: `TableWrite${limit}`, resource: tableArn(region, bareName(write.table)) }];
  if (provisioned && lack === 'table') {
    return errorReply('ProvisionedThroughputExceededException',
      'The level of configured provisioned throughput for the table was exceeded. '
      + 'Consider increasing your provisioning level with the UpdateTable API.', { fields: { ThrottlingReasons: reasons } });
  }
  return errorReply('ThrottlingException', 'Throughput exceeds the current capacity of your table or index. '
    + 'DynamoDB is automatically scaling your table or index so please try again shortly.', { fields: { throttlingReasons: reasons } });
}

/**
 * @param send async (request object or null for the body as it came) -> {status, body}
 * Returns {status, body, items, unprocessed}.
 */
export async function runWrite({ request, operation, actions, state, send }) {
  const { tables, throttles, counters, settings } = state;
  const writes = await listWrites(request, operation, tables);
  const held = actions.filter(({ type }) => type === 'unprocessed');
  if (mustJudgeWhole(writes)) return { ...await send(null), items: 0 };
  const remaining = operation === 'BatchWriteItem' ? holdBack(writes, held) : writes;
  const { passed, short } = admit(remaining, throttles);
  counters.add('throttled_items', short.length);
  if (!passed.length && remaining.length) {
    counters.add('throttled_calls', 1);
    return { ...throttleReply(short[0], settings.regions.dynamodb[0]), items: 0, unprocessed: writes.length };
  }
  const unprocessed = writes.filter((write) => !passed.includes(write));
  if (!unprocessed.length) return bookReply(await send(null), passed, state);
  counters.add('items_unprocessed', unprocessed.length);
  const back = asUnprocessed(unprocessed, settings.unprocessed_numbers);
  if (!passed.length) return merged({ status: 200, body: Buffer.from('{}'), items: 0 }, back, unprocessed.length);
  const reply = bookReply(await send({ ...request, RequestItems: asRequestItems(passed) }), passed, state);
  return reply.status === 200 ? merged(reply, back, unprocessed.length) : reply;
}

function merged(reply, back, count) {
  const json = JSON.parse(reply.body.toString('utf8'));
  return { ...reply, body: Buffer.from(JSON.stringify({ ...json, UnprocessedItems: back })), unprocessed: count };
}

/** Counts what was written, and corrects the throttles by the units DynamoDB Local says were consumed. */
function bookReply(reply, passed, { counters, throttles }) {
  const ok = reply.status === 200;
  const consumed = ok ? consumedUnits(reply.body) : new Map();
  for (const [table, writes] of byTable(passed)) {
    const estimated = writes.reduce((sum, { units }) => sum + units, 0);
    const units = ok ? consumed.get(table) ?? estimated : 0;
    throttles.get(table)?.charge(null, units - estimated);
    if (ok) counters.written(table, writes.length, units);
  }
  return { ...reply, items: ok ? passed.length : 0 };
}

function byTable(writes) {
  const groups = new Map();
  for (const write of writes) {
    const table = bareName(write.table);
    groups.set(table, [...(groups.get(table) ?? []), write]);
  }
  return groups;
}

function consumedUnits(body) {
  if (!body.includes('"ConsumedCapacity"')) return new Map();
  const { ConsumedCapacity } = JSON.parse(body.toString('utf8'));
  return new Map([].concat(ConsumedCapacity).map((entry) => [bareName(entry.TableName), entry.CapacityUnits]));
}
