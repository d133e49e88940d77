// Which columns a format can take.
import { SqlError } from './lexer.mjs';
import { columnKind } from './types.mjs';

const NOT_IN_JSON = new Set(['varbyte', 'geometry', 'geography', 'hllsketch', 'time without time zone', 'time with time zone']);

export function checkColumns(columns, format) {
  if (format !== 'json') return;
  const seen = new Set();
  for (const { name, oid } of columns) {
    const kind = columnKind(oid);
    if (NOT_IN_JSON.has(kind)) {
      throw new SqlError('0A000', `UNLOAD ${kind} column "${name}" is only supported for TEXT/CSV.`);
    }
    if (seen.has(name)) throw new SqlError('42701', `UNLOAD to JSON needs unique column names: "${name}" is used more than once`);
    seen.add(name);
  }
}
