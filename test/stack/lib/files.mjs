// The folder of a running stack: logs, pid files, the note of private data folders, and env.
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

export class StackFolder {
  constructor(path) {
    this.path = resolve(path);
    this.env = join(this.path, 'env');
    /** Set when a start is given up: nothing more is launched. */
    this.closed = false;
  }

  create() {
    mkdirSync(join(this.path, 'pids'), { recursive: true, mode: 0o700 });
    mkdirSync(join(this.path, 'logs'), { recursive: true, mode: 0o700 });
  }

  log(name) { return join(this.path, 'logs', `${name}.log`); }

  pidFile(name) { return join(this.path, 'pids', `${name}.pid`); }

  /** Names of the processes that have a pid file, last started first. */
  pidNames() {
    try {
      return readdirSync(join(this.path, 'pids')).filter((name) => name.endsWith('.pid'))
        .map((name) => [statSync(join(this.path, 'pids', name)).mtimeMs, basename(name, '.pid')])
        .sort(([a], [b]) => b - a).map(([, name]) => name);
    } catch {
      return [];
    }
  }

  /** Remembers a private folder outside, to be removed by stop. */
  noteData(path) {
    writeFileSync(join(this.path, 'data'), [...this.dataFolders(), path].join('\n'), { mode: 0o600 });
  }

  dataFolders() {
    try { return readFileSync(join(this.path, 'data'), 'utf8').split('\n').filter(Boolean); } catch { return []; }
  }

  /** Takes the lock of start and stop; false when another one holds it. A lock whose owner is gone is taken over. */
  lock() {
    mkdirSync(this.path, { recursive: true });
    const path = join(this.path, 'lock');
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const file = openSync(path, 'wx', 0o600);
        writeFileSync(file, String(process.pid));
        closeSync(file);
        return true;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
        if (isAlive(Number(readFileSync(path, 'utf8')))) return false;
        rmSync(path, { force: true });
      }
    }
    return false;
  }

  unlock() { rmSync(join(this.path, 'lock'), { force: true }); }

  /** After everything has ended: keeps the logs. */
  clear() {
    for (const name of ['env', 'data', 'pids']) rmSync(join(this.path, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  if (!pid) return false;
  try { process.kill(pid, 0); return true; } catch (error) { return error.code === 'EPERM'; }
}

/** The last lines of a text file, '' when there is none. */
export function tail(path, lines = 20) {
  try { return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n'); } catch { return ''; }
}

const quote = (value) => `'${String(value).replace(/'/g, "'\\''")}'`;

/** Writes a file that a shell can source. */
export function writeEnv(path, values) {
  const lines = Object.entries(values).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`);
  rmSync(path, { force: true });
  writeFileSync(path, lines.join(''), { mode: 0o600 });
}
