// One client connection and its backend. Messages of the client are handled strictly one after another.
import { FrameReader } from './frames.mjs';
import { BackendLink } from './backend_link.mjs';
import { SqlError } from './lexer.mjs';
import { charactersFromUnits } from './positions.mjs';
import { parameterStatus, rowPlan, translateDescription, translateFields } from './replies.mjs';
import { clientStartupSettings, isOn, isRedshiftSetting, startupSettings, PREFIX } from './settings.mjs';
import { rewriteDataRow } from './values.mjs';
import { Cursor, commandComplete, errorResponse, infoNotice, readyForQuery, startup } from './wire.mjs';
import { handleExtended } from './extended.mjs';
import { handleSimpleQuery } from './simple.mjs';
import { UnloadJob } from './unload_job.mjs';

const HIGH_WATER = 64;

export class Session {
  // gateway: what all sessions share (see main.mjs); parameters: of the startup packet.
  constructor(gateway, client, version, parameters) {
    this.gateway = gateway;
    this.client = client;
    this.statements = new Map();
    this.portals = new Map();
    this.inbox = [];
    this.user = parameters.user;
    this.database = parameters.database ?? parameters.user;
    client.on('error', () => {});
    client.on('close', () => this.onClientClose());
    const settings = this.startSettings(parameters);
    if (!settings) return;
    this.link = new BackendLink(gateway.backendAddress, this);
    this.link.send(startup(version, { user: this.user, database: this.database, ...settings }), { kind: 'startup' });
    this.reader = new FrameReader({ message: (...args) => this.onClientMessage(...args) });
    client.on('data', (chunk) => this.reader.push(chunk));
    client.on('drain', () => this.link.socket.resume());
  }

