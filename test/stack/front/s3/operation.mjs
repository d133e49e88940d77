// Which S3 operation a request is, the permission it needs, and what it names.

function objectOperation(method, query) {
  if ('uploadId' in query) {
    return { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload', GET: 'ListParts' }[method];
  }
  if ('uploads' in query && method === 'POST') return 'CreateMultipartUpload';
  if ('tagging' in query) return { GET: 'GetObjectTagging', PUT: 'PutObjectTagging', DELETE: 'DeleteObjectTagging' }[method];
  return { GET: 'GetObject', HEAD: 'HeadObject', PUT: 'PutObject', DELETE: 'DeleteObject' }[method];
}

function bucketOperation(method, query) {
  if (method === 'POST' && 'delete' in query) return 'DeleteObjects';
  if (method === 'GET' && 'location' in query) return 'GetBucketLocation';
  if (method === 'GET' && 'uploads' in query) return 'ListMultipartUploads';
  if (method === 'GET') return query['list-type'] === '2' ? 'ListObjectsV2' : 'ListObjects';
  return { HEAD: 'HeadBucket', PUT: 'CreateBucket', DELETE: 'DeleteBucket' }[method];
}

/** {operation, bucket, key, path (decoded)} of a path-style request. */
export function nameRequest(method, { path, query }) {
  const decoded = decodeURIComponent(path);
  const at = decoded.indexOf('/', 1);
  const bucket = at < 0 ? decoded.slice(1) : decoded.slice(1, at);
  const key = at < 0 ? '' : decoded.slice(at + 1);
  const operation = key ? objectOperation(method, query) : bucket ? bucketOperation(method, query) : 'ListBuckets';
  return { operation: operation ?? `${method} (unknown)`, bucket, key, path: decoded };
}

const ACTIONS = {
  HeadObject: 's3:GetObject', UploadPart: 's3:PutObject', CompleteMultipartUpload: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject', ListObjects: 's3:ListBucket', ListObjectsV2: 's3:ListBucket', HeadBucket: 's3:ListBucket',
  DeleteObjects: 's3:DeleteObject', ListBuckets: 's3:ListAllMyBuckets',
};

export const actionOf = (operation) => ACTIONS[operation] ?? `s3:${operation}`;

export const resourceOf = (bucket, key) => `"arn:aws:s3:::${key ? `${bucket}/${key}` : bucket || '*'}"`;
