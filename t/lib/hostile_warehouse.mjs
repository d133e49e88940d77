// A warehouse that does not keep to the protocol: node hostile_warehouse.mjs. It lets everybody in without a password,
// takes every SET, describes every query as (id integer, name varchar), and breaks as the name of the database says:
// phase:fault:number, where the number only tells two databases apart.
//
//   phase    login, settings (the first SET), describe, deaf (a query is not even read), unload, history (the UNLOAD works,
//            but lasts a while; questions about it do not), none
//   fault    see FAULTS; those that never end go on until the client is gone
//
// Prints its port, then "begun DATABASE" for each fault that begins, "sent DATABASE MEGABYTES" while one floods, and
// "gone DATABASE COUNT" when a client is gone, with the number of those that are left.
import { createServer } from 'node:net';
import { Buffer } from 'node:buffer';
import { setInterval, setTimeout, clearInterval } from 'node:timers';

const MEGABYTE = 1024 * 1024;
const REPORT_MEGABYTES = 16;
const LONG_STATEMENT_BYTES = 100_000;
const UNLOAD_MS = 14_000;

function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => typeof part === 'string' ? Buffer.from(`${part}\0`) : part));
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function int16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeInt32BE(value, 4 * i));
  return bytes;
}

function report(type, severity, sqlstate, text) {
  return message(type, `S${severity}`, `C${sqlstate}`, `M${text}`, Buffer.from([0]));
}

function column(name, oid, size, typmod) {
  return Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(oid), int16(size), int32(typmod), int16(0)]);
}

const COLUMNS = message('T', int16(2), column('id', 23, 4, -1), column('name', 1043, -1, 104));
const READY = message('Z', Buffer.from('I'));
const COPY = Buffer.from([0, 0, 0]);

// A head alone: the body that it promises never comes.
function headOnly(type, length) {
  return Buffer.concat([Buffer.from(type), int32(length)]);
}

function trickle(session) {
  const error = report('E', 'ERROR', '58000', 'one byte after the other '.repeat(100));
  let sent = 0;
  const timer = setInterval(() => session.write(error.subarray(sent, ++sent)), 1000);
  session.socket.on('close', () => clearInterval(timer));
}

function flood(session, piece) {
  let sent = 0;
  const more = () => {
    let free = true;
    while (free && !session.socket.destroyed) {
      free = session.socket.write(piece);
      sent += piece.length;
      if (sent % (REPORT_MEGABYTES * MEGABYTE) < piece.length) console.log(`sent ${session.database} ${Math.floor(sent / MEGABYTE)}`);
    }
  };
  session.socket.on('drain', more);
  more();
}

function repeated(piece) {
  return Buffer.concat(Array(Math.ceil(65536 / piece.length)).fill(piece));
}

const FAULTS = {
  copy_in: (session) => session.write(message('G', COPY)),
  copy_out: (session) => session.write(message('H', COPY)),
  copy_both: (session) => session.write(message('W', COPY)),
  garbage: (session) => session.write(Buffer.from('#1 The quick brown fox jumps over the lazy dog. '.repeat(100))),
  bytes: (session) => session.write(Buffer.alloc(4096, 0xe9)),
  long_ready: (session) => session.write(headOnly('Z', 0x40000000)),
  long_error: (session) => session.write(headOnly('E', 0x20000000)),
  silence: () => {},
  trickle,
  notices: (session) => flood(session, report('N', 'NOTICE', '00000', 'n'.repeat(8000))),
  notifications: (session) => flood(session, repeated(message('A', int32(1), 'channel', 'p'.repeat(1000)))),
  rows: (session) => {
    session.write(message('T', int16(1), column('id', 23, 4, -1)));
    flood(session, repeated(message('D', int16(1), int32(1000), Buffer.alloc(1000, 'r'))));
  },
  farewell: (session) => {
    session.write(report('E', 'FATAL', '57P01', 'Das Lager schließt für heute'));
    session.socket.end();
  },
  wide_farewell: (session) => {
    session.write(report('E', 'FATAL', '57P01', '倉庫は閉まりました'));
    session.socket.end();
  },
};

// Of each database: how many clients there are.
const open = new Map();

class Session {
  constructor(socket) {
    this.socket = socket;
    this.buffer = Buffer.alloc(0);
    this.broken = false;
    this.unloading = false;
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => this.onClose());
    socket.on('data', (chunk) => this.onData(chunk));
  }

  onClose() {
    const left = open.get(this.database) - 1;
    open.set(this.database, left);
    console.log(`gone ${this.database} ${left}`);
  }

  write(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  // True when the fault of this phase has begun: nothing else is ever answered.
  breaks(phase) {
    if (phase !== this.phase) return false;
    this.broken = true;
    console.log(`begun ${this.database}`);
    FAULTS[this.fault](this);
    return true;
  }

  onData(chunk) {
    if (this.broken) return;
    this.buffer = Buffer.concat([this.buffer, chunk]);
    while (!this.broken && this.takeMessage());
  }

  takeMessage() {
    const head = this.database === undefined ? 0 : 1;
    if (this.buffer.length < head + 4) return false;
    const length = this.buffer.readInt32BE(head);
    if (this.phase === 'deaf' && length > LONG_STATEMENT_BYTES) {
      this.socket.pause();
      return this.breaks('deaf');
    }
    if (this.buffer.length < head + length) return false;
    const body = this.buffer.subarray(head + 4, head + length);
    const type = head ? String.fromCharCode(this.buffer[0]) : 'startup';
    this.buffer = this.buffer.subarray(head + length);
    this.answer(type, body);
    return true;
  }

  answer(type, body) {
    switch (type) {
      case 'startup': return this.start(body);
      case 'Q': return this.simple(body.toString('utf8'));
      case 'P':
        this.unloading = body.toString('utf8').includes('UNLOAD (');
        if (!this.unloading && this.breaks('describe')) return undefined;
        return this.write(message('1'));
      case 'B': return this.write(message('2'));
      case 'D':
        if (!this.unloading) return this.write(Buffer.concat([message('t', int16(0)), COLUMNS]));
        return this.write(message('n'));
      case 'E': return this.unload();
      case 'S': return this.pending ? undefined : this.write(READY);
      case 'X': return this.socket.end();
      default: return undefined;
    }
  }

  start(body) {
    if (body.readInt32BE(0) === 80877103) return this.write(Buffer.from('N')); // SSLRequest
    const [, database] = /database\0([^\0]*)\0/.exec(body.toString('utf8', 4));
    [this.phase, this.fault] = database.split(':');
    this.database = database;
    open.set(database, (open.get(database) ?? 0) + 1);
    if (this.breaks('login')) return undefined;
    return this.write(Buffer.concat([message('R', int32(0)), message('S', 'server_version', '8.0.2'),
      message('S', 'client_encoding', 'UTF8'), message('K', int32(4711, 815)), READY]));
  }

  simple(text) {
    if (text.startsWith('SET ')) {
      return this.breaks('settings') ? undefined : this.write(Buffer.concat([message('C', 'SET'), READY]));
    }
    if (text.includes('sys_unload_history') && this.breaks('history')) return undefined;
    return this.write(Buffer.concat([COLUMNS, message('C', 'SELECT'), READY]));
  }

  // One that works writes no rows.
  unload() {
    if (this.breaks('unload')) return;
    this.pending = true;
    setTimeout(() => this.write(Buffer.concat([
      report('N', 'INFO', '00000', 'UNLOAD completed, 0 record(s) unloaded successfully.'), message('C', 'UNLOAD'), READY])),
    UNLOAD_MS);
  }
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => new Session(socket));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
