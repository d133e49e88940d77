// The one text of an item: attributes by name, numbers in one form. Equal items have equal texts, others have not.
import { canonicalDecimal } from '../../demo/lib/decimal.mjs';

function valueText(value) {
  const types = Object.keys(value);
  if (types.length !== 1) return JSON.stringify(value);
  const [type] = types;
  if (type === 'N') return `{"N":"${canonicalDecimal(value.N) ?? JSON.stringify(value.N)}"}`;
  if (type === 'M') return `{"M":${itemText(value.M)}}`;
  if (type === 'L') return `{"L":[${value.L.map(valueText).join(',')}]}`;
  return JSON.stringify(value);
}

/** On one line: JSON escapes line breaks. */
export const itemText = (item) => `{${Object.keys(item).sort().map((name) => `${JSON.stringify(name)}:${valueText(item[name])}`).join(',')}}`;

/** What identifies an item in a table with these key attributes. */
export const keyText = (item, keyNames) => keyNames.map((name) => (item[name] ? valueText(item[name]) : '')).join();
