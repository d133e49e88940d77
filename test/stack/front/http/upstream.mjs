// The way to one emulator: a keep-alive agent and one function that sends a request.
import http from 'node:http';

export class Upstream {
  /** @param url http://host:port of the emulator  @param maxSockets most connections open at once */
  constructor(url, maxSockets) {
    const { hostname, port } = new URL(url);
    this.host = hostname;
    this.port = Number(port);
    this.agent = new http.Agent({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: 15_000, scheduling: 'lifo' });
  }

  /**
   * Resolves to the reply (a stream) when its head has come.
   * `body` is a Buffer, a stream or undefined. A Buffer is sent again when a kept connection turns out to be closed.
   */
  send({ method, path, headers, body, signal }) {
    return new Promise((resolve, reject) => {
      const attempt = (again) => {
        const request = http.request({ host: this.host, port: this.port, agent: this.agent, method, path, headers, signal });
        request.on('response', resolve);
        request.on('error', (error) => {
          const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
          if (stale && again && isReplayable(body)) attempt(false);
          else reject(error);
        });
        feed(request, body, reject);
      };
      attempt(true);
    });
  }

  close() { this.agent.destroy(); }
}

const isReplayable = (body) => body === undefined || Buffer.isBuffer(body);

function feed(request, body, onError) {
  if (isReplayable(body)) {
    request.end(body);
    return;
  }
  body.on('error', (error) => {
    request.destroy();
    onError(error);
  });
  body.pipe(request);
}
