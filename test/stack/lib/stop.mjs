// Ends what a stack folder names and removes its private data; says what runs.
import { existsSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { tmpdir } from 'node:os';
import { end, readPid } from './processes.mjs';
import { POSTGRES_SIGNALS } from './postgres.mjs';

const NODE_SIGNALS = [['SIGTERM', 2000]];
const JAVA_SIGNALS = [['SIGTERM', 3000]];
const SIGNALS = { warehouse: POSTGRES_SIGNALS, local: POSTGRES_SIGNALS, dynamodb: JAVA_SIGNALS };
/** The databases last: those before them hold sessions there. */
const PHASES = [(name) => name === 'gateway' || name === 'front', (name) => name !== 'gateway' && name !== 'front'];

export async function stopAll(folder) {
  for (const inPhase of PHASES) {
    await Promise.all(folder.pidNames().filter(inPhase).map((name) => end(folder, name, SIGNALS[name] ?? NODE_SIGNALS)));
  }
  for (const path of folder.dataFolders()) {
    if (dirname(path) === tmpdir() && basename(path).startsWith('rs2ddb-')) rmSync(path, { recursive: true, force: true });
  }
  folder.clear();
}

/** {processes: [{name, pid, running}], complete: env was written} */
export function statusOf(folder) {
  const processes = folder.pidNames().reverse().map((name) => ({ name, ...readPid(folder, name) }));
  return { processes, complete: existsSync(folder.env) };
}
