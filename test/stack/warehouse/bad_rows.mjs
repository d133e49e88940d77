// bad_rows: a small table in which three rows cannot become DynamoDB items (with part_no as the key):
// an empty key, a NULL key, and one of more than 400 KB. `good` says which rows must arrive.

const WIDE_CHARS = 65_000;
const WIDE_COLUMNS = 7;
const GOOD_PARTS = ['A-100', 'A-101', 'B-7', 'C-0001', ' ', 'NULL', 'ünïcode'];

const wideColumns = Array.from({ length: WIDE_COLUMNS }, (_, i) => `notes_${i + 1}`);
const short = wideColumns.map((_, i) => (i === 0 ? 'short' : null));
const wide = wideColumns.map((_, i) => String.fromCharCode(0x61 + i).repeat(WIDE_CHARS));

export const badRows = {
  name: 'bad_rows',
  comment: 'three of its rows cannot become DynamoDB items: empty key, NULL key, more than 400 KB',
  columns: [['part_no', 'VARCHAR(20)'], ['what', 'VARCHAR(64)'], ['good', 'BOOLEAN'], ...wideColumns.map((name) => [name, 'VARCHAR(65535)'])],
  *rows() {
    for (const part of GOOD_PARTS) yield [part, 'a part', 't', ...short];
    yield ['', 'the key is an empty string', 'f', ...short];
    yield [null, 'the key is NULL', 'f', ...short];
    yield ['HUGE-1', 'more than 400 KB', 'f', ...wide];
  },
};
