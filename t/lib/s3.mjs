// Looks into the staging bucket for the tests, with AWS's own client.
//   node t/lib/s3.mjs list PREFIX      keys, one a line
//   node t/lib/s3.mjs put KEY TEXT     another content for an object
//   node t/lib/s3.mjs delete KEY       one object, as a lifecycle rule would
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../test/stack/package.json', import.meta.url));
const { S3Client, ListObjectsV2Command, PutObjectCommand, DeleteObjectCommand } = require('@aws-sdk/client-s3');

const client = new S3Client({
  endpoint: process.env.RS2DDB_S3_ENDPOINT,
  region: process.env.AWS_REGION,
  forcePathStyle: true,
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  },
});

async function list(Prefix) {
  let ContinuationToken;
  do {
    const page = await client.send(new ListObjectsV2Command({
      Bucket: process.env.RS2DDB_S3_BUCKET, Prefix, ContinuationToken,
    }));
    (page.Contents ?? []).forEach((object) => console.log(object.Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
}

const actions = {
  list,
  put: (Key, Body) => client.send(new PutObjectCommand({ Bucket: process.env.RS2DDB_S3_BUCKET, Key, Body })),
  delete: (Key) => client.send(new DeleteObjectCommand({ Bucket: process.env.RS2DDB_S3_BUCKET, Key })),
};

const [action, ...args] = process.argv.slice(2);
await actions[action](...args);
