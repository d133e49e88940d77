// A loader over the AWS SDK for JavaScript v3 with BatchWriteItem, 32 requests in flight.
//   sdk_load.mjs <endpoint> <ca file> <table> <items> <in flight> <file.zst>...
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { createInterface } from 'node:readline';
import { loadDynamodb, loadNodeHttpHandler } from '../lib/packages.mjs';
import { itemOf } from '../lib/review_columns.mjs';

const { BatchWriteItemCommand, DynamoDBClient } = loadDynamodb();
const { NodeHttpHandler } = loadNodeHttpHandler();
const BATCH = 25;

function open(endpoint, caFile, inFlight) {
  const httpsAgent = new Agent({ ca: readFileSync(caFile), keepAlive: true, maxSockets: inFlight });
  return new DynamoDBClient({ endpoint, region: 'us-west-2', requestHandler: new NodeHttpHandler({ httpsAgent }),
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' } });
}

async function* linesOf(files) {
  for (const file of files) {
    const child = spawn('zstd', ['-dcq', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    try { yield* createInterface({ input: child.stdout, crlfDelay: Infinity }); } finally { child.kill(); }
  }
}

/** Sends a batch until nothing of it is left over. */
async function write(client, table, puts) {
  let requests = { [table]: puts };
  while (Object.keys(requests).length > 0) {
    const reply = await client.send(new BatchWriteItemCommand({ RequestItems: requests, ReturnConsumedCapacity: 'INDEXES' }));
    requests = reply.UnprocessedItems ?? {};
  }
}

async function main([endpoint, caFile, table, itemsText, inFlightText, ...files]) {
  const limit = Number(itemsText), inFlight = Number(inFlightText);
  const client = open(endpoint, caFile, inFlight);
  const flying = new Set();
  let puts = [], items = 0;
  const send = async () => {
    const flight = write(client, table, puts).finally(() => flying.delete(flight));
    puts = [];
    flying.add(flight);
    if (flying.size >= inFlight) await Promise.race(flying);
  };
  for await (const line of linesOf(files)) {
    puts.push({ PutRequest: { Item: itemOf(line) } });
    items += 1;
    if (puts.length === BATCH) await send();
    if (items === limit) break;
  }
  if (puts.length > 0) await send();
  await Promise.all(flying);
  console.log(JSON.stringify({ items }));
  process.exit(0);
}

await main(process.argv.slice(2));
