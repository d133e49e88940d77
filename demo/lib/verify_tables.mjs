// Verifies a list of tables with one connection to each side.

import { connectDynamoDb } from './scan.mjs';
import { connectWarehouse } from './source_rows.mjs';
import { verificationLines } from './verification_text.mjs';
import { verifyTable } from './verify_table.mjs';

/** A table that cannot be read is a difference, not the end of the verification. */
const notVerified = ({ dynamodbTable }, error) => ({ dynamodbTable, error, verified: 0, differences: 1, shown: [] });

/** Verifies the tables one after the other; print gets the lines to show. Returns { verified, differences }. */
export async function verifyTables(tables, environment, print) {
  const warehouse = await connectWarehouse(environment.RS2DDB_WAREHOUSE_ADMIN_DSN);
  const dynamodb = connectDynamoDb(environment);
  const sum = { verified: 0, differences: 0 };
  try {
    for (const entry of tables) {
      const result = await verifyTable({ warehouse, dynamodb }, entry).catch((error) => notVerified(entry, error));
      verificationLines(result).forEach(print);
      sum.verified += result.verified;
      sum.differences += result.differences;
    }
  } finally {
    await warehouse.end();
    dynamodb.destroy();
  }
  return sum;
}
