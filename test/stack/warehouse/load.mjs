#!/usr/bin/env node
// Loads the test and demo tables into the stand-in warehouse (schema public), replacing those that exist.
//
//   node test/stack/warehouse/load.mjs [--rows N] [--flights N] [--tables a,b]
//
// RS2DDB_WAREHOUSE_ADMIN_DSN says where. Prints one line per table.

import { parseArgs } from 'node:util';
import pg from 'pg';
import { allTypes } from './all_types.mjs';
import { badRows } from './bad_rows.mjs';
import { copyRows } from './copy.mjs';
import { parseDsn } from './dsn.mjs';
import { airports, birdstrikes, earthquakes, flights, movies, zipcodes } from './public_data.mjs';
import { amazonReviews } from './reviews.mjs';
import { DEFAULT_FLIGHT_ROWS, DEFAULT_REVIEW_ROWS } from './sizes.mjs';

const TABLES = [airports, zipcodes, birdstrikes, movies, earthquakes, flights, amazonReviews, allTypes, badRows];

const USAGE = `usage: load.mjs [--rows N] [--flights N] [--tables a,b]
  --rows N      rows of amazon_reviews (default ${DEFAULT_REVIEW_ROWS})
  --flights N   rows of flights (default ${DEFAULT_FLIGHT_ROWS})
  --tables a,b  only these of: ${TABLES.map((table) => table.name).join(', ')}`;

function count(text, option) {
  if (!/^\d+$/.test(text)) throw new Error(`--${option} takes a number, not "${text}"\n${USAGE}`);
  return Number(text);
}

function chosenTables(names) {
  if (names === undefined) return TABLES;
  return names.split(',').map((name) => {
    const table = TABLES.find((candidate) => candidate.name === name);
    if (!table) throw new Error(`no table "${name}"\n${USAGE}`);
    return table;
  });
}

function readArguments() {
  const { values } = parseArgs({
    options: { rows: { type: 'string' }, flights: { type: 'string' }, tables: { type: 'string' }, help: { type: 'boolean' } },
  });
  return {
    help: values.help ?? false,
    tables: chosenTables(values.tables),
    sizes: {
      reviewRows: values.rows ? count(values.rows, 'rows') : DEFAULT_REVIEW_ROWS,
      flightRows: values.flights ? count(values.flights, 'flights') : DEFAULT_FLIGHT_ROWS,
    },
  };
}

async function createTable(client, table) {
  const columns = table.columns.map(([name, type]) => `"${name}" ${type}`).join(', ');
  await client.query(`DROP TABLE IF EXISTS public."${table.name}"`);
  await client.query(`CREATE TABLE public."${table.name}" (${columns})`);
  await client.query(`COMMENT ON TABLE public."${table.name}" IS '${table.comment.replaceAll("'", "''")}'`);
}

/** One transaction per table: readers see the old table or the new one. */
async function loadTable(client, table, sizes) {
  await client.query('BEGIN');
  await createTable(client, table);
  const rows = await copyRows(client, table.name, table.columns.map(([name]) => name), table.rows(sizes));
  await client.query('COMMIT');
  await client.query(`ANALYZE public."${table.name}"`);
  return rows;
}

async function main() {
  const { help, tables, sizes } = readArguments();
  if (help) return console.log(USAGE);
  const dsn = process.env.RS2DDB_WAREHOUSE_ADMIN_DSN;
  if (!dsn) throw new Error('RS2DDB_WAREHOUSE_ADMIN_DSN is not set (source .stack/env)');
  const client = new pg.Client({ ...parseDsn(dsn), application_name: 'rs2ddb load' });
  await client.connect();
  try {
    await client.query("SET client_encoding TO 'UTF8'; SET client_min_messages TO warning; SET timezone TO 'UTC'");
    for (const table of tables) {
      const startedMs = performance.now();
      const rows = await loadTable(client, table, sizes);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`${table.name.padEnd(16)}${String(rows).padStart(9)} rows${seconds.padStart(7)} s`);
    }
  } finally {
    await client.end();
  }
}

main().catch((error) => {
  console.error(`load: ${error.message}${error.where ? ` (${error.where})` : ''}`);
  process.exitCode = 1;
});
