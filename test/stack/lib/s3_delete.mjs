// DeleteObjects with Quiet and any key, and AbortMultipartUpload: s3rver fails on the first for keys that look like
// numbers and lacks the second.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeXml } from './s3_list.mjs';

const MAX_KEYS = 1000;
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex || decimal) return String.fromCodePoint(parseInt(hex ?? decimal, hex ? 16 : 10));
    return NAMED[name] ?? whole;
  });
}

/** {keys, quiet} of a Delete document; throws RangeError when it is none. */
export function parseDelete(xml) {
  const keys = [...xml.matchAll(/<Object>[\s\S]*?<Key>([\s\S]*?)<\/Key>[\s\S]*?<\/Object>/g)].map((m) => unescapeXml(m[1]));
  if (!/<Delete[\s>]/.test(xml) || !keys.length || keys.length > MAX_KEYS) {
    throw new RangeError('The XML you provided was not well-formed or did not validate against our published schema');
  }
  return { keys, quiet: /<Quiet>\s*true\s*<\/Quiet>/.test(xml) };
}

/** Deletes and returns the reply's XML. Keys that do not exist count as deleted. */
export async function deleteObjects(store, bucket, xml) {
  const { keys, quiet } = parseDelete(xml);
  await Promise.all(keys.map((key) => store.deleteObject(bucket, key)));
  const deleted = quiet ? '' : keys.map((key) => `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${deleted}</DeleteResult>`;
}

/** Removes the parts of an unfinished upload; false when there is no such upload. */
export async function abortUpload(store, bucket, uploadId) {
  if (!/^[0-9a-f]{32}$/.test(uploadId)) return false;
  const folder = join(store.getResourcePath(bucket, undefined, 'uploads'), uploadId);
  return rm(folder, { recursive: true }).then(() => true, () => false);
}
