// Rows of CSV and of delimited text.
import { columnKind } from './types.mjs';
import { redshiftText } from './values.mjs';

function csvField(text, delimiter) {
  const special = text.includes(delimiter) || /["\n\r]/.test(text);
  return special ? `"${text.replace(/"/g, '""')}"` : text;
}

function escapeField(text, { delimiter, addquotes }) {
  return text.replace(/[\s\S]/g, (c) => (c === '\n' || c === '\r' || c === '\\' || c === delimiter
    || (addquotes && (c === '"' || c === "'")) ? `\\${c}` : c));
}

function textField(text, options, isString) {
  const escaped = options.escape && isString ? escapeField(text, options) : text;
  return options.addquotes ? `"${escaped}"` : escaped;
}

function valueText(bytes, start, end, kind, { extraDigits, charPadding }) {
  const text = bytes.toString('utf8', start, end);
  if (kind === 'char' && !charPadding) return text.replace(/ +$/, '');
  return redshiftText(text, kind, extraDigits);
}

function nullText(kind, options) {
  return kind === 'super' ? 'null' : options.null ?? '';
}

export function headerLine(columns, options) {
  const field = (name) => (options.format === 'csv' ? csvField(name, options.delimiter) : textField(name, options, false));
  return columns.map(({ name }) => field(name)).join(options.delimiter) + '\n';
}

// options.delimiter must be set. Returns write(out, bytes, start) as jsonRowWriter does.
export function delimitedRowWriter(columns, options, switches, extraDigits) {
  const settings = { extraDigits, charPadding: switches.get('char_padding') };
  const kinds = columns.map(({ oid }) => columnKind(oid));
  const field = options.format === 'csv'
    ? (text) => csvField(text, options.delimiter)
    : (text, kind) => textField(text, options, kind === 'string' || kind === 'char');
  return (out, bytes, start) => {
    let at = start + 7;
    const fields = kinds.map((kind) => {
      const length = bytes.readInt32BE(at);
      const from = at + 4;
      at = from + Math.max(length, 0);
      return length < 0 ? nullText(kind, options) : field(valueText(bytes, from, at, kind, settings), kind);
    });
    out.text(fields.join(options.delimiter) + '\n');
  };
}
