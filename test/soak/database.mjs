// The server under test: made, stopped and started again in any way, and a session that finds it again.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTo } from '../../bench/lib/database.mjs';
import { createServerInstance, privateFolder, startServer } from '../stack/lib/postgres.mjs';
import { SERVER_NAME } from '../stack/lib/local_database.mjs';
import { end, readPid } from '../stack/lib/processes.mjs';
import { LATE_MS_MOST } from './network_faults.mjs';

const STOP_LIMIT_MS = 60_000;
const RECONNECT_LIMIT_MS = 60_000;
const RECONNECT_MS = 20;
const STOP_SIGNALS = { fast: [['SIGINT', STOP_LIMIT_MS]], immediate: [['SIGQUIT', STOP_LIMIT_MS]] };

/** What a commit promised must outlive a killed process; a crash of the machine is not played here. */
const SETTINGS = { max_worker_processes: 16, synchronous_commit: 'on', restart_after_crash: 'on', log_line_prefix: '%m [%p] %b ' };

/** Every move of a file, so that one that was settled twice is seen. */
const WATCH_SQL = `CREATE SCHEMA soak;
CREATE TABLE soak.move (move_no bigserial PRIMARY KEY, job_id bigint, file_no integer, was text, became text);
CREATE FUNCTION soak.note() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO soak.move (job_id, file_no, was, became) VALUES (NEW.job_id, NEW.file_no, OLD.state, NEW.state); RETURN NULL; END';
CREATE TRIGGER soak AFTER UPDATE ON rs2ddb.file FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.state = 'done') EXECUTE FUNCTION soak.note()`;

/** So long a later row of a key waits for requests that may come late; a round of the default would only be longer. */
const GRACE_SQL = `ALTER SERVER ${SERVER_NAME} OPTIONS (ADD late_write_grace '${Math.ceil(LATE_MS_MOST / 1000) + 1}')`;

export class Database {
  /** context: {folder, postgres, user, prepare(local)}; prepare makes the extension and its server object. */
  constructor({ prepare, postgres, ...context }) {
    Object.assign(this, { prepare, folder: context.folder, starts: 0 });
    this.instance = { ...context, bin: postgres.bin, superuser: 'postgres' };
  }

  #settings(preloaded) { return { ...SETTINGS, ...preloaded ? { shared_preload_libraries: 'rs2ddb' } : {} }; }

  #nextName() {
    this.starts += 1;
    this.name = `database-${this.starts}`;
    return this.name;
  }

  /** A new cluster; one that was there before must be stopped. */
  async create(preloaded) {
    this.preloaded = preloaded;
    Object.assign(this.instance, { data: privateFolder(this.folder, 'soak', this.instance.user), password: randomBytes(12).toString('hex') });
    this.server = await createServerInstance({ ...this.instance, name: this.#nextName(), settings: this.#settings(preloaded) });
    await this.prepare({ dsn: this.server.dsn('postgres') });
    const client = await this.connect();
    await client.query(WATCH_SQL);
    await client.query(GRACE_SQL);
    await client.end();
  }

  async start(preloaded) {
    this.preloaded = preloaded;
    this.server = await startServer({ ...this.instance, name: this.#nextName(), settings: this.#settings(preloaded) });
  }

  /** how: fast, immediate. Resolves to the milliseconds it took. */
  async stop(how) {
    const startMs = performance.now();
    await end(this.folder, this.name, STOP_SIGNALS[how]);
    return Math.round(performance.now() - startMs);
  }

  /** Resolves to the milliseconds the stop took. */
  async restart(how, { preloaded = this.preloaded, awayMs = 0 } = {}) {
    const stoppedMs = await this.stop(how);
    await sleep(awayMs);
    await this.start(preloaded);
    return stoppedMs;
  }

  get running() { return Boolean(this.name && readPid(this.folder, this.name)?.running); }

  connect() { return connectTo(this.server.dsn('postgres')); }
}

const isRefusal = (error) => error.code !== undefined && /^[0-9A-Z]{5}$/.test(error.code) && !/^(57P|08|53300)/.test(error.code);

/** A session that is opened again when the server was lost. */
export class Session {
  constructor(database) { this.database = database; }

  async #client() {
    if (this.client) return this.client;
    const client = await this.database.connect();
    client.on('error', () => { if (this.client === client) this.client = null; });
    this.client = client;
    return client;
  }

  /** Asks again, on a new session, until the server answers. */
  async rows(sql, values) {
    for (const deadline = Date.now() + RECONNECT_LIMIT_MS; ;) {
      try {
        return (await (await this.#client()).query(sql, values)).rows;
      } catch (error) {
        if (isRefusal(error) || Date.now() > deadline) throw error;
        await this.close();
        await sleep(RECONNECT_MS);
      }
    }
  }

  async close() {
    const { client } = this;
    this.client = null;
    await client?.end().catch(() => {});
  }
}
