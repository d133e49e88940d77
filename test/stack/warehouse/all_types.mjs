// all_types: every Redshift type at its limits. First one row for each single value (all other columns NULL),
// so that a difference names its cause; then rows with all columns set; then rows with random values.

import { Random } from './random.mjs';
import { TYPE_LIMITS } from './type_limits.mjs';

const SEED = 38_037;
const COMBINED_ROWS = 60;
const RANDOM_ROWS = 200;
const SMALL_CHARS = 5_000;

function* singleValueRows() {
  yield ['all NULL', ...TYPE_LIMITS.map(() => null)];
  for (const [column, [name, , values]] of TYPE_LIMITS.entries()) {
    for (const [number, value] of values.entries()) {
      yield [`${name} ${number}`, ...TYPE_LIMITS.map((_, i) => (i === column ? value : null))];
    }
  }
}

/** All columns together; long values stay out, so that an item remains far below 400 KB. */
function* combinedRows() {
  const lists = TYPE_LIMITS.map(([, , values]) => values.filter((value) => value.length <= SMALL_CHARS));
  for (let row = 0; row < COMBINED_ROWS; row += 1) yield [`combined ${row}`, ...lists.map((list) => list[row % list.length])];
}

const float64 = new DataView(new ArrayBuffer(8));

function randomReal(random) {
  float64.setUint32(0, random.uint32());
  const value = float64.getFloat32(0);
  return Number.isFinite(value) ? value : 0;
}

function randomDouble(random) {
  for (;;) {
    float64.setUint32(0, random.uint32());
    float64.setUint32(4, random.uint32());
    const value = float64.getFloat64(0);
    if (Math.abs(value) >= 1e-130 && Math.abs(value) < 9.9e125) return value;
  }
}

function randomDecimal(random, scale) {
  const digits = random.digits(random.between(1, 38)).padStart(scale + 1, '0');
  return `${random.chance(0.5) ? '-' : ''}${scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`}`;
}

const two = (number) => String(number).padStart(2, '0');
const randomDate = (random) => `${String(random.between(1, 9999)).padStart(4, '0')}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`;
const randomTime = (random) => `${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}.${String(random.below(1_000_000)).padStart(6, '0')}`;

const RANDOM_VALUES = {
  c_smallint: (random) => random.between(-32768, 32767),
  c_integer: (random) => random.uint32() - 0x8000_0000,
  c_bigint: (random) => BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())),
  c_decimal_0: (random) => randomDecimal(random, 0),
  c_decimal_2: (random) => randomDecimal(random, 2),
  c_decimal_18: (random) => randomDecimal(random, 18),
  c_decimal_37: (random) => randomDecimal(random, 37),
  c_real: randomReal,
  c_double: randomDouble,
  c_date: randomDate,
  c_time: randomTime,
  c_timestamp: (random) => `${randomDate(random)} ${randomTime(random)}`,
  c_varbyte: (random) => `\\x${Array.from({ length: random.below(40) }, () => random.below(256).toString(16).padStart(2, '0')).join('')}`,
  c_super: (random) => `{"n":[${randomDecimal(random, 18)},${randomDouble(random)}]}`,
};

function* randomRows() {
  for (let row = 0; row < RANDOM_ROWS; row += 1) {
    const random = Random.forRow(SEED, row);
    yield [`random ${row}`, ...TYPE_LIMITS.map(([name]) => RANDOM_VALUES[name]?.(random) ?? null)];
  }
}

export const allTypes = {
  name: 'all_types',
  comment: 'every type at its limits; label says what a row is about',
  columns: [['id', 'INTEGER NOT NULL'], ['label', 'VARCHAR(64)'], ...TYPE_LIMITS.map(([name, type]) => [name, type])],
  *rows() {
    let id = 0;
    for (const make of [singleValueRows, combinedRows, randomRows]) {
      for (const row of make()) {
        id += 1;
        yield [id, ...row];
      }
    }
  },
};
