// Reads a CSV file as RFC 4180 describes it: quoted fields, doubled quotes, line ends inside quotes.

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/gy;

/** Yields one object per record; its keys are the names in the header line. */
export function* csvRecords(text) {
  let header = null;
  for (const fields of csvLines(text.replace(/^\ufeff/, ''))) {
    if (header === null) header = fields;
    else if (fields.length !== header.length) throw new Error(`CSV record with ${fields.length} fields, expected ${header.length}: ${fields[0]}`);
    else yield Object.fromEntries(header.map((name, i) => [name, fields[i]]));
  }
}

function* csvLines(text) {
  let fields = [];
  let position = 0;
  while (position < text.length) {
    FIELD.lastIndex = position;
    const match = FIELD.exec(text);
    if (match === null) throw new Error(`CSV not understood at character ${position + 1}`);
    fields.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2]);
    position = FIELD.lastIndex;
    if (match[3] !== ',') {
      yield fields;
      fields = [];
    } else if (position === text.length) {
      fields.push('');
      yield fields;
    }
  }
}
