// Item sizes as DynamoDB counts them, and the write units they cost.
import { numberBytes } from './number_text.mjs';

const utf8 = (text) => Buffer.byteLength(text);
const sum = (list, size) => list.reduce((total, value) => total + size(value), 0);

function base64Bytes(text) {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

/** Bytes of one AttributeValue; a value of the wrong shape counts nothing (DynamoDB Local refuses it later). */
export function valueBytes(value) {
  const [type] = Object.keys(value ?? {});
  const inner = value?.[type];
  if (inner === null || inner === undefined) return 0;
  switch (type) {
    case 'S': return utf8(String(inner));
    case 'N': return numberBytes(String(inner));
    case 'B': return base64Bytes(String(inner));
    case 'BOOL': case 'NULL': return 1;
    case 'SS': return sum(inner, utf8);
    case 'NS': return sum(inner, numberBytes);
    case 'BS': return sum(inner, base64Bytes);
    case 'L': return 3 + sum(inner, (element) => 1 + valueBytes(element));
    case 'M': return 3 + sum(Object.entries(inner), ([key, element]) => utf8(key) + 1 + valueBytes(element));
    default: return 0;
  }
}

export const itemBytes = (item) => sum(Object.entries(item), ([name, value]) => utf8(name) + valueBytes(value));

/** Write units of a put of this item over nothing or over a smaller one. */
export const putUnits = (item) => Math.max(1, Math.ceil(itemBytes(item) / 1024));
