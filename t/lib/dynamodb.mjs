// Reads and prepares DynamoDB tables for the tests with AWS's own client.
//   node t/lib/dynamodb.mjs scan TABLE              every item, one JSON line each
//   node t/lib/dynamodb.mjs items TABLE...          the same for several: {"table": ..., "item": ...} a line
//   node t/lib/dynamodb.mjs tables                  names, one JSON line each
//   node t/lib/dynamodb.mjs describe TABLE          its description, one JSON line
//   node t/lib/dynamodb.mjs create JSON             CreateTable with these parameters
//   node t/lib/dynamodb.mjs drop TABLE
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../test/stack/package.json', import.meta.url));
const {
  DynamoDBClient, ScanCommand, ListTablesCommand, CreateTableCommand, DeleteTableCommand,
  DescribeTableCommand,
} = require('@aws-sdk/client-dynamodb');

const client = new DynamoDBClient({
  endpoint: process.env.RS2DDB_DYNAMODB_ENDPOINT,
  region: process.env.AWS_REGION,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  },
});

const print = (value) => console.log(JSON.stringify(value, (_key, part) =>
  part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part));

async function scan(TableName, show = print) {
  let ExclusiveStartKey;
  do {
    const page = await client.send(new ScanCommand({ TableName, ExclusiveStartKey, ConsistentRead: true }));
    page.Items.forEach((item) => show(item));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

const actions = {
  scan: (table) => scan(table),
  items: async (...tables) => {
    for (const table of tables) await scan(table, (item) => print({ table, item }));
  },
  tables: async () => (await client.send(new ListTablesCommand({}))).TableNames.forEach(print),
  describe: async (TableName) => print((await client.send(new DescribeTableCommand({ TableName }))).Table),
  create: (parameters) => client.send(new CreateTableCommand(JSON.parse(parameters))),
  drop: (TableName) => client.send(new DeleteTableCommand({ TableName })),
};

const [action, ...args] = process.argv.slice(2);
await actions[action](...args);
