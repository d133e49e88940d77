// CREATE TABLE and ALTER TABLE: the physical attributes of Redshift have no meaning in the private PostgreSQL.
import { closingIndex, isSymbol, isWord } from './lexer.mjs';

function drop(words, from, to, replacements) {
  for (let i = from; i <= to; i++) replacements.set(words[i], '');
}

// The index of the last token of the attribute that begins at i, or -1.
function attributeEnd(words, i) {
  if (isWord(words[i], 'diststyle', 'encode', 'backup')) return i + 1;
  if (isWord(words[i], 'compound', 'interleaved') && isWord(words[i + 1], 'sortkey')) return closingIndex(words, i + 2);
  if (!isWord(words[i], 'distkey', 'sortkey')) return -1;
  if (isSymbol(words[i + 1], '(')) return closingIndex(words, i + 1);
  return isWord(words[i + 1], 'auto') ? i + 1 : i;
}

export function rewriteTableDefinition(words, replacements) {
  if (!isWord(words[0], 'create') || !words.slice(1, 4).some((word) => isWord(word, 'table'))) return;
  for (let i = 3; i < words.length; i++) {
    if (isWord(words[i], 'as', 'select')) return;
    const end = attributeEnd(words, i);
    if (end >= i) drop(words, i, Math.min(end, words.length - 1), replacements);
  }
}
