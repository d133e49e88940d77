// Type names in statement texts: Redshift's limits, its defaults in DDL, and names PostgreSQL spells differently.
import { SqlError, castTargets, closingIndex, isSymbol, isWord } from './lexer.mjs';

const STRING_LIMITS = { varchar: 65535, nvarchar: 65535, varying: 65535, char: 4096, character: 4096, nchar: 4096, bpchar: 4096 };
const VARBYTE_LIMIT = 16777216;
const NAMES_IN_REDSHIFT = { varying: 'varchar', nvarchar: 'varchar', character: 'char', nchar: 'char' };

function lengthOf(words, i) {
  if (!isSymbol(words[i + 1], '(') || !isSymbol(words[i + 3], ')')) return null;
  if (isWord(words[i + 2], 'max')) return 'max';
  return words[i + 2].type === 'number' ? Number(words[i + 2].value) : null;
}

function checkString(words, i, replacements) {
  const token = words[i];
  const limit = STRING_LIMITS[token.value];
  const length = lengthOf(words, i);
  if (token.value === 'nvarchar') replacements.set(token, 'varchar');
  if (length === 'max') replacements.set(words[i + 2], String(limit));
  else if (length !== null && length > limit) {
    const name = NAMES_IN_REDSHIFT[token.value] ?? token.value;
    throw new SqlError('22023', `length for type ${name} cannot exceed ${limit}`, { position: token.start });
  }
}

// PostgreSQL takes no length on a domain.
function dropLength(words, i, replacements) {
  const token = words[i];
  if (isWord(token, 'varbinary')) replacements.set(token, 'varbyte');
  const length = lengthOf(words, i);
  if (length === null) return;
  if (length > VARBYTE_LIMIT) {
    throw new SqlError('22023', `length for type varbyte cannot exceed ${VARBYTE_LIMIT}`, { position: token.start });
  }
  for (const dropped of [words[i + 1], words[i + 2], words[i + 3]]) replacements.set(dropped, '');
}

function checkDecimal(words, i, { isType, replacements }) {
  const token = words[i];
  if (!isSymbol(words[i + 1], '(')) {
    if (isType) replacements.set(token, 'numeric(18,0)');
    return;
  }
  const inside = words.slice(i + 2, closingIndex(words, i + 1));
  if (inside[0]?.type !== 'number') return;
  const precision = Number(inside[0].value);
  const scale = Number(inside[2]?.value ?? 0);
  const fail = (message) => { throw new SqlError('22023', message, { position: token.start }); };
  if (precision < 1 || precision > 38) fail(`DECIMAL precision ${precision} must be between 1 and 38`);
  if (scale > 37 || scale > precision) fail(`DECIMAL scale ${scale} must be between 0 and ${Math.min(37, precision)}`);
}

export function rewriteTypes(words, replacements) {
  const isCast = castTargets(words);
  const inTableDefinition = isWord(words[0], 'create', 'alter') && words.slice(1, 4).some((word) => isWord(word, 'table'));
  for (let i = 0; i < words.length; i++) {
    const token = words[i];
    if (token.type !== 'word' || isSymbol(words[i - 1], '.')) continue;
    if (Object.hasOwn(STRING_LIMITS, token.value)) checkString(words, i, replacements);
    else if (isWord(token, 'varbyte', 'varbinary')) dropLength(words, i, replacements);
    else if (isWord(token, 'decimal', 'numeric', 'dec')) {
      checkDecimal(words, i, { isType: isCast[i] || (inTableDefinition && i > 3), replacements });
    }
    if (inTableDefinition && isWord(token, 'varchar', 'text') && !isSymbol(words[i + 1], '(') && words[i - 1].type !== 'symbol') {
      replacements.set(token, 'varchar(256)');
    }
  }
}
