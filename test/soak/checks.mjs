// What must be true at the end of a round. Each check returns the lines of what is not; none is good.
import { keyText } from './item_text.mjs';

const SHOWN = 5;
const number = (value) => Number(value ?? 0);
const settledRows = (row) => number(row.items_written) + number(row.rows_collapsed) + number(row.rows_rejected);

const shown = (lines) => (lines.length > SHOWN ? [...lines.slice(0, SHOWN), `... and ${lines.length - SHOWN} more`] : lines);

/** job, files: rows of the catalog as text; rows: how many the source has. */
export function checkLedger(job, files, rows) {
  const bad = [];
  if (job.state !== 'succeeded') bad.push(`the job is ${job.state}: ${job.error_message}`);
  if (number(job.rows_unloaded) !== rows) bad.push(`${job.rows_unloaded} rows unloaded of ${rows}`);
  if (settledRows(job) !== rows) bad.push(`the job settled ${settledRows(job)} rows of ${rows}`);
  for (const file of files) {
    if (file.state !== 'done') bad.push(`file ${file.file_no} is ${file.state}`);
    if (settledRows(file) !== number(file.rows_promised)) bad.push(`file ${file.file_no} settled ${settledRows(file)} rows of ${file.rows_promised}`);
    if (number(file.checkpoint) !== number(file.rows_promised)) bad.push(`file ${file.file_no} has its checkpoint at ${file.checkpoint} of ${file.rows_promised}`);
  }
  for (const count of ['items_written', 'rows_collapsed', 'rows_rejected']) {
    const sum = files.reduce((total, file) => total + number(file[count]), 0);
    if (sum !== number(job[count])) bad.push(`${count}: the files have ${sum}, the job has ${job[count]}`);
  }
  const promised = files.reduce((total, file) => total + number(file.rows_promised), 0);
  if (promised !== rows) bad.push(`the files promise ${promised} rows of ${rows}`);
  if (number(job.rows_rejected) > 0) bad.push(`${job.rows_rejected} rows are rejected, all of them are good`);
  return shown(bad);
}

/** moves: {file_no, was, became} in order, as the trigger of database.mjs noted them. */
export function checkMoves(moves, files) {
  const done = new Map();
  const bad = [];
  for (const { file_no: file, was, became } of moves) {
    if (became === 'done' && was !== 'done') done.set(file, (done.get(file) ?? 0) + 1);
    if (was === 'done') bad.push(`file ${file} was changed after it was done: ${became}`);
  }
  for (const { file_no: file } of files) if (done.get(file) !== 1) bad.push(`file ${file} was settled ${done.get(file) ?? 0} times`);
  return shown(bad);
}

/** expected: key text -> item text; texts: those of the table. */
export function checkItems(expected, texts, keyNames) {
  const bad = [];
  const found = new Set();
  for (const text of texts) {
    const key = keyText(JSON.parse(text), keyNames);
    found.add(key);
    const wanted = expected.get(key);
    if (wanted === undefined) bad.push(`not in the source: ${text}`);
    else if (wanted !== text) bad.push(`differs: ${text}\n        source: ${wanted}`);
  }
  for (const [key, text] of expected) if (!found.has(key)) bad.push(`missing: ${text}`);
  return shown(bad);
}

/** unloads: how many the warehouse finished in the round. One that finished while its leader was lost is found and used. */
export const checkUnloads = (unloads) => (unloads === 1 ? [] : [`the warehouse finished ${unloads} UNLOADs for the job`]);

/** Everything about the job of a round. Resolves to {bad, job, files}. */
export async function checkRound({ session, controls, traces, source, id, table }) {
  const [{ job }] = await session.rows('SELECT to_jsonb(j) AS job FROM rs2ddb.job j WHERE job_id = $1', [id]);
  const files = (await session.rows('SELECT to_jsonb(f) AS file FROM rs2ddb.file f WHERE job_id = $1 ORDER BY file_no', [id])).map(({ file }) => file);
  const moves = await session.rows('SELECT file_no, was, became FROM soak.move WHERE job_id = $1 ORDER BY move_no', [id]);
  const bad = [...checkLedger(job, files, source.rows), ...checkMoves(moves, files), ...checkUnloads(await traces.finishedUnloads())];
  const texts = await controls.items(table).catch((error) => { bad.push(error.message); return []; });
  return { bad: [...bad, ...checkItems(source.expected, texts, source.key)], job, files };
}
