#!/usr/bin/env node
// Changes one attribute of one item, chosen at random, so that one can see demo/verify.mjs notice it:
//
//   node demo/corrupt.mjs reviews && node demo/verify.mjs reviews

import { describeKey, describeValue } from './lib/describe.mjs';
import { dynamodb } from './lib/packages.mjs';
import { connectDynamoDb } from './lib/scan.mjs';

const { DescribeTableCommand, PutItemCommand, ScanCommand } = dynamodb;

const randomElement = (list) => list[Math.floor(Math.random() * list.length)];

/** The smallest change each type allows. */
const CHANGES = {
  S: (text) => ({ S: `${text} ` }),
  N: (text) => ({ N: text === '0' ? '1' : text.startsWith('-') ? text.slice(1) : `-${text}` }),
  BOOL: (flag) => ({ BOOL: !flag }),
  B: (bytes) => ({ B: Buffer.concat([bytes, Buffer.from([0])]) }),
  NULL: () => ({ S: '' }),
  L: (list) => ({ L: [...list, { NULL: true }] }),
  M: (map) => ({ M: { ...map, extra: { NULL: true } } }),
};

async function randomItem(client, table, totalSegments) {
  const segment = Math.floor(Math.random() * totalSegments);
  const { Items: items = [] } = await client.send(new ScanCommand({ TableName: table, TotalSegments: totalSegments, Segment: segment }));
  if (items.length > 0) return randomElement(items);
  if (totalSegments === 1) throw new Error(`table ${table} has no items`);
  return randomItem(client, table, 1);
}

async function main() {
  const [table] = process.argv.slice(2);
  if (!table) throw new Error('usage: corrupt.mjs TABLE (a DynamoDB table; source .stack/env first)');
  const client = connectDynamoDb(process.env);
  const { Table: { KeySchema: schema } } = await client.send(new DescribeTableCommand({ TableName: table }));
  const keyNames = schema.map((element) => element.AttributeName);
  const item = await randomItem(client, table, 16);
  const attribute = randomElement(Object.keys(item).filter((name) => !keyNames.includes(name)));
  if (attribute === undefined) throw new Error('the item has no attribute beside its key');
  const before = item[attribute];
  const [type] = Object.keys(before);
  const after = CHANGES[type](before[type]);
  await client.send(new PutItemCommand({ TableName: table, Item: { ...item, [attribute]: after } }));
  console.log(`changed ${table} ${describeKey(Object.fromEntries(keyNames.map((name) => [name, item[name]])))}`);
  console.log(`  attribute  ${attribute}\n  was        ${describeValue(before)}\n  is now     ${describeValue(after)}`);
}

main().catch((error) => {
  console.error(`corrupt: ${error.message}`);
  process.exitCode = 1;
});
