// Compares an expectation (expected.mjs) with an attribute value found in DynamoDB, and an item with its row.

import { canonicalDecimal } from './decimal.mjs';

const PLAIN_TYPES = ['S', 'N', 'BOOL', 'NULL', 'B', 'M', 'L'];

/** The one type tag of an attribute value; a value with none or several has no type we know. */
export function typeOf(value) {
  const tags = Object.keys(value).filter((tag) => value[tag] !== undefined);
  return tags.length === 1 ? tags[0] : `{${tags.join()}}`;
}

/** Zero has one form in DynamoDB: the sign of -0 cannot arrive and is not asked for. */
const sameFloat = (a, b) => a === b;

const SAME = {
  S: (expected, found) => expected === found,
  N: (expected, found) => canonicalDecimal(expected) !== null && canonicalDecimal(expected) === canonicalDecimal(found),
  BOOL: (expected, found) => expected === found,
  NULL: (expected, found) => expected === found,
  B: (expected, found) => Buffer.compare(Buffer.from(expected), Buffer.from(found)) === 0,
};

function compareFloat(expected, found, path) {
  const isSingle = 'FLOAT4' in expected;
  const wanted = isSingle ? Math.fround(expected.FLOAT4) : expected.FLOAT8;
  const read = canonicalDecimal(found.N ?? '') === null ? NaN : Number(found.N);
  return sameFloat(wanted, isSingle ? Math.fround(read) : read) ? null : { path, expected, found };
}

const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

function compareMaps(expected, found, path) {
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const difference = compareValues(own(expected, name), own(found, name), `${path}.${name}`);
    if (difference) return difference;
  }
  return null;
}

function compareLists(expected, found, path) {
  const length = Math.max(expected.length, found.length);
  for (let i = 0; i < length; i += 1) {
    const difference = compareValues(expected[i], found[i], `${path}[${i}]`);
    if (difference) return difference;
  }
  return null;
}

/** null if the values are the same, else { path, expected, found } of the first difference. */
export function compareValues(expected, found, path) {
  if (expected === undefined && found === undefined) return null;
  if (expected === undefined || found === undefined) return { path, expected, found };
  if ('FLOAT4' in expected || 'FLOAT8' in expected) return compareFloat(expected, found, path);
  const type = typeOf(expected);
  if (!PLAIN_TYPES.includes(type) || typeOf(found) !== type) return { path, expected, found };
  if (type === 'M') return compareMaps(expected.M, found.M, path);
  if (type === 'L') return compareLists(expected.L, found.L, path);
  return SAME[type](expected[type], found[type]) ? null : { path, expected, found };
}

/** All differences between the expectations of a row (name -> expectation) and the attributes of an item. */
export function compareItem(expectations, item) {
  const differences = [];
  for (const [name, expected] of expectations) {
    const difference = compareValues(expected, own(item, name), name);
    if (difference) differences.push(difference);
  }
  for (const name of Object.keys(item)) {
    if (!expectations.has(name)) differences.push({ path: name, expected: undefined, found: item[name] });
  }
  return differences;
}

/** A text that is equal for equal keys, whatever way their numbers are written. */
export function keyText(values) {
  return JSON.stringify(values.map((value) => {
    const type = typeOf(value);
    if (type === 'N') return `N ${canonicalDecimal(value.N)}`;
    if (type === 'B') return `B ${Buffer.from(value.B).toString('hex')}`;
    if (type === 'S') return `S ${value.S}`;
    throw new Error(`a value of type ${type} cannot be a key`);
  }));
}
