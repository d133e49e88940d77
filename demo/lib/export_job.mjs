// Runs one export through the extension's SQL surface: queue it, wait until it has settled.

import { dynamodb as sdk, pg } from './packages.mjs';
import { parseDsn } from '../../test/stack/warehouse/dsn.mjs';

export const SETTLED_STATES = ['succeeded', 'failed', 'canceled'];

/** A connection to the PostgreSQL with the extension; all values come as text. */
export async function connectExtension(environment) {
  const client = new pg.Client({
    ...parseDsn(environment.RS2DDB_PG_DSN), types: { getTypeParser: () => (text) => text }, application_name: 'rs2ddb demo',
  });
  await client.connect();
  await client.query("SET client_encoding TO 'UTF8'; SET intervalstyle TO 'postgres'");
  return client;
}

export async function dropTargetTable(dynamodb, table) {
  try {
    await dynamodb.send(new sdk.DeleteTableCommand({ TableName: table }));
    await sdk.waitUntilTableNotExists({ client: dynamodb, maxWaitTime: 30, minDelay: 1 }, { TableName: table });
  } catch (error) {
    if (error.name !== 'ResourceNotFoundException') throw error;
  }
}

/** Queues the job; returns its id. */
export async function queueExport(client, server, { query, dynamodbTable, key, badRows = 0 }) {
  const { rows } = await client.query(
    'SELECT rs2ddb_export(query => $1, table_name => $2, server => $3, key => $4, max_rejects => $5) AS job_id',
    [query, dynamodbTable, server, key, badRows],
  );
  return rows[0].job_id;
}

/** Waits until the job has settled; returns its row of rs2ddb.job. */
export async function waitForJob(client, jobId) {
  for (;;) {
    const { rows: [waited] } = await client.query('SELECT * FROM rs2ddb_wait($1)', [jobId]);
    if (waited && SETTLED_STATES.includes(waited.state)) break;
  }
  const { rows: [job] } = await client.query('SELECT * FROM rs2ddb.job WHERE job_id = $1', [jobId]);
  return job;
}

export async function readProgress(client, jobIds) {
  const { rows } = await client.query('SELECT * FROM rs2ddb.progress WHERE job_id = ANY ($1::bigint[])', [jobIds]);
  return new Map(rows.map((row) => [row.job_id, row]));
}

export async function readRejects(client, jobId) {
  const { rows } = await client.query('SELECT * FROM rs2ddb.reject WHERE job_id = $1 ORDER BY file_no, row_number', [jobId]);
  return rows;
}
