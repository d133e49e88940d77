// Deletes one object of the staging bucket, as a lifecycle rule would.
//   node t/lib/s3_delete.mjs KEY
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../test/stack/package.json', import.meta.url));
const { S3Client, DeleteObjectCommand } = require('@aws-sdk/client-s3');

const client = new S3Client({
  endpoint: process.env.RS2DDB_S3_ENDPOINT,
  region: process.env.AWS_REGION,
  forcePathStyle: true,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  },
});

await client.send(new DeleteObjectCommand({ Bucket: process.env.RS2DDB_S3_BUCKET, Key: process.argv[2] }));
