// The HTTP control listener: GET /switches, POST /switches {name: value, ...}, POST /reset.
import http from 'node:http';
import { Buffer } from 'node:buffer';

async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const value = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new SyntaxError('a JSON object is needed');
  return value;
}

async function answer(request, switches) {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/switches' && request.method === 'GET') return [200, switches.describe()];
  if (path === '/switches' && request.method === 'POST') {
    const problems = switches.set(await readJson(request));
    return problems.length ? [400, { errors: problems }] : [200, switches.describe()];
  }
  if (path === '/reset' && request.method === 'POST') {
    switches.reset();
    return [200, switches.describe()];
  }
  return [404, { errors: ['GET /switches, POST /switches or POST /reset'] }];
}

export function createControl(switches) {
  return http.createServer(async (request, response) => {
    let [status, body] = [400, {}];
    try {
      [status, body] = await answer(request, switches);
    } catch (error) {
      body = { errors: [error.message] };
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body) + '\n');
  });
}
