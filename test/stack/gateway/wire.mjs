// Messages of protocol 3.0, built and taken apart.
import { Buffer } from 'node:buffer';
import { SqlError } from './lexer.mjs';

export const CANCEL_CODE = 80877102;
export const SSL_CODE = 80877103;
export const GSS_CODE = 80877104;

export function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head[0] = type.charCodeAt(0);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export function zeroTerminated(text) {
  return Buffer.from(text + '\0');
}

export function int16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function decodeStatement(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SqlError('22021', 'invalid byte sequence for encoding "UNICODE"');
  }
}

export class Cursor {
  constructor(bytes, at, end) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  text() {
    const stop = this.bytes.indexOf(0, this.at);
    const value = this.bytes.toString('utf8', this.at, stop);
    this.at = stop + 1;
    return value;
  }

  // Text of a statement: refused when it is not UTF-8.
  statementText() {
    const stop = this.bytes.indexOf(0, this.at);
    const value = decodeStatement(this.bytes.subarray(this.at, stop));
    this.at = stop + 1;
    return value;
  }

  int16() {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32() {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  uint32() {
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  skip(count) {
    this.at += Math.max(count, 0);
  }
}

export function parseStartup(bytes) {
  const cursor = new Cursor(bytes, 8, bytes.length);
  const parameters = {};
  while (cursor.at < bytes.length && bytes[cursor.at] !== 0) {
    const name = cursor.text();
    parameters[name] = cursor.text();
  }
  return parameters;
}

export function startup(version, parameters) {
  const parts = [int32(version)];
  for (const [name, value] of Object.entries(parameters)) parts.push(zeroTerminated(name), zeroTerminated(value));
  parts.push(Buffer.alloc(1));
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 4), body]);
}

export function cancelRequest(pid, secret) {
  return Buffer.concat([int32(16), int32(CANCEL_CODE), int32(pid), int32(secret)]);
}

// Fields of an ErrorResponse or NoticeResponse by their letters.
export function parseFields(bytes, start, end) {
  const cursor = new Cursor(bytes, start + 5, end);
  const fields = {};
  while (bytes[cursor.at] !== 0) {
    const letter = String.fromCharCode(bytes[cursor.at++]);
    fields[letter] = cursor.text();
  }
  return fields;
}

export function buildFields(type, fields) {
  const parts = [];
  for (const [letter, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(Buffer.from(letter), zeroTerminated(String(value)));
  }
  return message(type, ...parts, Buffer.alloc(1));
}

export function errorResponse({ severity = 'ERROR', sqlstate = 'XX000', message: text, detail, hint, position }) {
  return buildFields('E', { S: severity, C: sqlstate, M: text, D: detail || undefined, H: hint || undefined, P: position });
}

export function infoNotice(text) {
  return buildFields('N', { S: 'INFO', C: '00000', M: text });
}

export function commandComplete(tag) {
  return message('C', zeroTerminated(tag));
}

export function readyForQuery(status) {
  return message('Z', status);
}

export function query(sql) {
  return message('Q', zeroTerminated(sql));
}

export function parse(name, sql, types = []) {
  return message('P', zeroTerminated(name), zeroTerminated(sql), int16(types.length), ...types.map(int32));
}

export function parseRowDescription(bytes, start, end) {
  const cursor = new Cursor(bytes, start + 5, end);
  const columns = [];
  for (let left = cursor.int16(); left > 0; left--) {
    columns.push({ name: cursor.text(), table: cursor.uint32(), attribute: cursor.int16(), oid: cursor.uint32(),
      size: cursor.int16(), typmod: cursor.int32(), format: cursor.int16() });
  }
  return columns;
}

export function rowDescription(columns) {
  const parts = [int16(columns.length)];
  for (const column of columns) {
    const fixed = Buffer.alloc(18);
    fixed.writeUInt32BE(column.table, 0);
    fixed.writeInt16BE(column.attribute, 4);
    fixed.writeUInt32BE(column.oid, 6);
    fixed.writeInt16BE(column.size, 10);
    fixed.writeInt32BE(column.typmod, 12);
    fixed.writeInt16BE(column.format, 16);
    parts.push(zeroTerminated(column.name), fixed);
  }
  return message('T', ...parts);
}
