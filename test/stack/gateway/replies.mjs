// What the client sees of PostgreSQL's replies: Redshift's parameters, type oids, error fields and value forms.
import { buildFields, message, parseFields, parseRowDescription, rowDescription, zeroTerminated, Cursor } from './wire.mjs';
import { columnKind, redshiftColumn } from './types.mjs';
import { needsRewriting } from './values.mjs';
import { PREFIX, isOn } from './settings.mjs';

const PARAMETERS = { server_version: '8.0.2', client_encoding: 'UNICODE', server_encoding: 'UNICODE' };
const REPORTED = new Set(['server_version', 'client_encoding', 'server_encoding', 'DateStyle', 'TimeZone', 'integer_datetimes',
  'is_superuser', 'session_authorization']);
const NEWER_FIELDS = ['V', 's', 't', 'c', 'd', 'n']; // unknown to an 8.0 server

export function parameterStatus(bytes, start, end) {
  const cursor = new Cursor(bytes, start + 5, end);
  const name = cursor.text();
  if (!REPORTED.has(name)) return null;
  return message('S', zeroTerminated(name), zeroTerminated(PARAMETERS[name] ?? cursor.text()));
}

export function cancelledText(queryId) {
  return `Query (${queryId}) cancelled on user's request`;
}

export function translateFields(type, bytes, start, end, { map, queryId }) {
  const fields = parseFields(bytes, start, end);
  for (const letter of NEWER_FIELDS) delete fields[letter];
  if (fields.P && map) fields.P = map.sourcePosition(Number(fields.P));
  if (fields.C === '57014' && /^canceling statement/.test(fields.M)) fields.M = cancelledText(queryId());
  return buildFields(type, fields);
}

export function translateDescription(bytes, start, end, settings) {
  const columns = parseRowDescription(bytes, start, end);
  const upper = isOn(settings.describe_field_name_in_uppercase);
  const shown = columns.map((column) => {
    const name = column.name.startsWith(PREFIX) ? column.name.slice(PREFIX.length) : column.name;
    return redshiftColumn({ ...column, name: upper ? name.toUpperCase() : name });
  });
  return { columns, translated: rowDescription(shown) };
}

function formatOf(formats, i) {
  if (formats.length === 0) return 0;
  return formats.length === 1 ? formats[0] : formats[i];
}

// Per column the kind to rewrite, or null when no column needs it.
export function rowPlan(columns, formats) {
  if (!columns) return null;
  const kinds = columns.map((column, i) => {
    const kind = columnKind(column.oid);
    return formatOf(formats, i) === 0 && needsRewriting(kind) ? kind : null;
  });
  return kinds.some(Boolean) ? kinds : null;
}
