// Rows of FORMAT JSON: one compact object per line, straight from the bytes of a DataRow.
import { Buffer } from 'node:buffer';
import { columnKind } from './types.mjs';
import { compactJson, floatText } from './values.mjs';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const PIECE_BYTES = 16 * 1024;
const WORST_GROWTH = 6; // \u00XX for one byte
const SHORT = new Map([[0x08, 'b'], [0x09, 't'], [0x0a, 'n'], [0x0c, 'f'], [0x0d, 'r'], [QUOTE, '"'], [BACKSLASH, '\\']]);
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
const RAW_BREAK = /[\t\n\r]/;

function hex4(value) {
  return value.toString(16).padStart(4, '0');
}

// needs[byte] is 1 where a byte cannot be copied as it is.
function escapeTable(escapes) {
  const needs = new Uint8Array(256);
  needs.fill(1, 0, 0x20);
  needs[QUOTE] = needs[BACKSLASH] = 1;
  if (escapes === 'slash' || escapes === 'all') needs[SLASH] = 1;
  if (escapes === 'unicode' || escapes === 'all') needs.fill(1, 0x80);
  return needs;
}

function escapeByte(out, byte) {
  const short = byte === SLASH ? '/' : SHORT.get(byte);
  out.text(short ? `\\${short}` : `\\u${hex4(byte)}`);
}

function writeEscaped(out, bytes, start, end, needs) {
  for (let from = start; from < end; from += PIECE_BYTES) {
    const to = Math.min(end, from + PIECE_BYTES);
    out.reserve((to - from) * WORST_GROWTH);
    for (let i = from; i < to; i++) {
      const byte = bytes[i];
      if (needs[byte]) escapeByte(out, byte);
      else out.bytes[out.length++] = byte;
    }
  }
}

function writeUnicodeEscaped(out, bytes, start, end, needs) {
  const text = bytes.toString('utf8', start, end);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) out.text(`\\u${hex4(unit)}`);
    else if (needs[unit]) escapeByte(out, unit);
    else out.byte(unit);
  }
}

// body of a JSON string, without the quotes
export function writeString(out, bytes, start, end, { needs, unicode }) {
  let i = start;
  while (i < end && !needs[bytes[i]]) i++;
  out.append(bytes, start, i);
  if (i === end) return;
  if (unicode) writeUnicodeEscaped(out, bytes, i, end, needs);
  else writeEscaped(out, bytes, i, end, needs);
}

function writeQuoted(out, bytes, start, end, escaping) {
  out.byte(QUOTE);
  writeString(out, bytes, start, end, escaping);
  out.byte(QUOTE);
}

function writeRaw(out, bytes, start, end) {
  out.append(bytes, start, end);
}

function booleanWriter(form) {
  if (form === 'literal') return (out, bytes, start) => out.append(bytes[start] === 0x74 ? TRUE : FALSE);
  if (form === 'bare') return writeRaw;
  return (out, bytes, start, end) => writeQuoted(out, bytes, start, end, { needs: escapeTable('minimal') });
}

// A SUPER value stays on one line in either form.
function superWriter(form) {
  return (out, bytes, start, end) => {
    const text = bytes.toString('utf8', start, end);
    if (form === 'compact' || RAW_BREAK.test(text)) out.text(compactJson(text));
    else out.append(bytes, start, end);
  };
}

function nonFiniteWriter(text, form) {
  if (form === 'null') return 'null';
  return form === 'bare' ? text : `"${text}"`;
}

function floatWriter(kind, { extraDigits, nonfinite }) {
  return (out, bytes, start, end) => {
    const text = floatText(bytes.toString('latin1', start, end), kind, extraDigits);
    out.text(/[a-df-z]/.test(text) ? nonFiniteWriter(text, nonfinite) : text);
  };
}

function trimmedCharWriter(escaping) {
  return (out, bytes, start, end) => {
    while (end > start && bytes[end - 1] === 0x20) end--;
    writeQuoted(out, bytes, start, end, escaping);
  };
}

function valueWriter(column, settings) {
  const { escaping } = settings;
  const quoted = (out, bytes, start, end) => writeQuoted(out, bytes, start, end, escaping);
  const kind = columnKind(column.oid);
  switch (kind) {
    case 'integer': return writeRaw;
    case 'boolean': return booleanWriter(settings.boolean);
    case 'decimal': return settings.decimal === 'number' ? writeRaw : quoted;
    case 'super': return superWriter(settings.superText);
    case 'real': case 'double': return floatWriter(kind, settings);
    case 'char': return settings.charPadding ? quoted : trimmedCharWriter(escaping);
    default: return quoted;
  }
}

function settingsFrom(switches, extraDigits) {
  const escapes = switches.get('json_escapes');
  return { extraDigits, escaping: { needs: escapeTable(escapes), unicode: escapes === 'unicode' || escapes === 'all' },
    boolean: switches.get('boolean_json'), decimal: switches.get('decimal_json'), nonfinite: switches.get('nonfinite_json'),
    superText: switches.get('super_text'), charPadding: switches.get('char_padding') };
}

// Returns write(out, bytes, start): appends the line of the DataRow at start.
export function jsonRowWriter(columns, switches, extraDigits) {
  const settings = settingsFrom(switches, extraDigits);
  const writers = columns.map((column) => valueWriter(column, settings));
  const keys = columns.map(({ name }, i) => Buffer.from(`${i ? ',' : '{'}${JSON.stringify(name)}:`));
  const close = Buffer.from('}\n');
  return (out, bytes, start) => {
    let at = start + 7;
    for (let i = 0; i < writers.length; i++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      out.append(keys[i]);
      if (length < 0) out.append(NULL);
      else {
        writers[i](out, bytes, at, at + length);
        at += length;
      }
    }
    out.append(close);
  };
}
