// A peer that speaks protocol 3.0 until a session has begun, and then not what a client expects. The name of the
// database says what it does; it prints "port N".
import { createServer } from 'node:net';

const int32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeInt32BE(value); return bytes; };
const text = (value) => Buffer.from(`${value}\0`);
const message = (type, ...parts) => Buffer.concat([Buffer.from(type), int32(4 + Buffer.concat(parts).length), ...parts]);

const READY = message('Z', Buffer.from('I'));
const SET = Buffer.concat([message('C', text('SET')), READY]);
const COPY = Buffer.from([0, 0, 0]); // text, no columns
const NOTICE = message('N', text('SNOTICE'), text('C00000'), text(`M${'x'.repeat(8000)}`), Buffer.from([0]));
const ERROR = message('E', text('SERROR'), text('C57014'), text('Mfür immer'), Buffer.from([0]));
const DESCRIBED = Buffer.concat([message('t', Buffer.from([0, 0])), message('T', Buffer.from([0, 1]), text('id'), int32(0),
  Buffer.from([0, 0]), int32(23), Buffer.from([0, 4]), int32(-1), Buffer.from([0, 0])), READY]);

function trickle(socket, bytes) {
  let at = 0;
  const timer = setInterval(() => (at < bytes.length ? socket.write(bytes.subarray(at, ++at)) : clearInterval(timer)), 1000);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket, bytes) {
  const more = () => { while (!socket.destroyed && socket.write(bytes)); };
  socket.on('drain', more);
  more();
}

const ACTIONS = {
  copy_in: (socket) => socket.write(message('G', COPY)),
  copy_out: (socket) => socket.write(message('H', COPY)),
  copy_both: (socket) => socket.write(message('W', COPY)),
  garbage: (socket) => socket.write(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 137 + 11) % 256))),
  huge: (socket) => socket.write(Buffer.concat([Buffer.from('E'), int32(0x7ffffff0), Buffer.alloc(100_000, 'x')])),
  notices: (socket) => flood(socket, NOTICE),
  results: (socket) => flood(socket, message('C', text('SELECT 1'))),
  trickle: (socket) => trickle(socket, ERROR),
  close: (socket) => socket.end(message('E', text('SFATAL'), text('C57P01'), text('Mgeschlossen für heute — 閉'), Buffer.from([0]))),
};

function begin(socket, database) {
  const login = Buffer.concat([message('R', int32(0)), message('S', text('client_encoding'), text('UTF8')),
    message('S', text('server_encoding'), text('UTF8')), message('K', int32(4711), int32(1)), READY]);
  if (database === 'trickle_login') trickle(socket, login);
  else socket.write(login);
}

// Statements of the simple protocol set something; a Parse is the query, or the UNLOAD.
function answer(socket, type, body, session) {
  if (type === 'Q') return socket.write(SET);
  if (type === 'P') session.statement = body.toString('latin1', body.indexOf(0) + 1);
  if (type !== 'S') return undefined;
  const hostile = session.database.replace(/^unload_/, '');
  const due = session.database === hostile || session.statement.startsWith('UNLOAD');
  if (due) return ACTIONS[hostile](socket);
  session.described = !session.described;
  return socket.write(session.described ? Buffer.concat([message('1'), READY]) : DESCRIBED);
}

function serve(socket) {
  const session = { statement: '', described: false };
  let buffer = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const typed = session.database !== undefined;
      const at = typed ? 1 : 0;
      if (buffer.length < at + 4) return;
      const length = at + buffer.readInt32BE(at);
      if (buffer.length < length) return;
      const body = buffer.subarray(at + 4, length);
      const type = typed ? String.fromCharCode(buffer[0]) : undefined;
      buffer = buffer.subarray(length);
      if (typed) answer(socket, type, body, session);
      else if (body.readInt32BE(0) === 80877103) socket.write('N'); // no TLS here
      else {
        const words = body.toString('latin1', 4).split('\0');
        session.database = words[words.indexOf('database') + 1];
        begin(socket, session.database);
      }
    }
  });
}

const server = createServer(serve).listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
