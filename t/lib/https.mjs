// An HTTPS server for the tests: node https.mjs CERTIFICATE KEY. Prints its port; refuses every request
// as DynamoDB would.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [certificate, key] = process.argv.slice(2);
const body = JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', message: 'reached over TLS' });
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  request.resume().on('end', () => response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(body));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
