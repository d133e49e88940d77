// Ranges and If-Match for reads, and conditional writes: what s3rver ignores or gets wrong.
import { preconditionFailed, S3Failure } from './errors.mjs';

/** {first, last} or {suffix}; null for what S3 ignores (several ranges, other units, nonsense). */
export function parseRange(header) {
  const m = /^bytes=(\d*)-(\d*)$/.exec((header ?? '').trim());
  if (!m || (!m[1] && !m[2])) return null;
  if (!m[1]) return { suffix: Number(m[2]) };
  const range = { first: Number(m[1]), last: m[2] ? Number(m[2]) : undefined };
  return range.last !== undefined && range.last < range.first ? null : range;
}

/** The Range header to send on: a suffix range becomes one with positions. Undefined: no range. */
export async function rangeToSend(header, sizeOf) {
  const range = parseRange(header);
  if (!range) return undefined;
  if (range.suffix === undefined) return `bytes=${range.first}-${range.last ?? ''}`;
  const size = await sizeOf();
  if (size === null) return undefined;
  if (range.suffix === 0 || size === 0) throw invalidRange(header, size);
  return `bytes=${Math.max(0, size - range.suffix)}-${size - 1}`;
}

const invalidRange = (requested, size) => new S3Failure(416, 'InvalidRange', 'The requested range is not satisfiable',
  { RangeRequested: requested, ActualObjectSize: size }, { 'Content-Range': `bytes */${size}` });

/** Throws when the object that was found is not the one the client named, or when an empty object was asked for a range. */
export function checkRead(headers, reply) {
  const wanted = headers['if-match'];
  if (wanted && wanted !== '*' && !listsTag(wanted, reply.headers.etag)) throw preconditionFailed('If-Match');
  if (reply.headers['content-range']?.endsWith('/0')) throw invalidRange(headers.range, 0);
}

/** Throws when a conditional PUT must not go on. `etagOf` resolves to the present object's ETag or null. */
export async function checkWrite(headers, etagOf) {
  const { 'if-none-match': noneMatch, 'if-match': match } = headers;
  if (noneMatch === undefined && match === undefined) return;
  const etag = await etagOf();
  if (noneMatch === '*' && etag !== null) throw preconditionFailed('If-None-Match');
  if (match !== undefined && etag === null) throw new S3Failure(404, 'NoSuchKey', 'The specified key does not exist.');
  if (match !== undefined && !listsTag(match, etag)) throw preconditionFailed('If-Match');
}

const bare = (tag) => tag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');

function listsTag(header, etag) {
  return etag !== undefined && header.split(',').some((tag) => bare(tag) === bare(etag));
}
