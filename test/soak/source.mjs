// The source of every round: a table of the warehouse, and what a DynamoDB table must hold after it was loaded.
//
// Between the files of a job no order is promised, so rows with a key of another row lie in its file, or are equal to it. The
// gateway deals the rows of an ordered query to its slices in turn, and a slice begins a new file after so many rows: that is
// what fileOf and placeOf repeat.
import { expectationFor } from '../../demo/lib/expected.mjs';
import { connectWarehouse, sourceRows } from '../../demo/lib/source_rows.mjs';
import { copyRows } from '../stack/warehouse/copy.mjs';
import { ALL_MESSY_TEXTS } from '../stack/warehouse/messy_text.mjs';
import { Random } from '../stack/warehouse/random.mjs';
import { itemText, keyText } from './item_text.mjs';

const SEED = 20150831;
const SLICES = 4;
const EQUAL_EVERY = 97; // row 96 of so many is row 95 once more, which no other row may touch
const OTHER_VERSION = 0.05;
const KEY = ['id'];
export const QUERY = 'SELECT id, version, note, amount, big, flag, day, at FROM soak ORDER BY row_no';
const COLUMNS = ['row_no', 'id', 'version', 'note', 'amount', 'big', 'flag', 'day', 'at'];
const TABLE_SQL = `DROP TABLE IF EXISTS public.soak;
CREATE TABLE public.soak (row_no integer PRIMARY KEY, id varchar(40) NOT NULL, version integer NOT NULL, note varchar(600), amount numeric(38,10),
  big bigint, flag boolean, day date, at timestamp)`;

/** How the gateway has to be set so that `rows` fall into `files`. */
export const layoutOf = (rows, files) => ({ slices: Math.min(SLICES, files), rows_per_file: Math.ceil(rows / files) });

const placeOf = (row, { slices, rows_per_file: size }) => Math.floor(row / slices) % size;
export const fileOf = (row, { slices, rows_per_file: size }) => `${row % slices}/${Math.floor(Math.floor(row / slices) / size)}`;

/** The row whose key this one takes: an earlier one of its file, near or far; itself for a key of its own. */
function baseOf(row, random, layout) {
  const place = placeOf(row, layout);
  if (place === 0 || row % EQUAL_EVERY === EQUAL_EVERY - 2 || !random.chance(OTHER_VERSION)) return row;
  const back = random.chance(0.5) ? random.between(1, Math.min(place, 20)) : random.between(1, place);
  const base = row - back * layout.slices;
  return base % EQUAL_EVERY >= EQUAL_EVERY - 2 ? row : base;
}

const digits = (random, count) => (random.chance(0.5) ? '-' : '') + random.digits(count);

function noteOf(random) {
  if (random.chance(0.1)) return null;
  const note = random.pick(ALL_MESSY_TEXTS);
  return random.chance(0.5) ? note : `${note} ${'x'.repeat(random.below(120))}`;
}

/** The values of a row in the order of COLUMNS. */
export function sourceRow(row, layout) {
  if (row % EQUAL_EVERY === EQUAL_EVERY - 1) return [row, ...sourceRow(row - 1, layout).slice(1)];
  const random = Random.forRow(SEED, row);
  const base = baseOf(row, random, layout);
  return [row, `key ${base.toString(36)}`, row, noteOf(random), random.chance(0.1) ? null : `${digits(random, random.between(1, 28))}.${random.digits(random.between(1, 10))}`,
    random.chance(0.1) ? null : digits(random, random.between(1, 18)), random.chance(0.1) ? null : random.chance(0.5),
    random.chance(0.2) ? null : `20${10 + random.below(15)}-0${random.between(1, 9)}-${10 + random.below(18)}`,
    random.chance(0.2) ? null : `2019-03-${10 + random.below(20)} 0${random.below(10)}:${10 + random.below(50)}:07.${random.below(1000000)}`];
}

function* allRows(rows, layout) {
  for (let row = 0; row < rows; row += 1) yield sourceRow(row, layout);
}

/** Key text -> item text of every item that the table must hold, read from the warehouse itself. */
async function expectedItems(client) {
  const expected = new Map();
  for await (const { columns, rows } of sourceRows(client, QUERY)) {
    const expectations = columns.map(({ name, typeOid }) => [name, expectationFor(typeOid, name)]);
    for (const row of rows) {
      const item = {};
      expectations.forEach(([name, expectation], i) => {
        const value = expectation(row[i]);
        if (value !== undefined) item[name] = value;
      });
      expected.set(keyText(item, KEY), itemText(item));
    }
  }
  return expected;
}

/** Loads the source. Resolves to {rows, layout, key, expected}. */
export async function makeSource(adminDsn, rows, files) {
  const layout = layoutOf(rows, files);
  const client = await connectWarehouse(adminDsn);
  try {
    await client.query(TABLE_SQL);
    await copyRows(client, 'soak', COLUMNS, allRows(rows, layout));
    await client.query('ANALYZE public.soak');
    return { rows, layout, key: KEY, expected: await expectedItems(client) };
  } finally {
    await client.end();
  }
}
