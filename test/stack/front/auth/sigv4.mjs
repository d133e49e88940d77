// Recomputes the SigV4 signature of a request as received, with the canonicalisation of @smithy/signature-v4.
// Answers with a verdict; the wording of errors belongs to the services (dynamodb/errors.mjs, s3/errors.mjs).
// Never logs or returns a secret.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export const SKEW_LIMIT_MS = 15 * 60 * 1000;
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The hash interface that smithy expects, on Node's own SHA-256. */
export class NativeSha256 {
  constructor(secret) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(bytes) { this.hash.update(bytes); }
  async digest() { return new Uint8Array(this.hash.digest()); }
}

/** `Authorization` header -> its parts, or {malformed: text}. */
export function parseAuthorization(header) {
  const [algorithm, ...rest] = header.trim().split(/\s+/);
  if (algorithm !== ALGORITHM) return { malformed: 'algorithm' };
  const parts = new Map(rest.join('').split(',').map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, at), part.slice(at + 1)];
  }));
  for (const name of ['Credential', 'SignedHeaders', 'Signature']) {
    if (!parts.get(name)) return { malformed: name };
  }
  const scope = parts.get('Credential').split('/');
  if (scope.length < 5 || scope.at(-1) !== 'aws4_request') return { malformed: 'Credential' };
  const [date, region, service] = scope.slice(-4);
  return {
    accessKeyId: scope.slice(0, -4).join('/'), date, region, service,
    signedHeaders: parts.get('SignedHeaders').split(';'),
    signature: parts.get('Signature'),
  };
}

/** Headers as they came: lower-case names, repeated ones joined with a comma, bytes read as UTF-8. */
export function canonicalHeaderMap(rawHeaders) {
  const headers = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const value = Buffer.from(rawHeaders[i + 1], 'latin1').toString('utf8').trim();
    headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  return headers;
}

function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function encodeSegment(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Splits a request target; the S3 path is decoded and encoded once, as the service does before it signs. */
export function parseTarget(url, service) {
  const at = url.indexOf('?');
  const rawPath = at < 0 ? url : url.slice(0, at);
  const query = {};
  for (const pair of at < 0 ? [] : url.slice(at + 1).split('&').filter(Boolean)) {
    const eq = pair.indexOf('=');
    const name = decode(eq < 0 ? pair : pair.slice(0, eq));
    const value = eq < 0 ? '' : decode(pair.slice(eq + 1));
    query[name] = name in query ? [].concat(query[name], value) : value;
  }
  const path = service === 's3' ? rawPath.split('/').map((part) => encodeSegment(decode(part))).join('/') : rawPath;
  return { path, query };
}

/** Signing time in milliseconds, from X-Amz-Date or else Date; NaN when there is none. */
export function signingTime(headers) {
  const text = headers['x-amz-date'];
  if (text === undefined) return headers.date ? Date.parse(headers.date) : NaN;
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  return m ? Date.UTC(m[1], m[2] - 1, m[3], m[4], m[5], m[6]) : NaN;
}

export const longDate = (ms) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');

function sameText(a, b) {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

/** The signature the request should have: {signature, canonicalRequest, stringToSign, signingKey}. */
export async function recompute({ method, url, headers, payloadHash, auth, secret, signedAt }) {
  const signer = new SignatureV4({
    service: auth.service, region: auth.region, sha256: NativeSha256, uriEscapePath: auth.service !== 's3',
    credentials: { accessKeyId: auth.accessKeyId, secretAccessKey: secret },
  });
  const signed = {};
  for (const name of auth.signedHeaders) signed[name] = (headers[name] ?? '').replace(/\s+/g, ' ');
  const scope = `${auth.date}/${auth.region}/${auth.service}/aws4_request`;
  const request = { method, headers: signed, ...parseTarget(url, auth.service) };
  const canonicalRequest = signer.createCanonicalRequest(request, signed, payloadHash);
  const key = signer.getSigningKey({ accessKeyId: auth.accessKeyId, secretAccessKey: secret }, auth.region, auth.date);
  const stringToSign = await signer.createStringToSign(longDate(signedAt), scope, canonicalRequest, ALGORITHM);
  const signature = await signer.getSignature(longDate(signedAt), scope, key, canonicalRequest);
  return { signature, canonicalRequest, stringToSign, signingKey: await key, scope };
}

/**
 * Checks everything but the body's bytes (the caller gives the hash that the signature should cover).
 * Returns {ok: true, auth, credential, signature, ...} or {failure, ...details}; failures in the order of the service.
 */
export async function verify({ method, url, headers, payloadHash, service, regions, credentials, nowMs }) {
  if (!headers.authorization) return { failure: 'missing' };
  const auth = parseAuthorization(headers.authorization);
  if (auth.malformed) return { failure: 'malformed', part: auth.malformed };
  const signedAt = signingTime(headers);
  if (Number.isNaN(signedAt)) return { failure: 'no_date', auth };
  const credential = credentials.find(auth.accessKeyId);
  if (!credential) return { failure: 'unknown_key', auth };
  const token = headers['x-amz-security-token'];
  if ((credential.session_token ?? undefined) !== token) return { failure: 'bad_token', auth };
  if (credential.expires_at_ms <= nowMs) return { failure: 'expired_token', auth, token };
  if (Math.abs(nowMs - signedAt) > SKEW_LIMIT_MS) return { failure: 'skewed', auth, signedAt, nowMs };
  if (auth.service !== service) return { failure: 'wrong_service', auth };
  if (!regions.includes(auth.region)) return { failure: 'wrong_region', auth, expected: regions[0] };
  if (auth.date !== longDate(signedAt).slice(0, 8)) return { failure: 'wrong_date', auth, signedAt };
  const unsigned = unsignedHeaders(headers, auth, service);
  if (unsigned.length) return { failure: 'unsigned_headers', auth, unsigned };
  const made = await recompute({ method, url, headers, payloadHash, auth, secret: credential.secret_access_key, signedAt });
  if (!sameText(made.signature, auth.signature)) return { failure: 'mismatch', auth, ...made, signingKey: undefined };
  return { ok: true, auth, credential, signedAt, ...made };
}

/** Headers that must be covered by the signature but are not. */
function unsignedHeaders(headers, auth, service) {
  const required = service === 's3' ? Object.keys(headers).filter((name) => name.startsWith('x-amz-')) : [];
  return ['host', ...required].filter((name) => !auth.signedHeaders.includes(name));
}
