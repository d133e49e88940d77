// The manifest of an UNLOAD.
import { manifestType } from './types.mjs';

// The form AWS's manual prints, which is not JSON.
function brokenElement({ name, type: { base, max_length: length, precision, scale } }) {
  const more = [length, precision, scale].filter((value) => value !== undefined).map((value) => `, ${value}`).join('');
  return `{"name":${JSON.stringify(name)},"type":{"base":${JSON.stringify(base)}${more}}}`;
}

function schemaText(columns, form) {
  const elements = columns.map((column) => ({ name: column.name, type: manifestType(column) }));
  if (form === 'broken') return `{"elements":[${elements.map(brokenElement).join(',')}]}`;
  return JSON.stringify({ elements });
}

function verboseText(entries, total, columns, form) {
  const parts = [`"entries":${JSON.stringify(entries)}`];
  if (form !== 'absent') parts.push(`"schema":${schemaText(columns, form)}`);
  parts.push(`"meta":${JSON.stringify(total)}`, '"author":{"name":"Amazon Redshift","version":"1.0.0"}');
  return `{${parts.join(',')}}`;
}

// Returns the text, or null where no manifest is to be written.
export function buildManifest({ plan, files: { files }, columns, switches }) {
  const { manifest } = plan.options;
  if (!manifest || (!files.length && !switches.get('manifest_on_zero_rows'))) return null;
  const url = ({ key }) => `s3://${plan.bucket}/${key}`;
  const sorted = [...files].sort((one, other) => (one.key < other.key ? -1 : 1));
  if (manifest === 'plain') return JSON.stringify({ entries: sorted.map((file) => ({ url: url(file) })) });
  const meta = (bytes, rows) => ({ content_length: bytes, ...(switches.get('row_counts') === 'told' && { record_count: rows }) });
  const entries = sorted.map((file) => ({ url: url(file), meta: meta(file.bytes, file.rows) }));
  const sum = (field) => sorted.reduce((total, file) => total + file[field], 0);
  return verboseText(entries, meta(sum('bytes'), sum('rows')), columns,
    switches.get('manifest_schema'));
}