  startSettings(parameters) {
    const settings = startupSettings();
    try {
      for (const [name, value] of clientStartupSettings(parameters)) {
        const key = Object.keys(settings).find((known) => known.toLowerCase() === name);
        settings[isRedshiftSetting(name) ? PREFIX + name : key ?? name] = value;
      }
    } catch (error) {
      this.client.end(errorResponse({ ...error, severity: 'FATAL', message: error.message }));
      return null;
    }
    this.initial = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name.replace(PREFIX, ''), value]));
    this.settings = { ...this.initial };
    this.committed = this.settings;
    return settings;
  }

  get caseSensitive() {
    return isOn(this.settings.enable_case_sensitive_identifier);
  }

  get extraDigits() {
    return Number(this.settings.extra_float_digits);
  }

  // ---- from the backend

  raw(bytes) {
    this.write(bytes);
  }

  rowPlan(item) {
    if (item?.kind === 'execute' && item.plan === undefined) {
      item.plan = rowPlan(item.portal?.statement?.columns, item.portal?.formats ?? []);
    }
    return item?.plan;
  }

  reply(type, bytes, start, end, item) {
    switch (type) {
      case 'S': return this.write(parameterStatus(bytes, start, end));
      case 'K': this.onBackendKey(bytes, start); break;
      case 'T': return this.onDescription(bytes, start, end, item);
      case 'D': return this.write(rewriteDataRow(bytes, start, end, this.rowPlan(item), this.extraDigits));
      case 'C': this.onComplete(bytes.toString('utf8', start + 5, end - 1), item); break;
      case 'E': this.batchFailed = true; // falls through
      case 'N': return this.write(translateFields(type, bytes, start, end,
        { map: item?.map, queryId: () => this.gateway.nextQueryId() }));
      default:
    }
    return this.write(bytes.subarray(start, end));
  }

  onBackendKey(bytes, start) {
    const cursor = new Cursor(bytes, start + 5);
    this.link.pid = cursor.int32();
    this.link.secret = cursor.int32();
    this.gateway.sessions.set(this.link.pid, this);
  }

  onDescription(bytes, start, end, item) {
    const { columns, translated } = translateDescription(bytes, start, end, this.settings);
    if (item?.kind === 'describe' && item.statement) item.statement.columns = columns;
    else if (item) item.plan = rowPlan(columns, columns.map(({ format }) => format));
    this.write(translated);
  }

  onComplete(tag, item) {
    if (tag === 'ROLLBACK') this.settings = { ...this.committed };
    if (tag !== 'SET' && tag !== 'RESET') return;
    const effect = item?.kind === 'execute' ? item.effects?.[0] : item?.effects?.shift();
    if (effect?.all) this.settings = { ...this.initial };
    else if (effect) this.settings[effect.name] = effect.value ?? this.initial[effect.name];
  }

  ready() {
    if (this.link.status === 'I') this.committed = { ...this.settings };
  }

  closed() {
    this.unload?.abort(this.link.goneError());
    this.gateway.sessions.delete(this.link.pid);
    setImmediate(() => this.client.end()); // after the reason was written
  }

  // ---- to and from the client

  write(bytes) {
    if (!bytes || this.clientGone) return;
    if (!this.client.write(bytes) && !this.unload) this.link.socket.pause();
  }

  onClientMessage(type, bytes, start, end) {
    this.inbox.push({ type: String.fromCharCode(type), bytes: bytes.subarray(start, end) });
    if (this.inbox.length > HIGH_WATER) this.client.pause();
    if (!this.pumping) this.pump();
  }

  async pump() {
    this.pumping = true;
    while (this.inbox.length && !this.clientGone) {
      const { type, bytes } = this.inbox.shift();
      if (this.inbox.length < HIGH_WATER) this.client.resume();
      try {
        await this.restoreNumbers();
        await this.handle(type, bytes);
      } catch (error) {
        this.giveUp(error);
      }
    }
    this.pumping = false;
    if (this.clientGone) this.link.end();
  }

  async handle(type, bytes) {
    if (type === 'p') this.link.send(bytes);
    else if (type === 'X') this.link.end();
    else if (type === 'Q') await handleSimpleQuery(this, bytes);
    else await handleExtended(this, type, bytes);
  }

  // Nothing sensible can follow: the backend is lost, or the gateway has a bug.
  giveUp(error) {
    if (!(error instanceof SqlError)) console.error('gateway:', error);
    const { fatal, fatalShown } = this.link;
    if (!fatal || !fatalShown) {
      this.write(errorResponse({ severity: 'FATAL', sqlstate: error.sqlstate ?? 'XX000', message: error.message }));
    }
    this.client.end();
    this.link.socket.destroy();
  }

  onClientClose() {
    this.clientGone = true;
    if (!this.link || this.unload) return; // an UNLOAD goes on to its end
    this.link.socket.resume();
    this.link.end();
  }

  dropClient() {
    this.clientGone = true;
    this.client.destroy();
  }

  writeError(error, text) {
    const position = error.position === undefined ? undefined : charactersFromUnits(text, error.position) + 1;
    this.write(errorResponse({ severity: error.severity, sqlstate: error.sqlstate, message: error.message,
      detail: error.detail, hint: error.hint, position }));
  }

  writeReady() {
    this.write(readyForQuery(this.link.status));
  }

  // An error found by the gateway fails the transaction as one found by the server.
  async failTransaction() {
    if (this.link.status === 'T') await this.link.ask('SELECT 1/0').catch(() => {});
  }

  // Ends with the notice and the tag, or throws.
  async runUnload(text, plan) {
    this.unload = new UnloadJob(this, text, plan);
    try {
      const rows = await this.unload.run();
      this.write(infoNotice(this.rowCountsTold ? `UNLOAD completed, ${rows} record(s) unloaded successfully.` : 'UNLOAD completed.'));
      this.write(commandComplete('UNLOAD'));
    } finally {
      this.unload = undefined;
    }
  }

  // A rollback takes back settings; what the last UNLOAD did is not undone by it.
  async restoreNumbers() {
    const { link, lastUnload } = this;
    if (!lastUnload?.inTransaction || link.status !== 'I' || link.queue.length) return;
    lastUnload.inTransaction = false;
    await link.ask(lastUnload.sql);
  }

  get rowCountsTold() {
    return this.gateway.switches.get('row_counts') === 'told';
  }

  async rememberUnload(id, rows) {
    const sql = `SELECT set_config('redshift.last_unload_count', '${this.rowCountsTold ? rows : 'withheld'}', false),
      set_config('redshift.last_unload_id', '${id}', false), set_config('redshift.last_query_id', '${id}', false)`;
    this.lastUnload = { sql, inTransaction: this.link.status !== 'I' };
    await this.link.ask(sql);
  }

  cancelUnload() {
    this.unload?.cancel();
  }
}
