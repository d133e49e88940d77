// Error replies of S3: status, wording and XML.
import { longDate, SKEW_LIMIT_MS } from '../auth/sigv4.mjs';

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };
export const escapeXml = (text) => String(text).replace(/[&<>"\r]/g, (c) => ENTITIES[c]);

/** An S3 error that can be thrown through streams. `fields` become XML elements after the message. */
export class S3Failure extends Error {
  constructor(status, code, message, fields = {}, headers = {}) {
    super(message ?? code);
    Object.assign(this, { status, code, text: message, fields, headers });
  }
}

export function errorXml({ code, text, fields }, requestId, hostId) {
  const all = { Code: code, Message: text, ...fields, RequestId: requestId, HostId: hostId };
  const elements = Object.entries(all).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<Error>${elements.join('')}</Error>`);
}

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+/, '');
const hexBytes = (text) => Buffer.from(text).toString('hex').match(/../g).join(' ');
const malformed = (text, fields, headers) => new S3Failure(400, 'AuthorizationHeaderMalformed', text, fields, headers);

export const wrongRegion = (got, expected) => malformed(
  `The authorization header is malformed; the region '${got}' is wrong; expecting '${expected}'`,
  { Region: expected }, { 'x-amz-bucket-region': expected });

function mismatch({ auth, canonicalRequest, stringToSign }) {
  return new S3Failure(403, 'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.', {
      AWSAccessKeyId: auth.accessKeyId, StringToSign: stringToSign, SignatureProvided: auth.signature,
      StringToSignBytes: hexBytes(stringToSign), CanonicalRequest: canonicalRequest, CanonicalRequestBytes: hexBytes(canonicalRequest),
    });
}

/** The failure for a verdict of auth/sigv4.mjs that is not ok. */
export function authFailure(verdict) {
  const { auth } = verdict;
  switch (verdict.failure) {
    case 'missing': return new S3Failure(403, 'AccessDenied', 'Access Denied');
    case 'malformed':
      return verdict.part === 'algorithm' ? new S3Failure(400, 'InvalidArgument', 'Unsupported Authorization Type')
        : malformed(`The authorization header is malformed; missing or wrong ${verdict.part}.`);
    case 'no_date': return new S3Failure(403, 'AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
    case 'unknown_key':
      return new S3Failure(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.',
        { AWSAccessKeyId: auth.accessKeyId });
    case 'bad_token': return new S3Failure(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
    case 'expired_token': return new S3Failure(400, 'ExpiredToken', 'The provided token has expired.', { 'Token-0': verdict.token });
    case 'skewed':
      return new S3Failure(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.',
        { RequestTime: longDate(verdict.signedAt), ServerTime: iso(verdict.nowMs), MaxAllowedSkewMilliseconds: SKEW_LIMIT_MS });
    case 'wrong_service':
      return malformed(`The authorization header is malformed; incorrect service "${auth.service}". This endpoint belongs to "s3".`);
    case 'wrong_region': return wrongRegion(auth.region, verdict.expected);
    case 'wrong_date':
      return malformed(`The authorization header is malformed; Invalid credential date "${auth.date}". `
        + `This date is not the same as X-Amz-Date: "${longDate(verdict.signedAt).slice(0, 8)}".`);
    case 'unsigned_headers':
      return new S3Failure(403, 'AccessDenied', 'There were headers present in the request which were not signed',
        { HeadersNotSigned: verdict.unsigned.join(', ') });
    default: return mismatch(verdict);
  }
}

export const preconditionFailed = (condition) =>
  new S3Failure(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', { Condition: condition });
