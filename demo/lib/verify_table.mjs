// Verifies one DynamoDB table against the query it was exported from, attribute by attribute, both ways.
// Source rows are held packed, outside the JavaScript heap, and let go as soon as their item was seen.

import { compareItem, keyText } from './compare.mjs';
import { describeKey, describePair } from './describe.mjs';
import { expectationFor } from './expected.mjs';
import { scanItems } from './scan.mjs';
import { sourceRows } from './source_rows.mjs';

export const SHOWN_DIFFERENCES = 10;

/** Collects differences: counts all, keeps the first few. */
class Findings {
  constructor() {
    this.count = 0;
    this.shown = [];
  }

  add(key, attribute, expected, found) {
    this.count += 1;
    if (this.shown.length < SHOWN_DIFFERENCES) this.shown.push({ key: describeKey(key), attribute, ...describePair(expected, found) });
  }
}

function checkColumns(columns, key) {
  const names = columns.map((column) => column.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`the source has two columns "${twice}"`);
  const missing = key.find((name) => !names.includes(name));
  if (missing !== undefined) throw new Error(`the source has no key column "${missing}"`);
}

/** The rows of the source by key, and how to turn one into expectations. */
class Source {
  constructor(key) {
    this.key = key;
    this.rows = new Map();
    this.columns = null;
  }

  setColumns(columns) {
    if (this.columns) return;
    checkColumns(columns, this.key);
    this.columns = columns.map(({ name, typeOid }) => ({ name, expectation: expectationFor(typeOid, name) }));
  }

  expectations(row) {
    return new Map(this.columns.map(({ name, expectation }, i) => [name, expectation(row[i])]));
  }

  keyOf(expectations) {
    return Object.fromEntries(this.key.map((name) => [name, expectations.get(name)]));
  }

  add(row) {
    const keyValues = this.key.map((name) => {
      const i = this.columns.findIndex((column) => column.name === name);
      const value = this.columns[i].expectation(row[i]);
      if (value === undefined) throw new Error(`a row of the source has NULL in key column "${name}"`);
      return value;
    });
    const text = keyText(keyValues);
    if (this.rows.has(text)) throw new Error(`two rows of the source have the key ${text}: nothing says which one must arrive`);
    this.rows.set(text, Buffer.from(JSON.stringify(row)));
  }

  /** Gives the row with this key and forgets it. */
  take(text) {
    const packed = this.rows.get(text);
    this.rows.delete(text);
    return packed && JSON.parse(packed);
  }
}

async function readSource(warehouse, query, key) {
  const source = new Source(key);
  for await (const { columns, rows } of sourceRows(warehouse, query)) {
    source.setColumns(columns);
    for (const row of rows) source.add(row);
  }
  return source;
}

const present = { S: 'an item' };

/** Compares one item with its row; true if nothing differs. */
function verifyItem(source, item, findings) {
  const key = Object.fromEntries(source.key.map((name) => [name, item[name] ?? { S: '(no such attribute)' }]));
  const row = source.take(keyText(Object.values(key)));
  if (row === undefined) {
    findings.add(key, '(extra item)', undefined, present);
    return false;
  }
  const differences = compareItem(source.expectations(row), item);
  for (const { path, expected, found } of differences) findings.add(key, path, expected, found);
  return differences.length === 0;
}

function reportMissing(source, findings) {
  for (const packed of source.rows.values()) {
    findings.add(source.keyOf(source.expectations(JSON.parse(packed))), '(missing item)', present, undefined);
  }
}

/**
 * Verifies { table or query, key: [column, ...], dynamodbTable }.
 * Returns { dynamodbTable, rows, items, verified, differences, shown: [{ key, attribute, expected, found }] }.
 */
export async function verifyTable({ warehouse, dynamodb }, { table, query, key, dynamodbTable }) {
  const source = await readSource(warehouse, query ?? `SELECT * FROM public."${table}"`, key);
  const findings = new Findings();
  const rows = source.rows.size;
  let items = 0;
  let verified = 0;
  await scanItems(dynamodb, dynamodbTable, (item) => {
    items += 1;
    if (verifyItem(source, item, findings)) verified += 1;
  });
  reportMissing(source, findings);
  return { dynamodbTable, rows, items, verified, differences: findings.count, shown: findings.shown };
}
