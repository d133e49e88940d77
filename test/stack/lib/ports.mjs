// Loopback ports: finding a free one for servers that cannot report their own, and asking whether one is open.
import { connect, createServer } from 'node:net';

export const HOST = '127.0.0.1';

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
