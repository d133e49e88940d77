#!/usr/bin/env node
// Reads every item of DynamoDB tables back and compares it, attribute by attribute, with its source row in
// the warehouse. Independent of the extension: own client, own queries, own mapping.
//
//   node demo/verify.mjs              the tables of the demo
//   node demo/verify.mjs reviews ...  only these of them
//   node demo/verify.mjs --list FILE  others: a JSON array of
//     { "query": "SELECT ...", "key": ["id"], "dynamodbTable": "t" }, or "table" in place of "query"; - is standard input
//
// Environment: RS2DDB_WAREHOUSE_ADMIN_DSN, RS2DDB_DYNAMODB_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY (source .stack/env). Exits with 1 if anything differs.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EXPORTS, verificationOf } from './lib/exports.mjs';
import { verifyTables } from './lib/verify_tables.mjs';

function demoTables(names) {
  const unknown = names.find((name) => !EXPORTS.some((entry) => entry.dynamodbTable === name));
  if (unknown !== undefined) throw new Error(`the demo has no table "${unknown}"`);
  return EXPORTS.filter((entry) => names.length === 0 || names.includes(entry.dynamodbTable)).map(verificationOf);
}

function listedTables(file) {
  const list = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  for (const entry of list) {
    if (!entry.dynamodbTable || !Array.isArray(entry.key) || !(entry.query ?? entry.table)) {
      throw new Error(`not a table to verify: ${JSON.stringify(entry)}`);
    }
  }
  return list;
}

async function main() {
  const { values, positionals } = parseArgs({ options: { list: { type: 'string' } }, allowPositionals: true });
  const tables = values.list ? listedTables(values.list) : demoTables(positionals);
  for (const name of ['RS2DDB_WAREHOUSE_ADMIN_DSN', 'RS2DDB_DYNAMODB_ENDPOINT']) {
    if (!process.env[name]) throw new Error(`${name} is not set (source .stack/env)`);
  }
  const { verified, differences } = await verifyTables(tables, process.env, (line) => console.log(line));
  console.log(`verify: ${verified} items verified, ${differences} differences`);
  if (differences > 0) process.exitCode = 1;
}

main().catch((error) => {
  console.error(`verify: ${error.message}`);
  process.exitCode = 1;
});
