// One UNLOAD from its checks to its notice. The inner query runs on the session's own backend connection, so that its pid,
// its transaction and its settings are those of the session.
import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqlError, foldCase } from './lexer.mjs';
import { cancelledText } from './replies.mjs';
import { rewrite } from './rewrite.mjs';
import { fromSdk, s3Error } from './s3_errors.mjs';
import { UnloadFiles } from './unload_files.mjs';
import { UnloadStorage } from './unload_storage.mjs';
import { buildManifest } from './manifest.mjs';
import { checkColumns } from './unload_columns.mjs';
import { checkOptions } from './unload_options.mjs';
import { delimitedRowWriter, headerLine } from './delimited_rows.mjs';
import { jsonRowWriter } from './json_rows.mjs';
import { SUFFIXES } from './compress.mjs';

const STATEMENT = 'gateway_unload';
const DEFAULT_FILE_BYTES = 6200e6;
const HOLD_LOOK_MS = 50;

function compressionOf(options) {
  return options.zstd ? 'zstd' : options.gzip ? 'gzip' : 'none';
}

// Not contiguous, and different from run to run, as with the real service.
function sliceNumbers(count) {
  const numbers = [];
  let number = Math.floor(Math.random() * 3);
  for (let i = 0; i < count; i++) {
    numbers.push(number);
    number += i % 2 === 0 ? 2 : 1 + Math.floor(Math.random() * 3);
  }
  return numbers;
}

export class UnloadJob {
  constructor(session, text, plan) {
    this.session = session;
    this.gateway = session.gateway;
    this.switches = session.gateway.switches;
    this.link = session.link;
    this.text = text;
    this.plan = plan;
    this.id = this.gateway.nextQueryId();
    this.abortion = new AbortController();
    this.compression = compressionOf(plan.options);
    this.faulty = this.switches.takeUnloadFault();
  }

  fault(name) {
    return this.faulty && this.switches.get(name);
  }

  abort(error) {
    this.abortion.abort(error);
  }

  cancel() {
    this.abort(new SqlError('57014', cancelledText(this.id)));
  }

