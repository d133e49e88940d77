// SET, SHOW and RESET: which settings Redshift has, and how each is kept in the private PostgreSQL. What PostgreSQL does
// not know lives there as `redshift.<name>`, so that SET LOCAL, ROLLBACK and failed transactions act as they should.
import { SqlError, foldCase, isSymbol, isWord } from './lexer.mjs';

const NATIVE = new Set(['application_name', 'client_encoding', 'client_min_messages', 'datestyle', 'extra_float_digits',
  'intervalstyle', 'search_path', 'statement_timeout', 'timezone', 'default_transaction_isolation',
  'default_transaction_read_only', 'transaction_isolation', 'transaction_read_only', 'is_superuser',
  'session_authorization', 'names', 'seed', 'enable_hashjoin', 'enable_mergejoin', 'enable_nestloop']);

export const REDSHIFT_DEFAULTS = {
  analyze_threshold_percent: '10', cast_super_null_on_error: 'on', datashare_break_glass_session_var: '',
  default_geometry_encoding: '1', describe_field_name_in_uppercase: 'off', downcase_delimited_identifier: 'on',
  enable_case_sensitive_identifier: 'off', enable_case_sensitive_super_attribute: 'off', enable_numeric_rounding: 'on',
  enable_result_cache_for_session: 'on', enable_vacuum_boost: 'off', error_on_nondeterministic_update: 'off',
  interval_forbid_composite_literals: 'off', json_parse_dedup_attributes: 'off', json_parse_truncate_strings: 'off',
  json_serialization_enable: 'off', json_serialization_parse_nested_strings: 'off', max_concurrency_scaling_clusters: '1',
  max_cursor_result_set_size: '0', mv_enable_aqmv_for_session: 'on', navigate_super_null_on_error: 'on',
  parse_super_null_on_error: 'off', pg_federation_repeatable_read: 'on', query_group: 'default',
  spectrum_enable_pseudo_columns: 'on', spectrum_query_maxerror: '-1', stored_proc_log_min_messages: 'log',
  use_fips_ssl: 'off', wlm_query_slot_count: '1',
};
const SHOWN_ONLY = { server_version: '8.0.2', server_encoding: 'UNICODE' };
export const PREFIX = 'redshift.';

export function isRedshiftSetting(name) {
  return Object.hasOwn(REDSHIFT_DEFAULTS, name);
}

export function isOn(value) {
  return /^(on|true|t|yes|y|1)$/i.test(value ?? '');
}

function unrecognized(name, token) {
  return new SqlError('42704', `unrecognized configuration parameter "${name}"`, { position: token?.start });
}

export function checkValue(name, value) {
  if (name !== 'extra_float_digits' || value === undefined) return;
  const digits = Number(value);
  if (Number.isInteger(digits) && digits >= -15 && digits <= 2) return;
  throw new SqlError('22023', `${value} is outside the valid range for parameter "extra_float_digits" (-15 .. 2)`);
}

function renamed(name, token, known, replacements) {
  if (known) replacements.set(token, PREFIX + name);
  else if (!NATIVE.has(name)) throw unrecognized(name, token);
}

function valueOf(tokens) {
  if (tokens.length === 1 && isWord(tokens[0], 'default')) return undefined;
  return tokens.map((token) => token.value ?? '').join('');
}

function rewriteSet(words, replacements) {
  let at = 1;
  if (isWord(words[at], 'session', 'local') && words[at + 1]?.type === 'word') at++;
  const [nameToken, sign] = [words[at], words[at + 1]];
  const assigns = isWord(sign, 'to') || sign?.value === '=';
  if (!nameToken || !assigns) return null; // SET TIME ZONE, SET TRANSACTION, SET SESSION AUTHORIZATION ...
  const name = foldCase(nameToken.value ?? '');
  renamed(name, nameToken, isRedshiftSetting(name), replacements);
  const value = valueOf(words.slice(at + 2));
  checkValue(name, value);
  return { name, value };
}

function rewriteReset(words, replacements) {
  const name = foldCase(words[1]?.value ?? '');
  if (name === 'all' || words.length !== 2) return { all: true };
  renamed(name, words[1], isRedshiftSetting(name), replacements);
  return { name, value: undefined };
}

// Returns the effect of the statement on the session ({name, value} or {all: true}) or null.
export function rewriteSetting(words, replacements) {
  if (isWord(words[0], 'set')) return rewriteSet(words, replacements);
  if (isWord(words[0], 'reset')) return rewriteReset(words, replacements);
  if (isWord(words[0], 'show') && words.length === 2 && !isSymbol(words[1], '*')) {
    const name = foldCase(words[1].value ?? '');
    if (name !== 'all') renamed(name, words[1], isRedshiftSetting(name) || Object.hasOwn(SHOWN_ONLY, name), replacements);
  }
  return null;
}

// What every session starts with: Redshift's defaults, and what the gateway itself relies on.
export function startupSettings() {
  const settings = { client_encoding: 'UTF8', DateStyle: 'ISO, MDY', TimeZone: 'UTC', IntervalStyle: 'postgres',
    extra_float_digits: '0', bytea_output: 'hex', standard_conforming_strings: 'on', jit: 'off' };
  for (const [name, value] of Object.entries({ ...REDSHIFT_DEFAULTS, ...SHOWN_ONLY })) settings[PREFIX + name] = value;
  return settings;
}

// The settings a client asks for when it connects, as parameters or as options='-c name=value'.
// Returns [name, value] pairs; throws for names Redshift does not know.
export function clientStartupSettings(parameters) {
  const ignored = new Set(['user', 'database', 'options', 'replication', 'driver_version', 'os_version', 'plugin_name',
    'client_protocol_version', 'protocol_version']);
  const pairs = [];
  for (const piece of (parameters.options ?? '').matchAll(/(?:-c\s*|--)([A-Za-z_.]+)=((?:\\.|[^\s\\])*)/g)) {
    pairs.push([foldCase(piece[1]).replace(/-/g, '_'), piece[2].replace(/\\(.)/g, '$1')]);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (!ignored.has(name) && !name.startsWith('_pq_.')) pairs.push([foldCase(name), value]);
  }
  for (const [name, value] of pairs) {
    if (!isRedshiftSetting(name) && !NATIVE.has(name)) throw unrecognized(name);
    checkValue(name, value);
  }
  return pairs;
}
