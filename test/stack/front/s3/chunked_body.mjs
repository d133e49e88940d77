// Decodes aws-chunked bodies (x-amz-content-sha256: STREAMING-...), checks chunk signatures, trailer and length.
import { createHash, createHmac } from 'node:crypto';
import { Transform } from 'node:stream';
import { longDate } from '../auth/sigv4.mjs';
import { S3Failure } from './errors.mjs';
import { badChecksum, checksumHash } from './verified_body.mjs';

const EMPTY_SHA256 = createHash('sha256').digest('hex');
const LINE_LIMIT_BYTES = 8192;

export const isStreaming = (contentSha256) => /^STREAMING-/.test(contentSha256 ?? '');
export const KNOWN_STREAMING = ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER'];

const incomplete = () => new S3Failure(400, 'IncompleteBody', 'The request body terminated unexpectedly');
const badSignature = () => new S3Failure(403, 'SignatureDoesNotMatch',
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.');

export class ChunkedBody extends Transform {
  /** verdict: what auth/sigv4.mjs returned for the head of the request */
  constructor(headers, verdict) {
    super();
    this.signed = headers['x-amz-content-sha256'].startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
    this.verdict = verdict;
    this.previous = verdict.signature;
    this.expectedBytes = Number(headers['x-amz-decoded-content-length']);
    this.trailerName = headers['x-amz-trailer']?.toLowerCase();
    this.checksum = checksumHash(this.trailerName?.replace('x-amz-checksum-', ''));
    this.decodedBytes = 0;
    this.line = Buffer.alloc(0);
    this.trailers = {};
    this.step = this.readChunkHead;
  }

  _transform(data, _encoding, next) {
    try {
      let rest = data;
      while (rest.length) rest = this.step(rest);
      next();
    } catch (error) {
      next(error);
    }
  }

  _flush(next) {
    try {
      if (this.step !== this.readNothing) throw incomplete();
      if (this.decodedBytes !== this.expectedBytes) throw incomplete();
      this.#checkTrailer();
      next();
    } catch (error) {
      next(error);
    }
  }

  /** Collects bytes up to CR LF; returns [line or null, rest]. */
  #takeLine(data) {
    const all = this.line.length ? Buffer.concat([this.line, data]) : data;
    const at = all.indexOf('\r\n');
    if (at < 0) {
      if (all.length > LINE_LIMIT_BYTES) throw new S3Failure(400, 'InvalidChunkSizeError', 'Chunk header is too long');
      this.line = Buffer.from(all);
      return [null, all.subarray(all.length)];
    }
    this.line = Buffer.alloc(0);
    return [all.toString('latin1', 0, at), all.subarray(at + 2)];
  }

  readChunkHead(data) {
    const [line, rest] = this.#takeLine(data);
    if (line === null) return rest;
    const m = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!m) throw incomplete();
    this.left = parseInt(m[1], 16);
    this.chunkSignature = m[2];
    this.chunkHash = createHash('sha256');
    if (this.left > 0) this.step = this.readData;
    else this.#endOfData();
    return rest;
  }

  #endOfData() {
    this.#checkChunk();
    this.step = this.readTrailer;
  }

  readData(data) {
    const part = data.subarray(0, this.left);
    this.left -= part.length;
    this.decodedBytes += part.length;
    if (this.signed) this.chunkHash.update(part);
    this.checksum?.update(part);
    this.push(part);
    if (this.left === 0) this.step = this.readDataEnd;
    return data.subarray(part.length);
  }

  readDataEnd(data) {
    const [line, rest] = this.#takeLine(data);
    if (line === null) return rest;
    if (line !== '') throw incomplete();
    this.#checkChunk();
    this.step = this.readChunkHead;
    return rest;
  }

  readTrailer(data) {
    const [line, rest] = this.#takeLine(data);
    if (line === null) return rest;
    if (line === '') {
      this.step = this.readNothing;
      return rest;
    }
    const at = line.indexOf(':');
    this.trailers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
    return rest;
  }

  /** After the end: bytes that follow are ignored. */
  readNothing(data) { return data.subarray(data.length); }

  #sign(kind, ...hashes) {
    const { signingKey, scope, signedAt } = this.verdict;
    const text = [kind, longDate(signedAt), scope, this.previous, ...hashes].join('\n');
    return createHmac('sha256', signingKey).update(text).digest('hex');
  }

  #checkChunk() {
    if (!this.signed) return;
    const expected = this.#sign('AWS4-HMAC-SHA256-PAYLOAD', EMPTY_SHA256, this.chunkHash.digest('hex'));
    if (expected !== this.chunkSignature) throw badSignature();
    this.previous = expected;
  }

  #checkTrailer() {
    if (!this.trailerName) return;
    const value = this.trailers[this.trailerName];
    if (value === undefined) {
      throw new S3Failure(400, 'MalformedTrailerError',
        'The request contained trailing data that was not well-formed or did not conform to our published schema.');
    }
    if (this.checksum && this.checksum.digest('base64') !== value) throw badChecksum(this.trailerName.replace('x-amz-checksum-', ''));
    if (!this.signed) return;
    const lines = createHash('sha256').update(`${this.trailerName}:${value}\n`).digest('hex');
    if (this.#sign('AWS4-HMAC-SHA256-TRAILER', lines) !== this.trailers['x-amz-trailer-signature']) throw badSignature();
  }
}
