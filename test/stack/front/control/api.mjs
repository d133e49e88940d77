// The control listener: plain HTTP and JSON, for tests and people with curl. Not signed: it listens on loopback only.
import { readBody } from '../http/body.mjs';

const BODY_LIMIT_BYTES = 1024 * 1024;

function routes({ faults, throttles, credentials, counters, log, settings }) {
  return {
    'GET /faults': () => faults.list(),
    'POST /faults': (body) => ({ ids: faults.add(body) }),
    'DELETE /faults': () => { faults.clear(); return faults.list(); },
    'GET /throttle': () => throttles.list(),
    'POST /throttle': (body) => { [].concat(body).forEach((one) => throttles.set(one)); return throttles.list(); },
    'DELETE /throttle': (_body, query) => { throttles.clear(query.get('table')); return throttles.list(); },
    'GET /credentials': () => credentials.list(),
    'POST /credentials': (body) => { credentials.put(body); return credentials.list(); },
    'DELETE /credentials': (_body, query) => {
      if (query.get('access_key_id')) credentials.remove(query.get('access_key_id'));
      else credentials.reset();
      return credentials.list();
    },
    'GET /settings': () => settings.list(),
    'POST /settings': (body) => { settings.change(body); return settings.list(); },
    'DELETE /settings': () => { settings.reset(); return settings.list(); },
    'GET /counters': () => counters.values,
    'DELETE /counters': () => { counters.reset(); return counters.values; },
    'GET /log': (_body, query) => log.last(Number(query.get('last') ?? 100)),
    'DELETE /log': () => { log.clear(); return []; },
    'DELETE /': () => {
      for (const part of [faults, throttles, log]) part.clear();
      for (const part of [credentials, counters, settings]) part.reset();
      return { reset: true };
    },
  };
}

export function controlHandler(state) {
  const known = routes(state);
  return async (req, res) => {
    const url = new URL(req.url, 'http://control');
    const route = known[`${req.method} ${url.pathname}`];
    if (!route) return send(res, 404, { error: 'no such address', known: Object.keys(known) });
    try {
      const text = (await readBody(req, BODY_LIMIT_BYTES)).toString('utf8');
      return send(res, 200, route(text ? JSON.parse(text) : undefined, url.searchParams));
    } catch (error) {
      return send(res, 400, { error: error.message });
    }
  };
}

function send(res, status, value) {
  const body = Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  res.end(body);
}
