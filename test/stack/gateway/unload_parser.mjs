// UNLOAD ('select-statement') TO 's3://...' authorization [option ...]: grammar only. The inner statement is taken out of
// its literal (unescaped once) and lexed again.
import { SqlError, closingIndex, isSymbol, isWord, lex, splitStatements } from './lexer.mjs';
import { syntaxError } from './strictness.mjs';

class Reader {
  constructor(text, words) {
    this.text = text;
    this.words = words;
    this.at = 0;
  }

  peek() {
    return this.words[this.at];
  }

  accept(...values) {
    if (!isWord(this.peek(), ...values)) return null;
    return this.words[this.at++].value;
  }

  fail() {
    throw syntaxError(this.text, this.peek());
  }

  symbol(value) {
    if (!isSymbol(this.peek(), value)) this.fail();
    this.at++;
  }

  word(...values) {
    return this.accept(...values) ?? this.fail();
  }

  // Literals that follow each other with a newline between are one literal.
  string() {
    if (this.peek()?.type !== 'string') this.fail();
    let token = this.words[this.at++];
    let { value } = token;
    while (this.peek()?.type === 'string' && /\n/.test(this.text.slice(token.end, this.peek().start))) {
      token = this.words[this.at++];
      value += token.value;
    }
    return value;
  }

  size() {
    if (this.peek()?.type !== 'number') this.fail();
    const count = Number(this.words[this.at++].value);
    return count * (this.accept('mb', 'gb') === 'gb' ? 1e9 : 1e6);
  }
}

function readNames(reader) {
  reader.symbol('(');
  const names = [];
  for (;;) {
    const token = reader.peek();
    if (token?.type !== 'word' && token?.type !== 'quoted') reader.fail();
    names.push(token.value);
    reader.at++;
    if (!isSymbol(reader.peek(), ',')) break;
    reader.at++;
  }
  reader.symbol(')');
  return names;
}

const asString = (reader) => { reader.accept('as'); return reader.string(); };
const flag = () => true;

function readFormat(reader) {
  reader.accept('as');
  return reader.word('csv', 'parquet', 'json');
}

function readEncrypted(reader, options) {
  if (reader.accept('auto')) options.encrypted_auto = true;
  return true;
}

function readPartition(reader) {
  reader.word('by');
  const columns = readNames(reader);
  return { columns, include: reader.accept('include') !== null };
}

const OPTIONS = {
  iam_role: (reader) => (reader.accept('default') ? 'default' : reader.string()),
  access_key_id: asString, secret_access_key: asString, session_token: asString,
  credentials: asString,
  format: readFormat, csv: flag, parquet: flag, json: flag,
  partition: readPartition,
  manifest: (reader) => (reader.accept('verbose') ? 'verbose' : 'plain'),
  header: flag, delimiter: asString, fixedwidth: asString,
  encrypted: readEncrypted, kms_key_id: asString, master_symmetric_key: asString,
  bzip2: flag, gzip: flag, zstd: flag, addquotes: flag, null: asString, escape: flag,
  allowoverwrite: flag, cleanpath: flag,
  parallel: (reader) => !['off', 'false'].includes(reader.accept('on', 'true', 'off', 'false')),
  maxfilesize: (reader) => { reader.accept('as'); return reader.size(); },
  rowgroupsize: (reader) => { reader.accept('as'); return reader.size(); },
  region: asString, extension: asString,
};

function readOption(reader, options) {
  const start = reader.peek();
  if (reader.accept('with') && !isWord(reader.peek(), 'credentials')) reader.fail();
  const token = reader.peek();
  if (token?.type !== 'word' || !Object.hasOwn(OPTIONS, token.value)) reader.fail();
  reader.at++;
  const value = OPTIONS[token.value](reader, options);
  const isFormat = ['format', 'csv', 'parquet', 'json'].includes(token.value);
  const key = isFormat ? 'format' : token.value;
  if (options[key] !== undefined) {
    throw new SqlError('42601', 'conflicting or redundant options', { position: start.start });
  }
  options[key] = isFormat && value === true ? token.value : value;
}

function parseTarget(target) {
  const found = /^s3:\/\/([^/]+)\/?([\s\S]*)$/.exec(target);
  if (!found) throw new SqlError('42601', `The UNLOAD destination must be an S3 URI such as s3://bucket/prefix, not "${target}"`);
  return { bucket: found[1], prefix: found[2] };
}

function checkParentheses(query, words) {
  let depth = 0;
  for (const token of words) {
    if (isSymbol(token, '(')) depth++;
    else if (isSymbol(token, ')') && --depth < 0) throw syntaxError(query, token);
  }
  if (depth) throw syntaxError(query, undefined);
}

function withoutOuterParentheses(words) {
  while (isSymbol(words[0], '(') && closingIndex(words, 0) === words.length - 1) words = words.slice(1, -1);
  return words;
}

function checkLimit(words) {
  let depth = 0;
  for (const token of withoutOuterParentheses(words)) {
    if (isSymbol(token, '(')) depth++;
    else if (isSymbol(token, ')')) depth--;
    else if (depth === 0 && isWord(token, 'limit', 'top')) {
      throw new SqlError('42601', 'Limit clause is not supported in the outermost select of an UNLOAD statement');
    }
  }
}

// The only statement of the text, checked as far as its tokens tell. Positions of these errors would be those of the
// inner text, so they are left out.
function parseInner(query) {
  try {
    const statements = splitStatements(lex(query));
    if (statements.length === 0) throw syntaxError(query, undefined);
    if (statements.length > 1) throw syntaxError(query, statements[1].words[0]);
    const [{ all, words }] = statements;
    checkParentheses(query, words);
    if (!isWord(words.find((token) => !isSymbol(token, '(')), 'select', 'with')) throw syntaxError(query, words[0]);
    checkLimit(words);
    return all;
  } catch (error) {
    if (error instanceof SqlError) error.position = undefined;
    throw error;
  }
}

export function isUnload(words) {
  return isWord(words[0], 'unload');
}

// words: the statement without blanks. Returns {query, tokens, target, bucket, prefix, options}.
export function parseUnload(text, words) {
  const reader = new Reader(text, words);
  reader.word('unload');
  reader.symbol('(');
  const query = reader.string();
  reader.symbol(')');
  reader.word('to');
  const target = reader.string();
  const options = {};
  while (reader.peek()) readOption(reader, options);
  options.format ??= 'text';
  if (options.maxfilesize !== undefined) options.maxfilesize_bytes = options.maxfilesize;
  options.parquet_encryption = options.format === 'parquet' && options.encrypted && options.kms_key_id === undefined;
  return { query, tokens: parseInner(query), target, ...parseTarget(target), options };
}
