// Error replies of DynamoDB: names, namespaces and wording.
import { longDate, SKEW_LIMIT_MS } from '../auth/sigv4.mjs';

const CORAL_SERVICE = new Set(['InvalidSignatureException', 'UnrecognizedClientException', 'MissingAuthenticationTokenException',
  'IncompleteSignatureException', 'ExpiredTokenException', 'SerializationException', 'UnknownOperationException',
  'AccessDeniedException', 'InternalFailure', 'ServiceUnavailable', 'ServiceUnavailableException']);
const UPPER_CASE_MESSAGE = new Set(['SerializationException', 'AccessDeniedException']);

function qualified(code) {
  if (code.includes('#')) return code;
  if (CORAL_SERVICE.has(code)) return `com.amazon.coral.service#${code}`;
  if (code === 'ValidationException') return `com.amazon.coral.validate#${code}`;
  return `com.amazonaws.dynamodb.v20120810#${code}`;
}

/** A reply {status, body} for an error; `fields` go into the body beside the message. */
export function errorReply(code, message, { status = 400, fields } = {}) {
  const name = code.split('#').pop();
  const text = message === undefined ? {} : { [UPPER_CASE_MESSAGE.has(name) ? 'Message' : 'message']: message };
  return { status, body: Buffer.from(JSON.stringify({ __type: qualified(code), ...text, ...fields })) };
}

export const serializationError = (message) => errorReply('SerializationException', message);

export const notFound = (detail) =>
  errorReply('ResourceNotFoundException', detail ? `Requested resource not found: ${detail}` : 'Requested resource not found');

function skewText({ signedAt, nowMs }) {
  const [signed, now] = [longDate(signedAt), longDate(nowMs)];
  return signedAt < nowMs
    ? `Signature expired: ${signed} is now earlier than ${longDate(nowMs - SKEW_LIMIT_MS)} (${now} - 15 min.)`
    : `Signature not yet current: ${signed} is still later than ${longDate(nowMs + SKEW_LIMIT_MS)} (${now} + 15 min.)`;
}

function incomplete(part) {
  return errorReply('IncompleteSignatureException', part === 'algorithm'
    ? "Unsupported AWS 'algorithm' in the Authorization header."
    : `Authorization header requires '${part}' parameter.`);
}

/** The reply for a verdict of auth/sigv4.mjs that is not ok. */
export function authError(verdict) {
  const invalid = (message) => errorReply('InvalidSignatureException', message);
  switch (verdict.failure) {
    case 'missing':
      return errorReply('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    case 'malformed': return incomplete(verdict.part);
    case 'no_date':
      return errorReply('IncompleteSignatureException',
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    case 'unknown_key': case 'bad_token':
      return errorReply('UnrecognizedClientException', 'The security token included in the request is invalid.');
    case 'expired_token':
      return errorReply('ExpiredTokenException', 'The security token included in the request is expired');
    case 'skewed': return invalid(skewText(verdict));
    case 'wrong_service': return invalid("Credential should be scoped to correct service: 'dynamodb'. ");
    case 'wrong_region': return invalid(`Credential should be scoped to a valid region, not '${verdict.auth.region}'. `);
    case 'wrong_date':
      return invalid(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: `
        + `'${verdict.auth.date}' != '${longDate(verdict.signedAt).slice(0, 8)}', from '${longDate(verdict.signedAt)}'.`);
    case 'unsigned_headers':
      return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    default:
      return invalid('The request signature we calculated does not match the signature you provided. '
        + 'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.');
  }
}

const NO_KEY_MATCH = 'The provided key element does not match the schema';

/** Texts of DynamoDB Local that differ from the service's: pattern, then text or function (operation, table, message). */
const SERVICE_TEXTS = [
  [/^Cannot do operations on a non-existent table$/, (operation, table) =>
    `Requested resource not found${operation === 'DescribeTable' || operation === 'DeleteTable' ? `: Table: ${table} not found` : ''}`],
  [/^Cannot create preexisting table$/, (_operation, table) => `Table already exists: ${table}`],
  [/^One of the required keys was not given a value$|^One or more parameter values were invalid: Type mismatch for key/,
    (operation, _table, message) => (operation === 'BatchWriteItem' ? NO_KEY_MATCH : message)],
  [/^Too many items requested for the BatchWriteItem call$/, () =>
    "1 validation error detected: Value '...' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: "
    + '[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]'],
  [/^DynamoDB only supports precision up to 38 digits$/, () => 'Attempting to store more than 38 significant digits in a Number'],
];

function serviceText(message, operation, table) {
  const found = SERVICE_TEXTS.find(([pattern]) => pattern.test(message ?? ''));
  return found ? found[1](operation, table, message) : message;
}

/** An error of DynamoDB Local, in the words and with the fields of the service. */
export function fromLocal(status, body, operation, tableName) {
  let parsed;
  try { parsed = JSON.parse(body); } catch { return { status, body }; }
  const { __type: type = 'InternalFailure', Message, message = Message, ...fields } = parsed;
  const name = type.split('#').pop();
  return errorReply(CORAL_SERVICE.has(name) ? name : type, serviceText(message, operation, tableName), { status, fields });
}
