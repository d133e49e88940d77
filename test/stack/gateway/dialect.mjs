// Clauses and functions that Redshift has and PostgreSQL spells otherwise, by the tokens between their parts.
import { SqlError, closingIndex, isSymbol, isWord } from './lexer.mjs';

const SET_OPERATIONS = ['union', 'except', 'minus', 'intersect'];

// The index of the last token of the query block that holds token i.
function blockEnd(words, i) {
  let depth = 0;
  for (let at = i; at < words.length; at++) {
    if (isSymbol(words[at], '(')) depth++;
    else if (isSymbol(words[at], ')') && --depth < 0) return at - 1;
    else if (depth === 0 && isWord(words[at], ...SET_OPERATIONS)) {
      throw new SqlError('0A000', 'TOP before a set operation is not supported by this stand-in', { position: words[i].start });
    }
  }
  return words.length - 1;
}

// SELECT TOP n ... becomes SELECT ... LIMIT n.
function rewriteTop(words, i, { replacements, suffixes }) {
  if (!isWord(words[i], 'top') || !isWord(words[i - 1], 'select') || words[i + 1]?.type !== 'number') return;
  const last = words[blockEnd(words, i)];
  replacements.set(words[i], '').set(words[i + 1], '');
  suffixes.set(last, ` LIMIT ${words[i + 1].value}${suffixes.get(last) ?? ''}`);
}

// The indexes of the commas between the arguments of the call whose parentheses are at open and close.
function commas(words, open, close) {
  const found = [];
  for (let i = open + 1, depth = 0; i < close; i++) {
    if (isSymbol(words[i], '(')) depth++;
    else if (isSymbol(words[i], ')')) depth--;
    else if (depth === 0 && isSymbol(words[i], ',')) found.push(i);
  }
  return found;
}

// LISTAGG(a, b) WITHIN GROUP (ORDER BY c) becomes listagg(a, b ORDER BY c): an aggregate of setup.sql.
function rewriteListagg(words, i, { replacements }) {
  const close = closingIndex(words, i + 1);
  if (close < 0) return;
  const separator = commas(words, i + 1, close).length ? '' : ", ''";
  const grouped = isWord(words[close + 1], 'within') && isWord(words[close + 2], 'group') && isSymbol(words[close + 3], '(');
  if (!grouped) {
    if (separator) replacements.set(words[close], `${separator})`);
    return;
  }
  replacements.set(words[close], separator);
  for (const at of [close + 1, close + 2, close + 3]) replacements.set(words[at], '');
}

// DECODE(a, b, c, d) becomes CASE a WHEN b THEN c ELSE d END; NULL, which it finds and CASE does not, is not supported.
function rewriteDecode(words, i, { replacements }) {
  const close = closingIndex(words, i + 1);
  const between = close < 0 ? [] : commas(words, i + 1, close);
  if (between.length < 2) {
    throw new SqlError('42883', 'function decode() does not exist', { position: words[i].start });
  }
  replacements.set(words[i], '(CASE').set(words[i + 1], ' ').set(words[close], ' END)');
  between.forEach((at, n) => {
    const isDefault = n === between.length - 1 && n % 2 === 0;
    if (!isDefault && n % 2 === 0 && isWord(words[at + 1], 'null')) {
      throw new SqlError('0A000', 'DECODE of NULL is not supported by this stand-in', { position: words[at + 1].start });
    }
    replacements.set(words[at], n % 2 ? ' THEN ' : isDefault ? ' ELSE ' : ' WHEN ');
  });
}

// result: {replacements, suffixes}: texts in the place of tokens, and behind them.
export function rewriteDialect(words, result) {
  for (let i = 0; i < words.length; i++) {
    rewriteTop(words, i, result);
    if (isWord(words[i], 'approximate') && isWord(words[i + 1], 'count')) result.replacements.set(words[i], '');
    if (!isSymbol(words[i + 1], '(') || isSymbol(words[i - 1], '.')) continue;
    if (isWord(words[i], 'listagg')) rewriteListagg(words, i, result);
    else if (isWord(words[i], 'decode')) rewriteDecode(words, i, result);
  }
}
