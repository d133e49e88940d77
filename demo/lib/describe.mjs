// Attribute values and differences as short text for people.

const SHOWN_CHARS = 100;
const CONTEXT_CHARS = 30;

// What JSON leaves as it is but a terminal does not: delete, C1 controls, line separators, direction marks.
const UNPRINTABLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function withBytesAsHex(name, part) {
  if (part?.type === 'Buffer') return Buffer.from(part.data).toString('hex');
  return part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part;
}

const plain = (value) => (value === undefined ? '(absent)' : JSON.stringify(value, withBytesAsHex).replace(UNPRINTABLE, escape));

/** The text from shortly before its first difference, if it is long. */
function excerpt(text, differsAt) {
  if (text.length <= SHOWN_CHARS) return text;
  const start = Math.max(0, Math.min(differsAt, text.length) - CONTEXT_CHARS);
  const end = start + SHOWN_CHARS;
  return `${start > 0 ? '...' : ''}${text.slice(start, end)}${end < text.length ? '...' : ''} (${text.length} characters)`;
}

function firstDifference(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  return i;
}

export function describePair(expected, found) {
  const texts = [plain(expected), plain(found)];
  const differsAt = firstDifference(...texts);
  return { expected: excerpt(texts[0], differsAt), found: excerpt(texts[1], differsAt) };
}

export const describeValue = (value) => excerpt(plain(value), 0);

export const describeKey = (key) => excerpt(Object.entries(key).map(([name, value]) => `${name}=${plain(Object.values(value)[0])}`).join(' '), 0);
