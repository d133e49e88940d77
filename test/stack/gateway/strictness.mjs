// What PostgreSQL 15 would take and Redshift does not: refused here, before the private PostgreSQL sees it.
import { SqlError, castTargets, isSymbol, isWord } from './lexer.mjs';

const MISSING_FUNCTIONS = new Set(['string_agg', 'array_agg', 'json_agg', 'jsonb_agg', 'json_object_agg', 'jsonb_object_agg',
  'json_build_object', 'json_build_array', 'jsonb_build_object', 'jsonb_build_array', 'row_to_json', 'to_json', 'to_jsonb',
  'json_strip_nulls', 'jsonb_pretty', 'format', 'encode', 'unnest', 'make_date', 'make_timestamp', 'make_time',
  'make_interval', 'convert_to', 'convert_from', 'get_byte', 'set_byte', 'sha256', 'sha512', 'gen_random_uuid', 'regexp_match',
  'regexp_matches', 'regexp_split_to_table', 'regexp_split_to_array', 'concat_ws', 'num_nulls', 'num_nonnulls', 'xpath',
  'starts_with', 'string_to_table', 'pg_typeof', 'trim_scale', 'min_scale', 'scale', 'textin', 'float8out']);
const LEADER_ONLY = new Set(['generate_series', 'current_schema', 'current_schemas', 'array_to_string', 'string_to_array',
  'has_table_privilege', 'has_schema_privilege', 'has_database_privilege', 'pg_get_viewdef', 'pg_backend_pid', 'version',
  'pg_last_unload_count', 'pg_last_unload_id', 'pg_last_query_id', 'pg_last_copy_count', 'pg_sleep', 'now', 'age']);
const STAND_IN_LACKS = new Set(['decode', 'listagg', 'median', 'fnv_hash', 'farmfingerprint64']);
const MISSING_TYPES = new Set(['json', 'jsonb', 'bytea', 'uuid', 'xml', 'money', 'inet', 'cidr', 'macaddr', 'tsvector',
  'tsquery', 'point', 'circle', 'int4range', 'jsonpath', 'serial', 'bigserial']);

export function syntaxError(text, token) {
  if (!token) return new SqlError('42601', 'syntax error at end of input', { position: text.length });
  return new SqlError('42601', `syntax error at or near "${text.slice(token.start, token.end)}"`, { position: token.start });
}

function looksLikeCall(words, i) {
  return isSymbol(words[i + 1], '(') && !isWord(words[i - 1], 'as', 'table', 'with', 'into', 'join', 'recursive', 'view');
}

function checkCall(words, i, inUnload) {
  const { value: name, start: position } = words[i];
  if (MISSING_FUNCTIONS.has(name)) {
    const hint = 'No function matches the given name and argument types. You may need to add explicit type casts.';
    throw new SqlError('42883', `function ${name}() does not exist`, { position, hint });
  }
  if (STAND_IN_LACKS.has(name)) throw new SqlError('0A000', `${name} is not supported by this stand-in`, { position });
  if (inUnload && LEADER_ONLY.has(name)) {
    throw new SqlError('0A000', 'Specified types or functions (one per INFO message) not supported on Redshift tables.',
      { detail: `Function "${name}" not supported.` });
  }
}

function checkType({ value: name, start: position }) {
  if (MISSING_TYPES.has(name)) throw new SqlError('42704', `type "${name}" does not exist`, { position });
}

function checkClause(text, words, i) {
  const token = words[i];
  const next = words[i + 1];
  if (isWord(token, 'filter') && isSymbol(next, '(') && isWord(words[i + 2], 'where')) throw syntaxError(text, next);
  if (isWord(token, 'lateral', 'tablesample')) throw syntaxError(text, token);
  if (isWord(token, 'fetch') && isWord(next, 'first')) throw syntaxError(text, token);
  if (isWord(token, 'distinct') && isWord(next, 'on') && isSymbol(words[i + 2], '(')) {
    throw new SqlError('0A000', 'SELECT DISTINCT ON is not supported', { position: token.start });
  }
  if (isWord(token, 'select') && isWord(next, 'top') && words[i + 2]?.type === 'number') {
    throw new SqlError('0A000', 'TOP is not supported by this stand-in', { position: next.start });
  }
}

export function checkStrictness(text, words, { inUnload = false } = {}) {
  if (isWord(words[0], 'copy')) throw new SqlError('0A000', 'COPY is not supported by this stand-in');
  const isCast = castTargets(words);
  for (let i = 0; i < words.length; i++) {
    if (words[i].type !== 'word') continue;
    if (looksLikeCall(words, i)) checkCall(words, i, inUnload);
    if (isCast[i]) checkType(words[i]);
    checkClause(text, words, i);
  }
}
