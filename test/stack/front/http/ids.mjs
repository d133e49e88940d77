// Request ids in the shape the services give them.
import { randomBytes } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function letters(count) {
  let text = '';
  for (const byte of randomBytes(count)) text += LETTERS[byte % LETTERS.length];
  return text;
}

export const dynamodbRequestId = () => letters(52);
export const s3RequestId = () => letters(16);
export const s3HostId = () => randomBytes(56).toString('base64');
