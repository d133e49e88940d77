// The connection to the private PostgreSQL of one session. Keeps a queue of what was asked, so that every reply is known to
// belong to one question: the client's (passed on) or the gateway's own (given to a sink).
import net from 'node:net';
import { FrameReader } from './frames.mjs';
import { SqlError } from './lexer.mjs';
import { Cursor, cancelRequest, message, parse, parseFields, parseRowDescription, query, zeroTerminated, int16,
  int32 } from './wire.mjs';

const DATA_ROW = 0x44;
const ENDS = { parse: '1', bind: '2', close: '3', describe: 'Tn', execute: 'CIs' };
const ROUND = new Set(['startup', 'query', 'sync']); // kinds that ReadyForQuery answers

export class BackendError extends SqlError {
  constructor(fields) {
    super(fields.C, fields.M, { detail: fields.D, hint: fields.H });
    this.severity = fields.S;
    this.fields = fields;
  }
}

class RowsSink {
  constructor() {
    this.rows = [];
  }

  message(type, bytes, start, end) {
    if (type === 'T') this.columns = parseRowDescription(bytes, start, end);
    if (type !== 'D') return;
    const cursor = new Cursor(bytes, start + 5, end);
    const row = [];
    for (let left = cursor.int16(); left > 0; left--) {
      const length = cursor.int32();
      row.push(length < 0 ? null : bytes.toString('utf8', cursor.at, cursor.at + length));
      cursor.at += Math.max(length, 0);
    }
    this.rows.push(row);
  }
}

export class BackendLink {
  // owner: {raw(bytes), reply(type, bytes, start, end, item), rowPlan(item), ready(), closed()}
  constructor(address, owner) {
    this.address = address;
    this.owner = owner;
    this.queue = [];
    this.status = 'I';
    this.discarding = false;
    this.socket = net.connect({ ...address, noDelay: true });
    this.reader = new FrameReader({ passes: (type) => this.passes(type), raw: (bytes) => owner.raw(bytes),
      message: (...args) => this.onMessage(...args) });
    this.socket.on('data', (chunk) => {
      this.reader.push(chunk);
      this.queue[0]?.sink?.chunkEnd?.();
    });
    this.socket.on('error', (error) => { this.error = error; });
    this.socket.on('close', () => this.onClose());
  }

  passes(type) {
    if (type !== DATA_ROW) return false;
    const head = this.queue[0];
    return !head?.sink && !this.owner.rowPlan(head);
  }

  // Sends bytes for which the items are the expected replies, in order.
  send(bytes, ...items) {
    for (const item of items) {
      if (this.discarding && item.kind !== 'sync') continue;
      if (item.kind === 'sync') this.discarding = false;
      this.queue.push(item);
    }
    return this.socket.write(bytes);
  }

  // Resolves at the ReadyForQuery that answers the item.
  wait(item) {
    return new Promise((resolve, reject) => {
      if (this.gone) reject(this.goneError());
      item.resolve = resolve;
      item.reject = reject;
    });
  }

  onMessage(typeByte, bytes, start, end) {
    const type = String.fromCharCode(typeByte);
    const head = this.queue[0];
    if (type === 'Z') return this.onReady(bytes, start, end);
    const isOurs = head?.sink && !'SKAN'.includes(type);
    if (isOurs) head.sink.message?.(type, bytes, start, end);
    else if (!(head?.sink && type === 'N')) this.owner.reply(type, bytes, start, end, head);
    if (type === 'E') this.onError(head, isOurs, bytes, start, end);
    else if (head && ENDS[head.kind]?.includes(type)) this.queue.shift();
    return undefined;
  }

  onError(head, isOurs, bytes, start, end) {
    const fields = parseFields(bytes, start, end);
    if (fields.S === 'FATAL' || fields.S === 'PANIC') {
      this.fatal = new BackendError(fields);
      this.fatalShown = !isOurs;
    }
    if (!head) return;
    head.failed = true;
    if (isOurs) head.sink.error ??= new BackendError(fields);
    if (ROUND.has(head.kind)) return;
    while (this.queue.length && this.queue[0].kind !== 'sync') this.queue.shift();
    this.discarding = this.queue.length === 0;
  }

  onReady(bytes, start, end) {
    this.status = String.fromCharCode(bytes[start + 5]);
    let item;
    do item = this.queue.shift(); while (item && !ROUND.has(item.kind));
    this.owner.ready();
    if (!item?.hidden) this.owner.raw(bytes.subarray(start, end));
    if (item?.sink?.error) item.reject?.(item.sink.error);
    else item?.resolve?.();
  }

  goneError() {
    return this.fatal ?? new SqlError('08006', 'the connection to the warehouse was lost');
  }

  onClose() {
    this.gone = true;
    const waiting = this.queue;
    this.queue = [];
    for (const item of waiting) item.reject?.(this.goneError());
    this.owner.closed();
  }

  // The gateway's own statement; its replies never reach the client. Returns {rows, columns}.
  async ask(sql) {
    const sink = new RowsSink();
    const item = { kind: 'query', hidden: true, sink };
    this.send(query(sql), item);
    await this.wait(item);
    return sink;
  }

  // Waits until everything asked so far is answered, without ending what the client sees as one round.
  async barrier() {
    const item = { kind: 'sync', hidden: true };
    this.send(message('S'), item);
    await this.wait(item);
  }

  async describe(name, sql) {
    const sink = new RowsSink();
    const sync = { kind: 'sync', hidden: true, sink };
    this.send(parse(name, sql), { kind: 'parse', sink });
    this.send(message('D', 'S', zeroTerminated(name)), { kind: 'describe', sink });
    this.send(message('S'), sync);
    await this.wait(sync);
    return sink.columns;
  }

  // Runs a described statement; sink: {message, chunkEnd}.
  async run(name, sink) {
    const sync = { kind: 'sync', hidden: true, sink };
    this.send(message('B', zeroTerminated(''), zeroTerminated(name), int16(0), int16(0), int16(0)), { kind: 'bind', sink });
    this.send(message('E', zeroTerminated(''), int32(0)), { kind: 'execute', sink });
    this.send(message('S'), sync);
    await this.wait(sync);
  }

  async closeStatement(name) {
    const sink = {};
    const sync = { kind: 'sync', hidden: true, sink };
    this.send(message('C', 'S', zeroTerminated(name)), { kind: 'close', sink });
    this.send(message('S'), sync);
    await this.wait(sync);
  }

  // Resolves when PostgreSQL has sent the signal.
  cancel() {
    return sendCancel(this.address, this.pid, this.secret);
  }

  end() {
    if (!this.gone) this.socket.end(message('X'));
  }
}

export function sendCancel(address, pid, secret) {
  return new Promise((resolve) => {
    const socket = net.connect(address, () => socket.write(cancelRequest(pid, secret)));
    socket.on('error', resolve);
    socket.on('close', resolve);
    socket.resume();
  });
}
