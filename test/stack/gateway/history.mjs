// The administrative connection: writes what the system views show, and hears which backends were cancelled.
import pg from 'pg';

const CHANNEL = 'redshift_cancel';

// libpq's key/value form.
export function parseDsn(dsn) {
  const values = {};
  for (const [, key, quoted, bare] of dsn.matchAll(/(\w+)\s*=\s*(?:'((?:\\.|[^'\\])*)'|(\S*))/g)) {
    values[key] = (quoted ?? bare).replace(/\\(.)/g, '$1');
  }
  return { host: values.host, port: Number(values.port ?? 5432), database: values.dbname, user: values.user,
    password: values.password };
}

export class History {
  constructor(dsn, onCancel) {
    this.client = new pg.Client({ ...parseDsn(dsn), application_name: 'gateway' });
    this.client.on('error', (error) => console.error('gateway: administrative connection:', error.message));
    this.client.on('notification', ({ payload }) => onCancel(Number(payload)));
  }

  async open() {
    await this.client.connect();
    await this.client.query(`LISTEN ${CHANNEL}`);
  }

  async close() {
    await this.client.end();
  }

  // The views lag or fail without harm to the UNLOAD itself.
  async run(sql, values) {
    try {
      return await this.client.query(sql, values);
    } catch (error) {
      console.error('gateway: history:', error.message);
      return null;
    }
  }

  async insert(job, status, errorMessage) {
    const { options, target } = job.plan;
    job.recorded = true;
    await this.run(`INSERT INTO redshift.unload_history (query_id, user_id, transaction_id, session_id, database_name, status,
        start_time, end_time, file_format, compression_type, unloaded_location, unloaded_rows, unloaded_files_count,
        unloaded_files_size, error_message, query_label, query_text)
      SELECT $1, (SELECT oid::int FROM pg_roles WHERE rolname = $2), $1, $3, $4, $5::text, clock_timestamp() AT TIME ZONE 'UTC',
        CASE WHEN $5::text <> 'running' THEN clock_timestamp() AT TIME ZONE 'UTC' END, $6, $7, $8, 0, 0, 0, $9, $10, $11`,
    [job.id, job.user ?? job.session.user, job.link.pid, job.session.database, status, options.format.toUpperCase(),
      job.compression.toUpperCase(), target, errorMessage?.slice(0, 512), job.label, job.text.slice(0, 4000)]);
  }

  async begin(job) {
    await this.insert(job, 'running', undefined);
  }

  async file(job, { key, rows, bytes, startedAt, endedAt }) {
    await this.run(`WITH counted AS (UPDATE redshift.unload_history SET unloaded_rows = unloaded_rows + $2,
        unloaded_files_count = unloaded_files_count + 1, unloaded_files_size = unloaded_files_size + $3 WHERE query_id = $1)
      INSERT INTO redshift.unload_detail VALUES ($1, $4, $5::timestamptz AT TIME ZONE 'UTC', $6::timestamptz AT TIME ZONE 'UTC', $2, $3)`,
    [job.id, rows, bytes, `s3://${job.plan.bucket}/${key}`, startedAt, endedAt]);
  }

  async end(job, status, errorMessage) {
    await this.run(`UPDATE redshift.unload_history SET status = $2, error_message = $3,
      end_time = clock_timestamp() AT TIME ZONE 'UTC' WHERE query_id = $1`, [job.id, status, errorMessage?.slice(0, 512)]);
  }

  async complete(job) {
    await this.end(job, 'completed', undefined);
  }

  async fail(job, errorMessage) {
    if (job.recorded) await this.end(job, 'aborted', errorMessage);
    else await this.insert(job, 'aborted', errorMessage);
  }
}
