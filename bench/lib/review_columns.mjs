// The columns of amazon_reviews as a job's plan and as JSON lines: what an UNLOAD of the projection writes.
import { amazonReviews } from '../../test/stack/warehouse/reviews.mjs';

export const KEY = 'review_id';

function kindOf(type) {
  if (type.startsWith('INTEGER')) return 'integer';
  if (type.startsWith('BOOLEAN')) return 'boolean';
  if (type.startsWith('CHAR(')) return 'char';
  if (type.startsWith('DATE')) return 'date';
  return 'text';
}

export const COLUMNS = amazonReviews.columns.map(([name, type]) => ({ name, type: kindOf(type) }));

export const PLAN = { columns: COLUMNS.map(({ name, type }) =>
  ({ name, type, pieces: 1, null: 'omit', key: name === KEY ? 'partition' : '' })) };

const HEADS = COLUMNS.map((_, i) => `${i ? ',' : '{'}"c${i}":`);

function value(type, text) {
  if (text === null) return 'null';
  if (type === 'integer') return text;
  return type === 'boolean' ? (text === 't' ? '"true"' : '"false"') : JSON.stringify(text);
}

/** One line as FORMAT JSON of the projection: integers bare, all else strings, NULL as null. */
export function lineOf(row) {
  let line = '';
  for (let i = 0; i < row.length; i++) line += HEADS[i] + value(COLUMNS[i].type, row[i]);
  return `${line}}\n`;
}

/** A line read back -> item in the JSON of DynamoDB. */
export function itemOf(line) {
  const row = JSON.parse(line);
  const item = {};
  COLUMNS.forEach(({ name, type }, i) => {
    const field = row[`c${i}`];
    if (field === null) return;
    if (type === 'integer') item[name] = { N: String(field) };
    else if (type === 'boolean') item[name] = { BOOL: field === 'true' };
    else item[name] = { S: field };
  });
  return item;
}
