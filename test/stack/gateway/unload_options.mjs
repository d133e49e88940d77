// Which options of UNLOAD go together: the option x format matrix and the exclusions.
import { SqlError } from './lexer.mjs';

const FORMATS = {
  delimiter: ['text', 'csv'], header: ['text', 'csv'], fixedwidth: ['text'], addquotes: ['text'], escape: ['text'],
  null: ['text', 'csv'], gzip: ['text', 'csv', 'json'], bzip2: ['text', 'csv', 'json'], zstd: ['text', 'csv', 'json'],
  rowgroupsize: ['parquet'],
};
const EXCLUSIONS = [['cleanpath', 'allowoverwrite'], ['fixedwidth', 'delimiter'], ['fixedwidth', 'header'],
  ['gzip', 'bzip2'], ['gzip', 'zstd'], ['bzip2', 'zstd'], ['encrypted_auto', 'kms_key_id'],
  ['encrypted_auto', 'master_symmetric_key'], ['kms_key_id', 'master_symmetric_key'], ['credentials', 'iam_role'],
  ['credentials', 'access_key_id'], ['iam_role', 'access_key_id'], ['credentials', 'kms_key_id']];
const NOT_HERE = ['bzip2', 'fixedwidth', 'partition', 'master_symmetric_key', 'rowgroupsize'];
const MEGABYTE = 1e6;

function refuse(message, sqlstate = '0A000') {
  throw new SqlError(sqlstate, message);
}

function display(name) {
  return name.toUpperCase().replace('ENCRYPTED_AUTO', 'ENCRYPTED AUTO').replace('PARTITION', 'PARTITION BY');
}

function checkAuthorization(options) {
  const given = ['iam_role', 'access_key_id', 'credentials'].filter((name) => options[name] !== undefined);
  if (!given.length) {
    refuse('No authorization was given: UNLOAD needs IAM_ROLE, ACCESS_KEY_ID and SECRET_ACCESS_KEY, or CREDENTIALS', '42601');
  }
  if (options.access_key_id !== undefined && options.secret_access_key === undefined) {
    refuse('ACCESS_KEY_ID needs SECRET_ACCESS_KEY', '42601');
  }
}

function checkValues(options) {
  const { maxfilesize_bytes: size, delimiter } = options;
  if (size !== undefined && (size < 5 * MEGABYTE || size > 6200 * MEGABYTE)) {
    refuse('MAXFILESIZE must be between 5 MB and 6.2 GB', '22023');
  }
  if (delimiter !== undefined && !/^[\x01-\x7f]$/.test(delimiter)) refuse('DELIMITER must be a single ASCII character', '22023');
  if (options.kms_key_id !== undefined && !options.encrypted) refuse('KMS_KEY_ID needs ENCRYPTED', '42601');
  if (options.parquet_encryption) refuse('UNLOAD to PARQUET supports ENCRYPTED only with KMS_KEY_ID');
}

export function checkOptions(options, switches) {
  const { format } = options;
  for (const [name, formats] of Object.entries(FORMATS)) {
    if (options[name] !== undefined && !formats.includes(format)) {
      refuse(`${display(name)} is not supported for UNLOAD to ${format.toUpperCase()}`);
    }
  }
  for (const [one, other] of EXCLUSIONS) {
    if (options[one] !== undefined && options[other] !== undefined) {
      refuse(`${display(one)} and ${display(other)} cannot be used together`, '42601');
    }
  }
  checkAuthorization(options);
  checkValues(options);
  if (format === 'parquet') refuse('FORMAT PARQUET is not supported by this stand-in');
  for (const name of NOT_HERE) if (options[name] !== undefined) refuse(`${display(name)} is not supported by this stand-in`);
  for (const name of ['zstd', 'gzip']) {
    if (format === 'json' && options[name] && switches.get(`${name}_with_json`) === 'refuse') {
      refuse(`${display(name)} is not supported for UNLOAD to JSON`);
    }
  }
}
