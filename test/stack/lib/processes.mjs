// Starts processes detached with a pid file and a log, waits until they are ready, ends them. Knows a process again by
// pid and start time, so that a reused pid is never signalled.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from './problem.mjs';

const POLL_MS = 25;

/** Start time of a process in clock ticks since boot, or null when it is gone or a zombie. */
function startTicks(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
}

export function readPid(folder, name) {
  try {
    const [pid, ticks] = readFileSync(folder.pidFile(name), 'utf8').split(' ');
    return { pid: Number(pid), ticks, running: startTicks(pid) === ticks };
  } catch {
    return null;
  }
}

/** A start that is being given up must not start anything more. */
function refuseWhenClosed(folder) {
  if (folder.closed) throw new Problem('The start was given up.');
}

/** Starts a process in a session of its own; its output goes to the log `name`. Returns {name, pid, hasEnded()}. */
export function launch(folder, name, command, args, { env, user, cwd = '/' } = {}) {
  refuseWhenClosed(folder);
  const log = openSync(folder.log(name), 'w', 0o600);
  const child = spawn(command, args, {
    cwd, detached: true, stdio: ['ignore', log, log], env: env ? { ...process.env, ...env } : process.env, ...user,
  });
  closeSync(log);
  let ended = false;
  child.on('exit', () => { ended = true; });
  child.on('error', (error) => { ended = true; writeFileSync(folder.log(name), `${command}: ${error.message}\n`); });
  child.unref();
  if (child.pid) writeFileSync(folder.pidFile(name), `${child.pid} ${startTicks(child.pid)}`, { mode: 0o600 });
  return { name, pid: child.pid, hasEnded: () => ended };
}

/** Asks `probe` until it gives something; a Problem when the process ends or the time is over. */
export async function waitUntil(folder, started, what, probe, limitMs) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    refuseWhenClosed(folder);
    if (started.hasEnded()) throw new Problem(`${what} ended before it was ready.`, { log: folder.log(started.name) });
    if (Date.now() > deadline) throw new Problem(`${what} was not ready after ${limitMs / 1000} s.`, { log: folder.log(started.name) });
    await sleep(POLL_MS);
  }
}

/** The json of the line `ready {json}` in a log, or null. */
export function readyLine(folder, name) {
  const line = readFileSync(folder.log(name), 'utf8').split('\n').find((text) => /^ready \{.*\}$/.test(text));
  return line ? JSON.parse(line.slice('ready '.length)) : null;
}

async function gone(folder, name, limitMs) {
  const deadline = Date.now() + limitMs;
  while (readPid(folder, name)?.running) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function signal(pid, name, wholeGroup) {
  try { process.kill(wholeGroup ? -pid : pid, name); } catch (error) { if (error.code !== 'ESRCH') throw error; }
}

/** Ends one process: each signal in turn with its time, then SIGKILL for its whole group. */
export async function end(folder, name, signals) {
  const known = readPid(folder, name);
  if (known?.running) {
    for (const [signalName, limitMs] of signals) {
      signal(known.pid, signalName, false);
      if (await gone(folder, name, limitMs)) break;
    }
    if (readPid(folder, name)?.running) signal(known.pid, 'SIGKILL', true);
    await gone(folder, name, 5000);
  }
  rmSync(folder.pidFile(name), { force: true });
}
