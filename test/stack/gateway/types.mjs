// Redshift's types beside the PostgreSQL types that carry them (domains arrive as their base type).

const TO_REDSHIFT = new Map([
  [17, { oid: 6551, size: -1 }], // bytea carries varbyte
  [114, { oid: 4000, size: -1 }], // json carries super
  [600, { oid: 3000, size: -1 }], // point carries geometry
  [718, { oid: 3001, size: -1 }], // circle carries geography
  [3614, { oid: 2935, size: -1 }], // tsvector carries hllsketch
]);
const TO_POSTGRES = new Map([...TO_REDSHIFT].map(([postgres, { oid }]) => [oid, postgres]));
TO_POSTGRES.set(1188, 1186).set(1190, 1186);

const YEAR_MONTH_FIELDS = 0x0006; // bits of MONTH (1) and YEAR (2) in the range part of an interval's typmod
const FULL_RANGE = 0x7fff;

function intervalOid(typmod) {
  if (typmod < 0) return 1186;
  const range = (typmod >> 16) & FULL_RANGE;
  if (range === FULL_RANGE) return 1186;
  return (range & ~YEAR_MONTH_FIELDS) === 0 ? 1188 : 1190;
}

export function redshiftColumn(column) {
  if (column.oid === 1186) return { ...column, oid: intervalOid(column.typmod) };
  const mapped = TO_REDSHIFT.get(column.oid);
  return mapped ? { ...column, ...mapped } : column;
}

export function postgresOid(oid) {
  return TO_POSTGRES.get(oid) ?? oid;
}

// How a column's text form is treated, by the PostgreSQL type that carries it.
export function columnKind(oid) {
  switch (oid) {
    case 16: return 'boolean';
    case 20: case 21: case 23: return 'integer';
    case 17: return 'varbyte';
    case 114: return 'super';
    case 600: return 'geometry';
    case 718: return 'geography';
    case 3614: return 'hllsketch';
    case 700: return 'real';
    case 701: return 'double';
    case 1042: return 'char';
    case 1083: return 'time without time zone';
    case 1266: return 'time with time zone';
    case 1700: return 'decimal';
    default: return 'string';
  }
}

const MANIFEST_BASES = new Map([[16, 'boolean'], [20, 'bigint'], [21, 'smallint'], [23, 'integer'], [114, 'super'],
  [700, 'real'], [701, 'double precision'], [1042, 'character'], [1082, 'date'], [1083, 'time without time zone'],
  [1114, 'timestamp without time zone'], [1184, 'timestamp with time zone'], [1186, 'interval'],
  [1266, 'time with time zone'], [1700, 'numeric'], [17, 'binary varying'], [600, 'geometry'], [718, 'geography'],
  [3614, 'hllsketch']]);

// The `type` of a column in the schema of a verbose manifest.
export function manifestType({ oid, typmod }) {
  const base = MANIFEST_BASES.get(oid) ?? 'character varying';
  if (oid === 1700) {
    const bits = typmod < 0 ? (38 << 16) : typmod - 4;
    return { base, precision: (bits >> 16) & 0xffff, scale: bits & 0x7ff };
  }
  if (base.startsWith('character')) return { base, max_length: typmod > 4 ? typmod - 4 : 65535 };
  return { base };
}
