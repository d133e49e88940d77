// Runs the exports, two at a time, with live progress; gives each one's settled row.

import { setTimeout as sleep } from 'node:timers/promises';
import { connectExtension, dropTargetTable, queueExport, readProgress, readRejects, SETTLED_STATES, waitForJob } from './export_job.mjs';
import { errorLines, progressLine, progressWords, rejectLines, settledLine } from './job_text.mjs';
import { connectDynamoDb } from './scan.mjs';

const JOBS_AT_A_TIME = 2;
const REDRAW_INTERVAL_MS = 250;

class Run {
  constructor(environment, entries, board) {
    this.environment = environment;
    this.waiting = [...entries];
    this.board = board;
    this.active = new Map();
    this.outcomes = [];
  }

  /** Takes one export after the other until none is left. */
  async work(dynamodb) {
    const client = await connectExtension(this.environment);
    try {
      while (this.waiting.length > 0) this.outcomes.push(await this.runOne(client, dynamodb, this.waiting.shift()));
    } finally {
      await client.end();
    }
  }

  async runOne(client, dynamodb, entry) {
    await dropTargetTable(dynamodb, entry.dynamodbTable);
    const startedMs = performance.now();
    try {
      const jobId = await queueExport(client, this.environment.RS2DDB_SERVER, entry);
      this.active.set(jobId, entry);
      const job = await waitForJob(client, jobId).finally(() => this.active.delete(jobId));
      this.board.print(settledLine(entry.dynamodbTable, job, performance.now() - startedMs));
      errorLines(job).forEach((line) => this.board.print(line));
      rejectLines(await readRejects(client, jobId)).forEach((line) => this.board.print(line));
      return { entry, job };
    } catch (error) {
      this.board.print(`  ${entry.dynamodbTable}: ${error.message}${error.hint ? `\n      hint        ${error.hint}` : ''}`);
      return { entry, job: null };
    }
  }

  async watch(isDone) {
    const client = await connectExtension(this.environment);
    try {
      while (!isDone()) {
        await this.drawProgress(client);
        await sleep(REDRAW_INTERVAL_MS);
      }
    } finally {
      this.board.erase();
      await client.end();
    }
  }

  async drawProgress(client) {
    const progress = await readProgress(client, [...this.active.keys()]);
    const active = [...this.active].map(([jobId, entry]) => [entry.dynamodbTable, progress.get(jobId)])
      .filter(([, row]) => !SETTLED_STATES.includes(row?.state));
    this.board.draw(active.map(([name, row]) => progressLine(name, row)), active.map(([name, row]) => progressWords(name, row)).join(' | '));
  }
}

/** Returns [{ entry, job }], job being the row of rs2ddb.job, or null where the call itself failed. */
export async function runExports(environment, entries, board) {
  const run = new Run(environment, entries, board);
  const dynamodb = connectDynamoDb(environment);
  let done = false;
  try {
    const work = Promise.all(Array.from({ length: JOBS_AT_A_TIME }, () => run.work(dynamodb))).finally(() => { done = true; });
    await Promise.all([work, run.watch(() => done)]);
  } finally {
    dynamodb.destroy();
  }
  return run.outcomes;
}
