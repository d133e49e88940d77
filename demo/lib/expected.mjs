// What a warehouse value must be in DynamoDB, from its PostgreSQL type and text. This is the mapping of the
// documentation said a second time, on purpose: it shares nothing with the extension.
//
// An expectation is an attribute value ({S}, {N}, {BOOL}, {B}, {M}, {L}), or {FLOAT4} / {FLOAT8} for a
// number which must read back to the same bits, or undefined where the attribute must be absent.
// The texts are those of the session that source_rows.mjs sets up.

import { attributeFromJson } from './exact_json.mjs';

const OID = {
  bool: 16, bytea: 17, name: 19, int8: 20, int2: 21, int4: 23, text: 25, json: 114, float4: 700, float8: 701, unknown: 705,
  bpchar: 1042, varchar: 1043, date: 1082, time: 1083, timestamp: 1114, timestamptz: 1184, interval: 1186, timetz: 1266, numeric: 1700,
};

const TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(\+00)?$/;

/** PostgreSQL's text with `T` and always six digits; a text of another form (BC, infinity) stays as it is. */
function isoTimestamp(text) {
  const match = TIMESTAMP.exec(text);
  if (match === null) return text;
  const [, day, time, fraction = '', utc] = match;
  return `${day}T${time}.${fraction.padEnd(6, '0')}${utc ? 'Z' : ''}`;
}

function superAttribute(text) {
  const value = attributeFromJson(text);
  return value.NULL ? undefined : value;
}

const number = (text) => ({ N: text });
const string = (text) => ({ S: text });
const timestamp = (text) => ({ S: isoTimestamp(text) });

// SUPER and VARBYTE are domains over json and bytea in the stand-in; a result reports their base types.
const EXPECTATIONS = new Map([
  [OID.int2, number], [OID.int4, number], [OID.int8, number], [OID.numeric, number],
  [OID.float4, (text) => ({ FLOAT4: Number(text) })],
  [OID.float8, (text) => ({ FLOAT8: Number(text) })],
  [OID.bool, (text) => ({ BOOL: text === 't' })],
  [OID.bpchar, (text) => ({ S: text.replace(/ +$/, '') })],
  [OID.varchar, string], [OID.text, string], [OID.name, string], [OID.unknown, string],
  [OID.date, string], [OID.time, string], [OID.timetz, string], [OID.interval, string],
  [OID.timestamp, timestamp], [OID.timestamptz, timestamp],
  [OID.bytea, (text) => ({ B: Buffer.from(text.slice(2), 'hex') })],
  [OID.json, superAttribute],
]);

/** The function from text to expectation for a type; throws for a type that cannot be compared. */
export function expectationFor(typeOid, columnName) {
  const expectation = EXPECTATIONS.get(typeOid);
  if (!expectation) throw new Error(`column "${columnName}": no expectation for type OID ${typeOid}`);
  return (text) => (text === null ? undefined : expectation(text));
}
