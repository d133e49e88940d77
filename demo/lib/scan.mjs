// Reads every item of a DynamoDB table as raw attribute values.

import { dynamodb } from './packages.mjs';

const SEGMENTS = 4;

export function connectDynamoDb(environment) {
  const { RS2DDB_DYNAMODB_ENDPOINT: endpoint, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  return new dynamodb.DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 8 });
}

async function scanSegment(client, table, segment, onItem) {
  let start;
  do {
    const page = await client.send(new dynamodb.ScanCommand({
      TableName: table, ConsistentRead: true, Segment: segment, TotalSegments: SEGMENTS, ExclusiveStartKey: start,
    }));
    for (const item of page.Items ?? []) onItem(item);
    start = page.LastEvaluatedKey;
  } while (start);
}

/** Calls onItem for every item, some segments at a time: DynamoDB Local is slow at the later pages of a long segment. */
export async function scanItems(client, table, onItem) {
  await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => scanSegment(client, table, segment, onItem)));
}
