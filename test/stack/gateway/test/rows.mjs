// DataRow messages for tests.
import { Buffer } from 'node:buffer';
import { int16, int32, message } from '../wire.mjs';

export function dataRow(...values) {
  const parts = values.map((value) => {
    if (value === null) return int32(-1);
    const bytes = Buffer.from(value);
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return message('D', int16(values.length), ...parts);
}

export function column(name, oid, typmod = -1) {
  return { name, oid, typmod, table: 0, attribute: 0, size: -1, format: 0 };
}
