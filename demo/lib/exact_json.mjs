// Reads JSON text into DynamoDB attribute values ({M}, {L}, {S}, {N}, {BOOL}, {NULL}). JSON.parse would
// turn numbers into doubles; here a number keeps its text.

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))\s*/y;

class Reader {
  constructor(text) {
    this.text = text;
    this.position = 0;
    this.next();
  }

  next() {
    TOKEN.lastIndex = this.position;
    const match = TOKEN.exec(this.text);
    if (match === null && this.position < this.text.length) throw new Error(`not JSON at character ${this.position + 1}`);
    this.token = match && { mark: match[1], string: match[2], number: match[3], word: match[4] };
    this.position = match ? TOKEN.lastIndex : this.position;
  }

  take(mark) {
    if (this.token?.mark !== mark) throw new Error(`not JSON: ${mark} expected before character ${this.position + 1}`);
    this.next();
  }

  takeString() {
    const text = this.token?.string;
    if (text === undefined) throw new Error(`not JSON: a name expected before character ${this.position + 1}`);
    this.next();
    return JSON.parse(text);
  }

  value() {
    const { token } = this;
    if (token === null) throw new Error('not JSON: the text ends early');
    if (token.mark === '{') return this.object();
    if (token.mark === '[') return this.array();
    if (token.mark !== undefined) throw new Error(`not JSON: unexpected ${token.mark}`);
    this.next();
    if (token.string !== undefined) return { S: JSON.parse(token.string) };
    if (token.number !== undefined) return { N: token.number };
    return token.word === 'null' ? { NULL: true } : { BOOL: token.word === 'true' };
  }

  object() {
    const members = Object.create(null);
    this.take('{');
    while (this.token?.mark !== '}') {
      const name = this.takeString();
      this.take(':');
      members[name] = this.value();
      if (this.token?.mark !== '}') this.take(',');
    }
    this.take('}');
    return { M: members };
  }

  array() {
    const elements = [];
    this.take('[');
    while (this.token?.mark !== ']') {
      elements.push(this.value());
      if (this.token?.mark !== ']') this.take(',');
    }
    this.take(']');
    return { L: elements };
  }
}

export function attributeFromJson(text) {
  const reader = new Reader(text);
  const value = reader.value();
  if (reader.token !== null) throw new Error(`not JSON: more text before character ${reader.position + 1}`);
  return value;
}
