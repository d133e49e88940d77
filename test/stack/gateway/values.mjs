// Text forms of values that Redshift prints in another way than PostgreSQL 15.
import { Buffer } from 'node:buffer';

// C's printf("%.<digits>g").
export function formatGeneral(value, digits) {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  const trim = (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent >= -4 && exponent < digits) return trim(value.toFixed(Math.max(0, digits - 1 - exponent)));
  const magnitude = String(Math.abs(exponent)).padStart(2, '0');
  return `${trim(mantissa)}e${exponent < 0 ? '-' : '+'}${magnitude}`;
}

const STRING_OR_BLANK = /("(?:[^"\\]|\\.)*")|[ \t\n\r]+/g;

// JSON text without blanks between tokens; numbers and strings stay as written.
export function compactJson(text) {
  return text.replace(STRING_OR_BLANK, '$1');
}

const NON_FINITE = { NaN: 'nan', Infinity: 'inf', '-Infinity': '-inf' };

// text: as PostgreSQL prints it (already cut to 15 or 6 digits when extra digits are not above 0).
export function floatText(text, kind, extraDigits) {
  if (Object.hasOwn(NON_FINITE, text)) return NON_FINITE[text];
  if (extraDigits <= 0) return text;
  const value = kind === 'real' ? Math.fround(Number(text)) : Number(text);
  return formatGeneral(value, (kind === 'real' ? 6 : 15) + extraDigits);
}

function pointHex(text, srid) {
  const [x, y] = text.match(/[-+\w.]+/g).map(Number);
  const bytes = Buffer.alloc(srid ? 25 : 21);
  bytes[0] = 1;
  bytes.writeUInt32LE(srid ? 0x20000001 : 1, 1);
  if (srid) bytes.writeUInt32LE(srid, 5);
  bytes.writeDoubleLE(x, srid ? 9 : 5);
  bytes.writeDoubleLE(y, srid ? 17 : 13);
  return bytes.toString('hex').toUpperCase();
}

// The text form of a value of a special kind; text is PostgreSQL's.
export function redshiftText(text, kind, extraDigits) {
  switch (kind) {
    case 'super': return compactJson(text);
    case 'varbyte': return text.startsWith('\\x') ? text.slice(2) : text;
    case 'real': case 'double': return floatText(text, kind, extraDigits);
    case 'geometry': return pointHex(text, 0);
    case 'geography': return pointHex(text, 4326);
    case 'hllsketch': return JSON.stringify({ version: 1, logm: 15, sparse: { entries: text.split(' ').length } });
    default: return text;
  }
}

const SPECIAL = new Set(['super', 'real', 'double', 'varbyte', 'geometry', 'geography', 'hllsketch']);

export function needsRewriting(kind) {
  return SPECIAL.has(kind);
}

// A DataRow with the values of special columns in Redshift's form. kinds: per column a kind, or null for untouched.
export function rewriteDataRow(bytes, start, end, kinds, extraDigits) {
  const parts = [bytes.subarray(start, start + 7)];
  let at = start + 7;
  for (const kind of kinds) {
    const length = bytes.readInt32BE(at);
    const next = at + 4 + Math.max(length, 0);
    if (kind === null || length < 0) parts.push(bytes.subarray(at, next));
    else {
      const text = Buffer.from(redshiftText(bytes.toString('latin1', at + 4, next), kind, extraDigits), 'latin1');
      const head = Buffer.alloc(4);
      head.writeInt32BE(text.length);
      parts.push(head, text);
    }
    at = next;
  }
  const row = Buffer.concat(parts);
  row.writeUInt32BE(row.length - 1, 1);
  return row;
}
