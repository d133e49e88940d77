// Reads the rows of a query straight from the warehouse PostgreSQL, as text with type OIDs, through a cursor.

import { parseDsn } from '../../test/stack/warehouse/dsn.mjs';
import { pg } from './packages.mjs';

const FETCH_ROWS = 2_000;

// expected.mjs relies on these text forms: floats in their shortest exact form, times in UTC.
const SESSION = `
  SET client_encoding TO 'UTF8'; SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET intervalstyle TO 'iso_8601';
  SET bytea_output TO 'hex'; SET extra_float_digits TO 1; SET search_path TO public`;

const textOnly = { getTypeParser: () => (text) => text };

export async function connectWarehouse(dsn) {
  const client = new pg.Client({ ...parseDsn(dsn), types: textOnly, application_name: 'rs2ddb verify' });
  await client.connect();
  await client.query(SESSION);
  return client;
}

/** Yields { columns: [{ name, typeOid }], rows: [[text or null, ...], ...] } a portion at a time, at least once. */
export async function* sourceRows(client, query) {
  await client.query('BEGIN TRANSACTION READ ONLY');
  try {
    await client.query(`DECLARE source NO SCROLL CURSOR FOR ${query}`);
    let result;
    do {
      result = await client.query({ text: `FETCH ${FETCH_ROWS} FROM source`, rowMode: 'array' });
      yield { columns: result.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID })), rows: result.rows };
    } while (result.rows.length === FETCH_ROWS);
  } finally {
    await client.query('ROLLBACK');
  }
}
