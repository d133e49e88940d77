// Jobs as lines of text: while they run, when they have settled, when they failed, and their rejects.
// Columns that a row does not have are left out.

import { count, seconds } from './format.mjs';

const NAME_CHARS = 14;
const BAR_CHARS = 14;
const SHOWN_VALUE_CHARS = 60;

const number = (text) => (text === undefined || text === null ? null : Number(text));

/** An interval in PostgreSQL's style, days at most, as seconds. */
export function intervalSeconds(text) {
  const match = /^(?:(\d+) days? ?)?(?:(\d+):(\d\d):(\d\d(?:\.\d+)?))?$/.exec(text ?? 'none');
  if (match === null || text === '') return null;
  const [days, hours, minutes, secs] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + secs;
}

function bar(percent) {
  const full = Math.round((Math.min(Math.max(percent, 0), 100) / 100) * BAR_CHARS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CHARS - full)}]`;
}

function progressParts(row) {
  const percent = number(row.percent);
  const [items, rowsPerS, unitsPerS, throttled] = [row.items_written, row.rows_per_s, row.units_per_s, row.throttled_share].map(number);
  const left = intervalSeconds(row.time_left);
  return {
    bar: bar(percent ?? 0),
    percent: percent === null ? '' : `${Math.floor(percent)} %`,
    items: items === null ? '' : `${count(items)} items`,
    rate: rowsPerS ? `${count(rowsPerS)} rows/s` : '',
    units: unitsPerS ? `${count(unitsPerS)} units/s` : '',
    left: left === null ? '' : `${seconds(left)} left`,
    throttled: throttled ? `${Math.round(throttled * 100)} % throttled` : '',
  };
}

/** One line with a bar, for a terminal. */
export function progressLine(name, row) {
  const p = progressParts(row ?? {});
  // The last columns are the ones a narrow terminal may cut off.
  const columns = [
    `  ${name.padEnd(NAME_CHARS)}${(row?.state ?? 'queued').padEnd(12)}${p.bar}`,
    p.percent.padStart(6), p.left.padStart(12), p.items.padStart(15), p.rate.padStart(14), p.units.padStart(16), p.throttled.padStart(16),
  ];
  return columns.join('').trimEnd();
}

/** A few words, for a log. */
export function progressWords(name, row) {
  const p = progressParts(row ?? {});
  return [name, row?.state ?? 'queued', p.percent, p.rate, p.left, p.throttled].filter((part) => part !== '').join(' ');
}

export function settledLine(name, job, elapsedMs) {
  const items = number(job.items_written) ?? 0;
  const elapsedS = elapsedMs / 1000;
  const rejected = number(job.rows_rejected) ?? 0;
  return [
    `  ${name.padEnd(NAME_CHARS)}${job.state.padEnd(11)}`,
    `${count(number(job.rows_unloaded) ?? 0)} rows`.padStart(12),
    `${count(items)} items`.padStart(15),
    `${count(rejected)} rejected`.padStart(13),
    seconds(elapsedS).padStart(10),
    `${count(items / elapsedS)} items/s`.padStart(16),
  ].join('');
}

const ERROR_COLUMNS = ['error_sqlstate', 'error_code', 'error_request_id', 'error_message', 'error_detail', 'error_hint'];

export function errorLines(job) {
  return ERROR_COLUMNS.filter((name) => (job[name] ?? '') !== '').map((name) => `      ${name.replace('error_', '').padEnd(12)}${job[name]}`);
}

/** A column that may be bytea, as text on one line. */
function oneLine(value) {
  const text = /^\\x([0-9a-f]{2})*$/.test(value) ? Buffer.from(value.slice(2), 'hex').toString('utf8') : value;
  const quoted = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return quoted.length > SHOWN_VALUE_CHARS ? `${quoted.slice(0, SHOWN_VALUE_CHARS)}...` : quoted;
}

export function rejectLines(rejects) {
  return rejects.map((reject) => {
    const where = `file ${reject.file_no} row ${reject.row_number}`;
    return `      rejected    ${where.padEnd(16)}${oneLine(reject.key ?? reject.key_bytes ?? '(none)').padEnd(26)} ${reject.reason}`;
  });
}
