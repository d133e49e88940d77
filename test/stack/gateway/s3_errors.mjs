// Errors of S3 in the words Redshift reports them with.
import { SqlError } from './lexer.mjs';

const LINE = '-'.repeat(47);

function detailBlock(text, queryId, pid) {
  return ['', `  ${LINE}`, `  error:  ${text}`, '  code:      8001', '  context:   Listing or writing objects under the UNLOAD prefix',
    `  query:     ${queryId}`, '  location:  s3_utility.cpp:0', `  process:   padbmaster [pid=${pid}]`, `  ${LINE}`, ''].join('\n');
}

const MESSAGES = {
  AccessDenied: 'Access Denied',
  NoSuchBucket: 'The specified bucket does not exist',
  PermanentRedirect: 'The bucket you are attempting to access must be addressed using the specified endpoint.',
  InvalidAccessKeyId: 'The AWS Access Key Id you provided does not exist in our records.',
  InternalError: 'We encountered an internal error. Please try again.',
};

export function s3Error({ code, message, status, requestId = 'STANDIN', extendedId = 'stand-in' }, { queryId, pid }) {
  const text = `S3ServiceException:${MESSAGES[code] ?? message},Status ${status},Error ${code},Rid ${requestId},`
    + `ExtRid ${extendedId},CanRetry ${status === 403 || status >= 500 ? 1 : 0}`;
  return new SqlError('XX000', text, { detail: detailBlock(text, queryId, pid) });
}

// error: what the AWS SDK threw.
export function fromSdk(error, context) {
  if (error instanceof SqlError) return error;
  const metadata = error.$metadata ?? {};
  const status = metadata.httpStatusCode ?? 503;
  let code = error.Code ?? error.name ?? 'ServiceUnavailable';
  if (code === 'UnknownError' || code === 'Unknown') code = status === 403 ? 'AccessDenied' : 'InternalError';
  return s3Error({ code, message: error.message, status, requestId: metadata.requestId, extendedId: metadata.extendedRequestId },
    context);
}

export function notEmptyError() {
  return new SqlError('XX000', 'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, '
    + 'manually removing the target files in S3, or using the ALLOWOVERWRITE option');
}

export function roleError(role, user, region) {
  const account = /^arn:[^:]*:iam::(\d+):/.exec(role)?.[1] ?? '123456789012';
  return new SqlError('XX000',
    `User arn:aws:redshift:${region}:${account}:dbuser:stand-in/${user} is not authorized to assume IAM Role ${role}`);
}
