// A body on its way to the emulator: hashed as it passes, its last piece held until every declared checksum agrees,
// so that a wrong body never becomes an object. Memory: one chunk.
import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { crc32 } from '../http/crc32.mjs';
import { S3Failure } from './errors.mjs';

const HEX_64 = /^[0-9a-f]{64}$/i;

class Crc32 {
  value = 0;
  update(chunk) { this.value = crc32(chunk, this.value); }
  digest() {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.value >>> 0);
    return bytes.toString('base64');
  }
}

const CHECKSUMS = { crc32: () => new Crc32(), sha256: () => createHash('sha256'), sha1: () => createHash('sha1') };

export const checksumHash = (algorithm) => CHECKSUMS[algorithm]?.();

/** Checks for a request's headers: [{hash, encoding, expected, failure}]. */
export function declaredChecks(headers) {
  const checks = [];
  const declared = headers['x-amz-content-sha256'] ?? '';
  if (HEX_64.test(declared)) {
    checks.push({ hash: createHash('sha256'), encoding: 'hex', expected: declared.toLowerCase(), failure: (got) =>
      new S3Failure(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.",
        { ClientComputedContentSHA256: declared, S3ComputedContentSHA256: got }) });
  }
  if (headers['content-md5']) {
    checks.push({ hash: createHash('md5'), encoding: 'base64', expected: headers['content-md5'], failure: (got) =>
      new S3Failure(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.',
        { ExpectedDigest: headers['content-md5'], CalculatedDigest: got }) });
  }
  for (const algorithm of Object.keys(CHECKSUMS)) {
    const expected = headers[`x-amz-checksum-${algorithm}`];
    if (expected) checks.push({ hash: checksumHash(algorithm), encoding: 'base64', expected, failure: () => badChecksum(algorithm) });
  }
  return checks;
}

export const badChecksum = (algorithm) => new S3Failure(400, 'BadDigest',
  `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`);

export class VerifiedBody extends Transform {
  constructor(checks) {
    super();
    this.checks = checks;
    this.held = null;
    this.received = 0;
  }

  _transform(chunk, _encoding, next) {
    for (const { hash } of this.checks) hash.update(chunk);
    this.received += chunk.length;
    const ready = this.held;
    this.held = chunk;
    if (ready) next(null, ready);
    else next();
  }

  _flush(next) {
    for (const { hash, encoding, expected, failure } of this.checks) {
      const got = hash.digest(encoding);
      if (got !== expected) return next(failure(got));
    }
    if (this.held) this.push(this.held);
    return next();
  }
}
