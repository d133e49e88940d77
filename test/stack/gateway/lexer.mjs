// The lexer of Redshift's SQL (PostgreSQL 8.0 rules): backslash is always an escape inside '...', there is no E'' and no
// U&'', comments nest, dollar quoting is PostgreSQL's. It never changes the text; it says where each token is.
import { Buffer } from 'node:buffer';

export class SqlError extends Error {
  // position: index in UTF-16 units of the statement text, or undefined.
  constructor(sqlstate, message, { position, detail, hint } = {}) {
    super(message);
    this.sqlstate = sqlstate;
    this.position = position;
    this.detail = detail;
    this.hint = hint;
  }
}

const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const PARAMETER = /\$\d+/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const OPERATOR = /[~!@#^&|`?+\-*\/%<>=]+/y;
const SIMPLE_ESCAPES = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function match(pattern, text, at) {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found ? found[0] : null;
}

// Folding touches ASCII letters only, as Redshift documents it.
export function foldCase(name) {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function near(text, at, what) {
  return new SqlError('42601', `${what} at or near "${text.slice(at)}"`, { position: at });
}

function lexComment(text, start) {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text.startsWith('/*', i)) { depth++; i++; } else if (text.startsWith('*/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  throw near(text, start, 'unterminated /* comment');
}

// Octal escapes give bytes, which may only together be a character.
function decodeEscapes(body) {
  const parts = body.replace(/''/g, "'");
  if (!parts.includes('\\')) return parts;
  const bytes = [];
  for (const piece of body.match(/''|\\[0-7]{1,3}|\\[\s\S]|[^'\\]+/gu) ?? []) {
    if (piece === "''") bytes.push(Buffer.from("'"));
    else if (piece[0] !== '\\') bytes.push(Buffer.from(piece));
    else if (/[0-7]/.test(piece[1])) bytes.push(Buffer.from([parseInt(piece.slice(1), 8) & 0xff]));
    else bytes.push(Buffer.from(SIMPLE_ESCAPES[piece[1]] ?? piece.slice(1)));
  }
  const all = Buffer.concat(bytes);
  try {
    const value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(all);
    if (!value.includes('\0')) return value;
  } catch { /* reported below */ }
  throw new SqlError('22021', 'invalid byte sequence for encoding "UNICODE": 0x' + all.toString('hex').slice(0, 8));
}

function lexString(text, start) {
  let i = start + 1;
  for (;;) {
    const next = text.charCodeAt(i);
    if (Number.isNaN(next)) throw near(text, start, 'unterminated quoted string');
    if (next === 0x5c) i += 2;
    else if (next !== 0x27) i++;
    else if (text.charCodeAt(i + 1) === 0x27) i += 2;
    else break;
  }
  return { type: 'string', start, end: i + 1, value: decodeEscapes(text.slice(start + 1, i)) };
}

function lexQuotedName(text, start) {
  let i = start + 1;
  for (;;) {
    const quote = text.indexOf('"', i);
    if (quote < 0) throw near(text, start, 'unterminated quoted identifier');
    if (text[quote + 1] !== '"') {
      const value = text.slice(start + 1, quote).replace(/""/g, '"');
      if (value === '') throw near(text, start, 'zero-length delimited identifier');
      return { type: 'quoted', start, end: quote + 1, value };
    }
    i = quote + 2;
  }
}

function lexDollar(text, start) {
  const tag = match(DOLLAR, text, start);
  if (!tag) return null;
  const close = text.indexOf(tag, start + tag.length);
  if (close < 0) throw near(text, start, 'unterminated dollar-quoted string');
  return { type: 'dollar', start, end: close + tag.length };
}

// An operator ends where a comment begins.
function operatorLength(run) {
  const comment = run.search(/--|\/\*/);
  return comment > 0 ? comment : run.length;
}

function lexWord(text, start) {
  const word = match(WORD, text, start);
  const end = start + word.length;
  if (/^[bBxX]$/.test(word) && text[end] === "'") {
    const close = text.indexOf("'", end + 1);
    if (close < 0) throw near(text, start, 'unterminated bit string literal');
    return { type: 'bits', start, end: close + 1 };
  }
  return { type: 'word', start, end, value: foldCase(word) };
}

function lexOther(text, start) {
  const two = text.slice(start, start + 2);
  if (two === '::') return { type: 'symbol', start, end: start + 2, value: two };
  const run = match(OPERATOR, text, start);
  if (run) {
    const length = operatorLength(run);
    return { type: 'operator', start, end: start + length, value: run.slice(0, length) };
  }
  return { type: 'symbol', start, end: start + 1, value: text[start] };
}

function nextToken(text, at) {
  const c = text[at];
  if (c === "'") return lexString(text, at);
  if (c === '"') return lexQuotedName(text, at);
  const space = match(SPACE, text, at);
  if (space) return { type: 'space', start: at, end: at + space.length };
  if (text.startsWith('--', at)) {
    const newline = text.slice(at).search(/[\n\r]/);
    return { type: 'space', comment: true, start: at, end: newline < 0 ? text.length : at + newline };
  }
  if (text.startsWith('/*', at)) return { type: 'space', comment: true, start: at, end: lexComment(text, at) };
  if (match(WORD, text, at)) return lexWord(text, at);
  const number = match(NUMBER, text, at);
  if (number) return { type: 'number', start: at, end: at + number.length, value: number };
  if (c === '$') {
    const parameter = match(PARAMETER, text, at);
    if (parameter) return { type: 'parameter', start: at, end: at + parameter.length, value: parameter };
    const dollar = lexDollar(text, at);
    if (dollar) return dollar;
  }
  return lexOther(text, at);
}

export function lex(text) {
  const tokens = [];
  for (let at = 0; at < text.length;) {
    const token = nextToken(text, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

// The statements of a text, each as {all, words}: all its tokens, and those that are not blanks or comments.
// Empty statements are left out.
export function splitStatements(tokens) {
  const statements = [];
  let all = [];
  const finish = () => {
    const words = all.filter((token) => token.type !== 'space');
    if (words.length) statements.push({ all, words });
    all = [];
  };
  for (const token of tokens) {
    if (isSymbol(token, ';')) finish();
    else all.push(token);
  }
  finish();
  return statements;
}

export function isSymbol(token, value) {
  return token?.type === 'symbol' && token.value === value;
}

export function isWord(token, ...values) {
  return token?.type === 'word' && values.includes(token.value);
}

// The index of the parenthesis that closes the one at index open.
export function closingIndex(words, open) {
  let depth = 0;
  for (let i = open; i < words.length; i++) {
    if (isSymbol(words[i], '(')) depth++;
    else if (isSymbol(words[i], ')') && --depth === 0) return i;
  }
  return -1;
}

// Per token: is it the type a value is cast to, with :: or in CAST(... AS ...)?
export function castTargets(words) {
  const openers = []; // the tokens before the parentheses that are open
  return words.map((token, i) => {
    const opener = openers[openers.length - 1];
    if (isSymbol(token, '(')) openers.push(words[i - 1]);
    else if (isSymbol(token, ')')) openers.pop();
    return isSymbol(words[i - 1], '::') || (isWord(words[i - 1], 'as') && isWord(opener, 'cast', 'try_cast'));
  });
}