  // Rejects at once when the UNLOAD is cancelled; what the promise stands for is left to end by itself.
  async orCancelled(promise) {
    const { signal } = this.abortion;
    promise.catch(() => {});
    let onAbort;
    const aborted = new Promise((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  // Returns the number of rows.
  async run() {
    checkOptions(this.plan.options, this.switches);
    try {
      await this.prepare();
      await this.gateway.history.begin(this);
      return await this.unload();
    } catch (error) {
      const shown = this.translate(error);
      await this.gateway.history.fail(this, shown.message);
      throw shown;
    } finally {
      clearTimeout(this.timer);
      await this.link.closeStatement(STATEMENT).catch(() => {});
    }
  }

  translate(error) {
    if (error.sqlstate === '57014') return new SqlError('57014', cancelledText(this.id));
    if (error instanceof SqlError) return error;
    if (!error.$metadata && !error.Code) console.error('gateway: UNLOAD:', error);
    return fromSdk(error, { queryId: this.id, pid: this.link.pid });
  }

  async prepare() {
    const { rows: [[readOnly, timeout, user]] } = await this.link.ask(`SELECT current_setting('transaction_read_only'),
      (SELECT setting FROM pg_settings WHERE name = 'statement_timeout'), current_user`);
    if (readOnly === 'on') throw new SqlError('25006', 'transaction is read-only');
    if (Number(timeout) > 0) this.timer = setTimeout(() => this.cancel(), Number(timeout));
    this.user = user;
    const described = await this.link.describe(STATEMENT, this.rewriteInner());
    if (!described) throw new SqlError('42601', 'UNLOAD needs a SELECT statement');
    const keepCase = this.session.caseSensitive;
    this.columns = described.map((column) => ({ ...column, name: keepCase ? column.name : foldCase(column.name) }));
    checkColumns(this.columns, this.plan.options.format);
    this.raiseInjected();
    this.storage = new UnloadStorage(this);
    await this.orCancelled(this.storage.prepare());
  }

  // Positions in the inner text are no positions of what the user sent: left out.
  rewriteInner() {
    const { query, tokens } = this.plan;
    try {
      return rewrite(query, tokens, { caseSensitive: this.session.caseSensitive, inUnload: true }).out.text;
    } catch (error) {
      error.position = undefined;
      throw error;
    }
  }

  raiseInjected() {
    const injected = this.fault('unload_error');
    if (injected) throw new SqlError(injected.sqlstate ?? 'XX000', injected.message, { detail: injected.detail });
  }

  rowWriter() {
    const { options } = this.plan;
    if (options.format === 'json') return { writeRow: jsonRowWriter(this.columns, this.switches, this.session.extraDigits) };
    options.delimiter ??= options.format === 'csv' ? ',' : '|';
    const header = options.header && Buffer.from(headerLine(this.columns, options));
    return { header, writeRow: delimitedRowWriter(this.columns, options, this.switches, this.session.extraDigits) };
  }

  nameOf(slice, part) {
    const { options, prefix } = this.plan;
    const number = (value, digits) => String(value).padStart(digits, '0');
    const name = options.parallel === false ? number(part, 3) : `${number(slice, 4)}_part_${number(part, 2)}`;
    if (options.extension !== undefined) return `${prefix}${name}.${options.extension.replace(/^\./, '')}`;
    const json = options.format === 'json' && this.switches.get('json_suffix') ? '.json' : '';
    return prefix + name + json + SUFFIXES[this.compression];
  }

  createFiles() {
    const { options, bucket } = this.plan;
    const serial = options.parallel === false;
    return new UnloadFiles({ s3: this.storage.s3, bucket, nameOf: (slice, part) => this.nameOf(slice, part),
      sliceNumbers: serial ? [0] : sliceNumbers(this.switches.get('slices')), compression: this.compression,
      rowsPerFile: this.switches.get('rows_per_file'), maxBytes: options.maxfilesize_bytes ?? DEFAULT_FILE_BYTES,
      ...this.rowWriter() }, (file, count) => this.onFile(file, count));
  }

  async unload() {
    await this.session.rememberUnload(this.id, 0);
    this.files = this.createFiles();
    try {
      await this.stream();
      await this.orCancelled(this.files.finish());
    } catch (error) {
      this.files.abort();
      throw error;
    }
    await this.orCancelled(this.storage.putManifest(buildManifest(this)));
    await this.session.rememberUnload(this.id, this.files.rows);
    await this.gateway.history.complete(this);
    return this.files.rows;
  }

  async stream() {
    let failure;
    let draining = Promise.resolve();
    const { socket } = this.link;
    const fail = (error) => {
      if (failure) return;
      failure = error;
      this.cancelled = this.link.cancel();
      socket.resume();
    };
    const onAbort = () => fail(this.abortion.signal.reason);
    this.abortion.signal.addEventListener('abort', onAbort);
    const sink = {
      message: (type, bytes, start) => { if (type === 'D' && !failure) this.files.row(bytes, start); },
      chunkEnd: () => {
        if (failure || this.isHeld || !this.files.mustDrain || socket.isPaused()) return;
        socket.pause();
        draining = this.files.drain().then(() => socket.resume(), fail);
      },
    };
    if (this.abortion.signal.aborted) throw this.abortion.signal.reason;
    try {
      await this.link.run(STATEMENT, sink);
      await this.orCancelled(draining);
    } catch (error) {
      failure ??= error;
    } finally {
      this.abortion.signal.removeEventListener('abort', onAbort);
    }
    await this.cancelled; // or the signal could hit the next statement
    if (failure) throw failure;
  }

  async onFile(file, count) {
    await this.gateway.history.file(this, file);
    if (count === 1) await this.afterFirstFile();
    const limit = this.fault('fail_unload_after_files');
    if (limit > 0 && count >= limit) {
      throw s3Error({ code: 'InternalError', status: 500 }, { queryId: this.id, pid: this.link.pid });
    }
  }

  async afterFirstFile() {
    if (this.fault('drop_connection_during_unload')) this.session.dropClient();
    const { socket } = this.link;
    const wasPaused = socket.isPaused();
    this.isHeld = true; // a socket that is paused would not notice that its session has ended
    socket.resume();
    const delay_ms = this.fault('unload_delay_ms');
    if (delay_ms > 0) await this.orCancelled(sleep(delay_ms));
    while (this.switches.get('unload_hold')) await this.orCancelled(sleep(HOLD_LOOK_MS));
    this.isHeld = false;
    if (wasPaused) socket.pause(); // until what has come is stored
  }

  get label() {
    return this.session.settings.query_group;
  }
}
