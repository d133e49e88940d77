// Accepts clients: encryption requests are declined, cancel requests passed on, a startup packet begins a session.
import net from 'node:net';
import { Buffer } from 'node:buffer';
import { sendCancel } from './backend_link.mjs';
import { Session } from './session.mjs';
import { CANCEL_CODE, GSS_CODE, SSL_CODE, errorResponse, parseStartup } from './wire.mjs';

const LARGEST_PACKET_BYTES = 64 * 1024;

async function passCancel(gateway, packet, socket) {
  const pid = packet.readInt32BE(8);
  const secret = packet.readInt32BE(12);
  const session = gateway.sessions.get(pid);
  await sendCancel(gateway.backendAddress, pid, secret);
  if (session?.link.secret === secret) session.cancelUnload();
  socket.end();
}

function begin(gateway, socket, packet, rest) {
  const code = packet.readInt32BE(4);
  if (code === CANCEL_CODE) {
    passCancel(gateway, packet, socket);
    return;
  }
  if (code >> 16 !== 3) {
    socket.end(errorResponse({ severity: 'FATAL', sqlstate: '08P01', message: 'unsupported frontend protocol' }));
    return;
  }
  const session = new Session(gateway, socket, code, parseStartup(packet));
  if (rest.length && session.reader) session.reader.push(rest);
}

function accept(gateway, socket) {
  let bytes = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  gateway.sockets.add(socket);
  socket.on('close', () => gateway.sockets.delete(socket));
  if (gateway.switches.get('hang_connect')) return;
  const onData = (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 8) {
      const length = bytes.readUInt32BE(0);
      if (length < 8 || length > LARGEST_PACKET_BYTES) return void socket.destroy();
      if (bytes.length < length) return undefined;
      const packet = bytes.subarray(0, length);
      bytes = bytes.subarray(length);
      const code = packet.readInt32BE(4);
      if (code !== SSL_CODE && code !== GSS_CODE) {
        socket.off('data', onData);
        return begin(gateway, socket, packet, bytes);
      }
      socket.write('N');
    }
    return undefined;
  };
  socket.on('data', onData);
}

export function createListener(gateway) {
  return net.createServer((socket) => accept(gateway, socket));
}
