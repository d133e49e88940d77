// From Redshift's SQL to what the private PostgreSQL takes: one statement, or several with nothing to intercept.
import { foldCase, isSymbol, isWord, splitStatements } from './lexer.mjs';
import { RewrittenText } from './positions.mjs';
import { rewriteSetting } from './settings.mjs';
import { checkStrictness } from './strictness.mjs';
import { rewriteTypes } from './types_in_text.mjs';
import { rewriteTableDefinition } from './ddl.mjs';
import { rewriteDialect } from './dialect.mjs';

const DATE_PART_FUNCTIONS = ['datediff', 'date_diff', 'dateadd', 'date_add', 'date_part', 'pgdate_part'];

function quoteLiteral(value) {
  return "'" + value.replace(/'/g, "''") + "'";
}

function quoteName(value) {
  return '"' + value.replace(/"/g, '""') + '"';
}

function rewriteCall(words, i, replacements) {
  const token = words[i];
  if (isWord(token, 'nvl')) replacements.set(token, 'COALESCE');
  else if (isWord(token, 'object')) replacements.set(token, 'json_build_object');
  else if (isWord(token, 'array') && !isWord(words[i + 2], 'select')) replacements.set(token, 'json_build_array');
  else if (isWord(token, ...DATE_PART_FUNCTIONS) && words[i + 2]?.type === 'word' && isSymbol(words[i + 3], ',')) {
    replacements.set(words[i + 2], quoteLiteral(words[i + 2].value));
  }
}

function rewriteWords(words, replacements) {
  for (let i = 0; i < words.length; i++) {
    if (isSymbol(words[i - 1], '.')) continue;
    if (isSymbol(words[i + 1], '(')) rewriteCall(words, i, replacements);
    else if (isWord(words[i], 'sysdate')) replacements.set(words[i], 'sysdate()');
    if (isWord(words[i], 'minus')) replacements.set(words[i], 'EXCEPT');
  }
}

function rewriteCancel(words, replacements, text) {
  if (!isWord(words[0], 'cancel') || words[1]?.type !== 'number') return;
  words.forEach((token) => replacements.set(token, ''));
  replacements.set(words[0], `SELECT pg_cancel_backend(${text.slice(words[1].start, words[1].end)})`);
}

function emitToken(out, token, next, { replacements, suffixes, caseSensitive }) {
  if (replacements.has(token)) out.replace(token.start, replacements.get(token));
  else if (token.type === 'string') out.replace(token.start, quoteLiteral(token.value));
  else if (token.type === 'quoted') out.replace(token.start, quoteName(caseSensitive ? token.value : foldCase(token.value)));
  else out.copy(token.start, token.end);
  if (suffixes.has(token)) out.replace(token.start, suffixes.get(token));
  // Keeps PostgreSQL from reading E'...' or U&'...': to Redshift that is a name and a literal.
  if (next && token.type === 'word' && token.value !== 'n' && next.type === 'string') out.replace(next.start, ' ');
  if (next && token.type === 'word' && token.value === 'u' && next.value?.startsWith?.('&')) out.replace(next.start, ' ');
}

// tokens: all tokens of the part of text to rewrite. Returns {out, effects}: the RewrittenText and the settings changed.
export function rewrite(text, tokens, { caseSensitive = false, inUnload = false } = {}) {
  const replacements = new Map();
  const suffixes = new Map();
  const effects = [];
  for (const { words } of splitStatements(tokens)) {
    checkStrictness(text, words, { inUnload });
    const effect = rewriteSetting(words, replacements);
    if (effect) effects.push(effect);
    rewriteWords(words, replacements);
    rewriteDialect(words, { replacements, suffixes });
    rewriteTypes(words, replacements);
    rewriteTableDefinition(words, replacements);
    rewriteCancel(words, replacements, text);
  }
  const out = new RewrittenText(text);
  tokens.forEach((token, i) => emitToken(out, token, tokens[i + 1], { replacements, suffixes, caseSensitive }));
  return { out, effects };
}
