// ListObjectsV2 with continuation tokens and encoding-type=url, which s3rver does not answer on today's OpenSSL.

const MAX_KEYS = 1000;
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };
export const escapeXml = (text) => String(text).replace(/[&<>"\r]/g, (c) => ENTITIES[c]);
const element = (name, value) => (value === undefined || value === null ? '' : `<${name}>${escapeXml(value)}</${name}>`);
const toToken = (name) => Buffer.from(`1/${name}`).toString('base64');

function fromToken(token) {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (!text.startsWith('1/')) throw new RangeError('The continuation token provided is incorrect');
  return text.slice(2);
}

const after = (name, start) => Buffer.compare(Buffer.from(name), Buffer.from(start)) > 0;

/** Groups keys under common prefixes; each group counts once, as on the service. */
function entriesOf(keys, prefix, delimiter) {
  const entries = [];
  let last;
  for (const key of keys) {
    const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const name = at < 0 ? key : key.slice(0, at + delimiter.length);
    if (at >= 0 && name === last) continue;
    last = at < 0 ? undefined : name;
    entries.push({ name, isPrefix: at >= 0 });
  }
  return entries;
}

async function contents(store, bucket, key, encode) {
  const data = await store.getMetadata(bucket, key).catch((error) => { if (error.code !== 'ENOENT') throw error; });
  if (!data) return '';
  return `<Contents>${element('Key', encode(key))}${element('LastModified', new Date(data['last-modified']).toISOString())}`
    + `${element('ETag', data.etag)}${element('Size', data['content-length'])}<StorageClass>STANDARD</StorageClass></Contents>`;
}

/** The XML of one page. Throws RangeError for a wrong parameter. `query` is a URLSearchParams. */
export async function listPage(store, bucket, query) {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const asked = Number(query.get('max-keys') ?? MAX_KEYS);
  if (!Number.isInteger(asked) || asked < 0) throw new RangeError('Provided max-keys not an integer or within integer range');
  const limit = Math.min(asked, MAX_KEYS);
  const encode = query.get('encoding-type') === 'url' ? (text) => encodeURIComponent(text).replace(/%2F/g, '/') : (text) => text;
  const token = query.get('continuation-token');
  const start = token ? fromToken(token) : query.get('start-after') ?? '';
  const entries = entriesOf(await store.keys(bucket, prefix), prefix, delimiter).filter(({ name }) => !start || after(name, start));
  const page = entries.slice(0, limit);
  const truncated = limit > 0 && entries.length > limit;
  const body = [];
  for (const { name, isPrefix } of page) {
    body.push(isPrefix ? `<CommonPrefixes>${element('Prefix', encode(name))}</CommonPrefixes>` : await contents(store, bucket, name, encode));
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
    + element('Name', bucket) + element('Prefix', encode(prefix)) + element('Delimiter', delimiter ? encode(delimiter) : undefined)
    + element('MaxKeys', asked) + element('EncodingType', query.get('encoding-type')) + element('KeyCount', page.length)
    + element('IsTruncated', truncated) + element('ContinuationToken', token)
    + element('NextContinuationToken', truncated ? toToken(page.at(-1).name) : undefined)
    + element('StartAfter', token ? undefined : query.get('start-after')) + body.join('') + '</ListBucketResult>';
}
