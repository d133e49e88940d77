// What PostgreSQL 15 would take and Redshift does not: refused here, before the private PostgreSQL sees it.
import { Buffer } from 'node:buffer';
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
const STAND_IN_LACKS = new Set(['fnv_hash', 'farmfingerprint64']);
// Catalogs and views of PostgreSQL that came after the version Redshift descends from.
const MISSING_RELATIONS = new Set(['pg_roles', 'pg_authid', 'pg_auth_members', 'pg_collation', 'pg_enum', 'pg_event_trigger',
  'pg_extension', 'pg_available_extensions', 'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_foreign_table', 'pg_matviews',
  'pg_policies', 'pg_policy', 'pg_publication', 'pg_range', 'pg_sequence', 'pg_sequences', 'pg_subscription', 'pg_user_mappings',
  'pg_prepared_statements', 'pg_cursors', 'pg_timezone_names', 'pg_timezone_abbrevs', 'pg_stat_replication', 'pg_stat_ssl',
  'pg_stat_user_tables', 'pg_stat_all_tables', 'pg_statio_user_tables', 'pg_replication_slots', 'pg_config', 'pg_hba_file_rules',
  'pg_file_settings', 'pg_shadow', 'pg_largeobject', 'pg_transform', 'pg_partitioned_table', 'pg_statistic_ext', 'pg_ts_config']);
const NAME_BYTES_MAX = 63; // of the private PostgreSQL, which would cut what is longer; Redshift takes 127
const MISSING_TYPES = new Set(['json', 'jsonb', 'bytea', 'uuid', 'xml', 'money', 'inet', 'cidr', 'macaddr', 'tsvector',
  'tsquery', 'point', 'circle', 'int4range', 'jsonpath', 'serial', 'bigserial']);

export function syntaxError(text, token) {
  if (!token) return new SqlError('42601', 'syntax error at end of input', { position: text.length });
  return new SqlError('42601', `syntax error at or near "${text.slice(token.start, token.end)}"`, { position: token.start });
}

function leaderOnly(detail) {
  return new SqlError('0A000', 'Specified types or functions (one per INFO message) not supported on Redshift tables.', { detail });
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
  if (inUnload && LEADER_ONLY.has(name)) throw leaderOnly(`Function "${name}" not supported.`);
}

// A relation of the catalog, where one may stand: Redshift's own lie on the leader node, out of reach of an UNLOAD.
function checkRelation(words, i, inUnload) {
  const qualified = isSymbol(words[i + 1], '.') && isWord(words[i], 'pg_catalog', 'information_schema');
  const { value: name, start: position } = (qualified && words[i + 2]) || words[i];
  if (!isWord(words[i - 1], 'from', 'join') || isSymbol(words[i + 1], '(')) return;
  if (MISSING_RELATIONS.has(name)) throw new SqlError('42P01', `relation "${name}" does not exist`, { position });
  if (inUnload && (qualified || name.startsWith('pg_'))) throw leaderOnly(`Relation "${name}" not supported.`);
}

// Named in full or not at all: the private PostgreSQL would cut it.
function checkName({ value, start: position }) {
  if (Buffer.byteLength(value) > NAME_BYTES_MAX) {
    throw new SqlError('0A000', `names of more than ${NAME_BYTES_MAX} bytes are not supported by this stand-in`, { position });
  }
}

function checkType({ value: name, start: position }) {
  if (MISSING_TYPES.has(name)) throw new SqlError('42704', `type "${name}" does not exist`, { position });
}

// Grammar of PostgreSQL that is younger than Redshift's.
function checkNewerClause(text, words, i) {
  const [before, token, next] = [words[i - 1], words[i], words[i + 1]];
  const refuse = (what) => { throw syntaxError(text, what); };
  if (isWord(token, 'materialized') && isWord(before, 'as', 'not') && isSymbol(next, '(')) refuse(token);
  if (isWord(token, 'distinct') && isWord(before, 'is', 'not') && isWord(next, 'from')) refuse(token);
  if (isWord(token, 'array') && isSymbol(next, '[')) refuse(next);
  if (isWord(token, 'row') && isSymbol(next, '(')) refuse(next);
  if (isWord(token, 'window') && isWord(words[i + 2], 'as') && isSymbol(words[i + 3], '(')) refuse(next);
  if (isWord(token, 'values') && isSymbol(before, '(')) refuse(token);
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
  if (isWord(token, 'except', 'intersect', 'minus') && isWord(next, 'all')) {
    throw new SqlError('0A000', `${token.value.toUpperCase()} ALL is not supported`, { position: next.start });
  }
  checkNewerClause(text, words, i);
}

export function checkStrictness(text, words, { inUnload = false } = {}) {
  if (isWord(words[0], 'do')) throw syntaxError(text, words[0]);
  if (isWord(words[0], 'copy')) throw new SqlError('0A000', 'COPY is not supported by this stand-in');
  const isCast = castTargets(words);
  for (let i = 0; i < words.length; i++) {
    if (words[i].type === 'word' || words[i].type === 'quoted') checkName(words[i]);
    if (words[i].type !== 'word') continue;
    checkRelation(words, i, inUnload);
    if (looksLikeCall(words, i)) checkCall(words, i, inUnload);
    if (isCast[i]) checkType(words[i]);
    checkClause(text, words, i);
  }
}
