// The stand-in for Redshift: a proxy for PostgreSQL's protocol 3.0. Settings come from the environment (see README.md).
// Prints `ready {"port": ..., "control_port": ...}` when it accepts connections; ends on SIGTERM.
import { createControl } from './control.mjs';
import { History } from './history.mjs';
import { createListener } from './listener.mjs';
import { Switches } from './switches.mjs';

const HOST = '127.0.0.1';
const { env } = process;

function required(name) {
  if (!env[name]) {
    console.error(`gateway: ${name} is not set`);
    process.exit(2);
  }
  return env[name];
}

function createGateway() {
  let lastQueryId = Math.floor(Date.now() / 1000) % 1_000_000_000; // ids stay unique across restarts, within an int
  const sessions = new Map();
  return {
    backendAddress: { host: required('WAREHOUSE_HOST'), port: Number(required('WAREHOUSE_PORT')) },
    s3Endpoint: required('S3_ENDPOINT'),
    region: env.AWS_REGION ?? 'us-east-1',
    credentials: { accessKeyId: required('AWS_ACCESS_KEY_ID'), secretAccessKey: required('AWS_SECRET_ACCESS_KEY') },
    roles: (env.GATEWAY_ROLES ?? '').split(',').filter(Boolean),
    switches: new Switches(),
    history: new History(required('WAREHOUSE_ADMIN_DSN'), (pid) => sessions.get(pid)?.cancelUnload()),
    sessions,
    sockets: new Set(),
    nextQueryId: () => ++lastQueryId,
  };
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server.address().port));
  });
}

async function main() {
  const gateway = createGateway();
  await gateway.history.open();
  const listener = createListener(gateway);
  const control = createControl(gateway.switches);
  const port = await listen(listener, Number(env.GATEWAY_PORT ?? 0));
  const controlPort = await listen(control, Number(env.GATEWAY_CONTROL_PORT ?? 0));
  const stop = () => {
    for (const socket of gateway.sockets) socket.destroy();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  console.log(`ready ${JSON.stringify({ port, control_port: controlPort })}`);
}

main().catch((error) => {
  console.error('gateway:', error.message);
  process.exit(1);
});
