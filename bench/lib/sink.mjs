// nginx as a private process: answers BatchWriteItem with a constant full reply and serves the files as S3 objects.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../../test/stack/front/http/crc32.mjs';
import { freePort, HOST, isOpen } from '../../test/stack/lib/ports.mjs';
import { privateFolder } from '../../test/stack/lib/postgres.mjs';
import { launch, waitUntil } from '../../test/stack/lib/processes.mjs';

export const TABLE = 'reviews';
export const BUCKET = 'bench';
const INDEX = 'by_product';
const PROVISIONED_WCU = 40_000_000; // the table tells that it takes whatever comes: the sink never throttles

const throughput = { NumberOfDecreasesToday: 0, ReadCapacityUnits: 1, WriteCapacityUnits: PROVISIONED_WCU };

const DESCRIBE_REPLY = JSON.stringify({ Table: {
  TableName: TABLE, TableStatus: 'ACTIVE', TableArn: `arn:aws:dynamodb:us-west-2:123456789012:table/${TABLE}`,
  KeySchema: [{ AttributeName: 'review_id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'product_id', AttributeType: 'S' }, { AttributeName: 'review_id', AttributeType: 'S' }],
  ProvisionedThroughput: throughput, ItemCount: 0, TableSizeBytes: 0, CreationDateTime: 1.7e9,
  GlobalSecondaryIndexes: [{ IndexName: INDEX, IndexStatus: 'ACTIVE', KeySchema: [{ AttributeName: 'product_id', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' }, ProvisionedThroughput: throughput }],
} });

const WRITE_REPLY = JSON.stringify({ UnprocessedItems: {}, ConsumedCapacity: [{ TableName: TABLE, CapacityUnits: 50,
  Table: { CapacityUnits: 25 }, GlobalSecondaryIndexes: { [INDEX]: { CapacityUnits: 25 } } }] });

const reply = (body) => `
            add_header x-amzn-RequestId $request_id;
            add_header x-amz-crc32 ${crc32(Buffer.from(body))};
            return 200 '${body}';`;

function config({ folder, port, objects }) {
  return `daemon off;
worker_processes 1;
error_log stderr warn;
pid ${folder}/nginx.pid;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 512; }
http {
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    client_max_body_size 32m;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;
    ssl_certificate ${folder}/server.crt;
    ssl_certificate_key ${folder}/server.key;
    ssl_session_cache shared:bench:1m;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {
        listen ${HOST}:${port} ssl;
        server_name localhost;
        default_type application/x-amz-json-1.0;
        location = / {
            if ($http_x_amz_target = DynamoDB_20120810.DescribeTable) {${reply(DESCRIBE_REPLY)}
            }${reply(WRITE_REPLY)}
        }
        location /${BUCKET}/ {
            default_type binary/octet-stream;
            alias ${objects}/;
        }
    }
}
`;
}

function openssl(args) { execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] }); }

/** A CA of its own and a certificate of it for 127.0.0.1; the clients verify it. */
function makeCertificates(folder) {
  const at = (name) => join(folder, name);
  openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '7', '-subj', '/CN=rs2ddb bench CA',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign', '-keyout', at('ca.key'), '-out', at('ca.crt')]);
  openssl(['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', at('server.key'), '-out', at('server.csr')]);
  writeFileSync(at('server.ext'), `subjectAltName=IP:${HOST},DNS:localhost\nextendedKeyUsage=serverAuth\n`);
  openssl(['x509', '-req', '-days', '7', '-in', at('server.csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial',
    '-extfile', at('server.ext'), '-out', at('server.crt')]);
  return at('ca.crt');
}

/** A copy that the operating system user of PostgreSQL can read. */
function publish(folder, path) {
  const open = privateFolder(folder, 'ca', {});
  chmodSync(open, 0o755);
  copyFileSync(path, join(open, 'ca.crt'));
  chmodSync(join(open, 'ca.crt'), 0o644);
  return join(open, 'ca.crt');
}

/** Resolves to {url, port, caFile, pid}. `objects` is the folder served as the bucket, `name` that of the process. */
export async function startSink({ folder, objects, name = 'nginx' }) {
  const home = join(folder.path, name);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  const caFile = publish(folder, makeCertificates(home));
  const port = await freePort();
  writeFileSync(join(home, 'nginx.conf'), config({ folder: home, port, objects }));
  const started = launch(folder, name, '/usr/sbin/nginx', ['-p', home, '-c', join(home, 'nginx.conf'), '-e', 'stderr']);
  await waitUntil(folder, started, 'nginx', () => isOpen(port), 10_000);
  return { url: `https://${HOST}:${port}`, port, caFile, pid: started.pid };
}
