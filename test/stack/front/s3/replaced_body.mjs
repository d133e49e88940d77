// Another body in the place of an object's, as the fault actions `edit` and `serve` ask.
import { readFile } from 'node:fs/promises';
import { readBody } from '../http/body.mjs';

const EDIT_LIMIT_BYTES = 64 * 1024 * 1024;

/** The body for a whole-object reply, or null when no action replaces it. Bytes are edited as Latin-1 text. */
export async function replacedBody(actions, reply) {
  const changes = actions.filter(({ type }) => type === 'edit' || type === 'serve');
  if (!changes.length || reply.statusCode !== 200) return null;
  let body = await readBody(reply, EDIT_LIMIT_BYTES);
  for (const { type, file, pattern, replacement = '' } of changes) {
    if (type === 'serve') body = await readFile(file);
    else body = Buffer.from(body.toString('latin1').replace(new RegExp(pattern, 'g'), replacement), 'latin1');
  }
  return body;
}
