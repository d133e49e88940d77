// What a client costs: CPU seconds of it and its children (bash's time, from the kernel), wall time, peak private memory.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';

const SAMPLE_MS = 100;
const KB = 1024;

/** Private memory of a process in bytes (pages shared with others are not its own), 0 when it is gone. */
export function privateBytes(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce((sum, [, kb]) => sum + Number(kb) * KB, 0);
  } catch {
    return 0;
  }
}

export function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

const familyOf = (pid) => [pid, ...childrenOf(pid).flatMap(familyOf)];

/** Keeps the highest sum over the pids that `list` names, until stop() gives it in MB. */
export function watchMemory(list) {
  let peak = 0, single = 0;
  const look = () => {
    const sizes = list().map(privateBytes);
    peak = Math.max(peak, sizes.reduce((a, b) => a + b, 0));
    single = Math.max(single, ...sizes);
  };
  const timer = setInterval(look, SAMPLE_MS);
  return { stop: () => { clearInterval(timer); return { peakMb: peak / KB / KB, largestMb: single / KB / KB }; } };
}

/** Runs a command to its end. Resolves to {output, cpuS, userS, systemS, wallS, peakMb}. */
export async function measureCommand(command, args, { env } = {}) {
  const script = 'TIMEFORMAT="measured %U %S %R"; time "$@"';
  const child = spawn('bash', ['-c', script, 'bash', command, ...args], { env: { ...process.env, LC_ALL: 'C', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const memory = watchMemory(() => childrenOf(child.pid).flatMap(familyOf));
  let output = '', errors = '';
  child.stdout.on('data', (data) => { output += data; });
  child.stderr.on('data', (data) => { errors += data; });
  const [code] = await once(child, 'close');
  const { peakMb } = memory.stop();
  const found = errors.match(/measured ([\d.]+) ([\d.]+) ([\d.]+)\s*$/);
  if (code !== 0 || !found) throw new Error(`${command} ended with ${code}:\n${errors.split('\n').slice(-15).join('\n')}`);
  const [userS, systemS, wallS] = found.slice(1).map(Number);
  return { output, userS, systemS, cpuS: userS + systemS, wallS, peakMb };
}
