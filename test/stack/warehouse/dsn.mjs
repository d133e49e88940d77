// Reads a libpq connection string (key/value form or URI) into the settings the `pg` client takes.

const SETTINGS = { host: 'host', hostaddr: 'host', port: 'port', dbname: 'database', user: 'user', password: 'password' };

const PAIR = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))/gy;

export function parseDsn(dsn) {
  if (/^postgres(ql)?:\/\//.test(dsn)) return { connectionString: dsn };
  const settings = {};
  PAIR.lastIndex = 0;
  let end = 0;
  for (let pair; (pair = PAIR.exec(dsn)) !== null; end = PAIR.lastIndex) {
    const name = SETTINGS[pair[1]];
    if (name) settings[name] = (pair[2] ?? pair[3]).replace(/\\(.)/g, '$1');
  }
  // The text stays out of the message: it may hold a password.
  if (dsn.slice(end).trim() !== '') throw new Error(`connection string not understood at character ${end + 1}`);
  if (settings.port) settings.port = Number(settings.port);
  return settings;
}
