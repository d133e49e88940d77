// The result of one verified table as lines for the terminal.

import { count } from './format.mjs';

export function verificationLines({ dynamodbTable, rows, items, verified, differences, shown, error }) {
  if (error) return [`  ${dynamodbTable.padEnd(14)}NOT VERIFIED: ${error.message}`];
  const verdict = differences === 0 ? 'all equal' : `${count(differences)} DIFFERENCES (${count(rows)} source rows, ${count(items)} items)`;
  const lines = [`  ${dynamodbTable.padEnd(14)}${count(verified).padStart(9)} items verified   ${verdict}`];
  for (const { key, attribute, expected, found } of shown) {
    lines.push(`    ${dynamodbTable} ${key}`, `      attribute  ${attribute}`, `      expected   ${expected}`, `      found      ${found}`);
  }
  if (differences > shown.length) lines.push(`    ... and ${count(differences - shown.length)} more`);
  return lines;
}
