// What a round leaves outside of the server: UNLOADs that the warehouse finished, objects below the stage.
import { createRequire } from 'node:module';
import { connectWarehouse } from '../../demo/lib/source_rows.mjs';

const { S3Client, ListObjectsV2Command } = createRequire(new URL('../stack/package.json', import.meta.url))('@aws-sdk/client-s3');

export class Traces {
  constructor({ adminDsn, s3Endpoint, bucket, aws }) {
    Object.assign(this, { adminDsn, bucket });
    this.s3 = new S3Client({ endpoint: s3Endpoint, region: aws.AWS_REGION, forcePathStyle: true,
      credentials: { accessKeyId: aws.AWS_ACCESS_KEY_ID, secretAccessKey: aws.AWS_SECRET_ACCESS_KEY } });
  }

  async #ask(sql, values) {
    const client = await connectWarehouse(this.adminDsn);
    try { return Number((await client.query(sql, values)).rows[0].n); } finally { await client.end(); }
  }

  /** What was there before belongs to no round. */
  async begin() { this.lastQuery = await this.#ask('SELECT COALESCE(max(query_id), 0) AS n FROM redshift.unload_history'); }

  finishedUnloads() {
    return this.#ask("SELECT count(*) AS n FROM redshift.unload_history WHERE trim(status) = 'completed' AND query_id > $1", [this.lastQuery]);
  }

  /** At most a thousand. */
  async stagedObjects() { return (await this.s3.send(new ListObjectsV2Command({ Bucket: this.bucket }))).Contents?.length ?? 0; }
}
