#!/usr/bin/env node
// The local stand-ins: node test/stack/stack.mjs start|stop|status [OPTION...]
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { StackFolder, tail } from './lib/files.mjs';
import { Problem } from './lib/problem.mjs';
import { startAll } from './lib/start.mjs';
import { statusOf, stopAll } from './lib/stop.mjs';

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const USAGE = `usage: stack.mjs start [--dir DIR] [--load SCRIPT] [--no-local] [--dynamodb URL | --dynamodb-only]
       stack.mjs stop [--dir DIR]
       stack.mjs status [--dir DIR]

start   starts the stand-ins for Redshift, S3 and DynamoDB and a private PostgreSQL, and writes DIR/env for the shell
stop    ends them and removes their data
status  says what runs; exit status 0 when all do, 3 when not
DIR is .stack in the project's root by default; --no-local leaves the private PostgreSQL for the extension out.
Several stacks can share one DynamoDB Local: --dynamodb-only starts nothing else, --dynamodb URL uses one that runs.`;
const EXIT_NOT_RUNNING = 3;

const say = (text) => console.log(text);

async function start(folder, options) {
  const { processes, complete } = statusOf(folder);
  if (complete && processes.length && processes.every(({ running }) => running)) {
    say(`stack: already running; its addresses are in ${folder.env}`);
    return 0;
  }
  if (processes.length || complete) {
    say('stack: clearing away what an earlier start left');
    await stopAll(folder);
  }
  const startedAt = Date.now();
  folder.create();
  const started = startAll(folder, { ...options, say });
  try {
    await Promise.race([started, interruption()]);
  } catch (error) {
    report(error);
    say('stack: start failed, stopping what was started');
    folder.closed = true;
    await started.catch(() => {});
    await stopAll(folder);
    return 1;
  }
  say(`stack: ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s; to use it: . ${folder.env}`);
  return 0;
}

/** Rejects on Ctrl-C, so that a start that is broken off leaves nothing behind. */
function interruption() {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => reject(new Problem('The start was interrupted.')));
  });
}

function report(error) {
  if (!(error instanceof Problem)) {
    console.error(error);
    return;
  }
  console.error(`stack: ${error.message}`);
  if (error.hint) console.error(`stack: ${error.hint}`);
  const lines = error.log ? tail(error.log) : '';
  if (lines) console.error(`stack: the end of ${error.log}:\n${lines.replace(/^/gm, '    ')}`);
}

async function stop(folder) {
  const { processes } = statusOf(folder);
  await stopAll(folder);
  say(processes.length ? 'stack: stopped' : 'stack: was not running');
  return 0;
}

function status(folder) {
  const { processes, complete } = statusOf(folder);
  for (const { name, pid, running } of processes) say(`${name.padEnd(10)} ${String(pid).padStart(7)}  ${running ? 'running' : 'ended'}`);
  const good = complete && processes.length > 0 && processes.every(({ running }) => running);
  say(good ? `stack: running; its addresses are in ${folder.env}` : 'stack: not running');
  return good ? 0 : EXIT_NOT_RUNNING;
}

async function locked(folder, action) {
  if (!folder.lock()) throw new Problem(`Another start or stop is at work in ${folder.path}.`, { hint: 'Wait until it is done.' });
  try { return await action(); } finally { folder.unlock(); }
}

function parse() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    dir: { type: 'string', default: join(PROJECT, '.stack') }, load: { type: 'string' },
    'no-local': { type: 'boolean', default: false }, dynamodb: { type: 'string' }, 'dynamodb-only': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } });
  if (values.help || positionals.length !== 1) return { command: 'help' };
  const options = { load: values.load, local: !values['no-local'], dynamodb: values.dynamodb, dynamodbOnly: values['dynamodb-only'] };
  return { command: positionals[0], folder: new StackFolder(values.dir), options };
}

async function main() {
  const { command, folder, options } = parse();
  if (command === 'start') return locked(folder, () => start(folder, options));
  if (command === 'stop') return locked(folder, () => stop(folder));
  if (command === 'status') return status(folder);
  say(USAGE);
  return command === 'help' ? 0 : 2;
}

main().then((code) => process.exit(code), (error) => {
  if (error.code?.startsWith?.('ERR_PARSE_ARGS')) console.error(`${error.message}\n${USAGE}`);
  else report(error);
  process.exit(error.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1);
});
