// The S3 side of an UNLOAD: who writes, whether the prefix is free, the manifest.
import { DeleteObjectsCommand, ListObjectsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SqlError } from './lexer.mjs';
import { notEmptyError, roleError, s3Error } from './s3_errors.mjs';

function parseCredentials(text) {
  const pairs = Object.fromEntries(text.split(';').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()];
  }));
  if (pairs.aws_iam_role || (pairs.aws_access_key_id && pairs.aws_secret_access_key)) return pairs;
  throw new SqlError('XX000', "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
    + "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'");
}

export class UnloadStorage {
  constructor(job) {
    this.job = job;
    this.plan = job.plan;
    this.gateway = job.gateway;
    this.s3 = this.createClient();
  }

  checkRole(role) {
    const { roles, region } = this.gateway;
    if (role === 'default') {
      if (roles.length === 0) throw new SqlError('XX000', 'No default IAM role is associated with the cluster');
      return;
    }
    for (const arn of role.split(',')) if (!roles.includes(arn)) throw roleError(arn, this.job.user, region);
  }

  // Throws when the role may not be assumed.
  credentials() {
    const { options } = this.plan;
    const pairs = options.credentials === undefined ? {} : parseCredentials(options.credentials);
    const role = options.iam_role ?? pairs.aws_iam_role;
    if (role !== undefined) {
      this.checkRole(role);
      return this.gateway.credentials;
    }
    return { accessKeyId: options.access_key_id ?? pairs.aws_access_key_id,
      secretAccessKey: options.secret_access_key ?? pairs.aws_secret_access_key,
      sessionToken: options.session_token ?? pairs.token };
  }

  createClient() {
    const { s3Endpoint: endpoint, region } = this.gateway;
    return new S3Client({ endpoint, region, credentials: this.credentials(), forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED', maxAttempts: 3 });
  }

  checkRegion() {
    const { options } = this.plan;
    const bucketRegion = this.gateway.switches.get('bucket_region') || this.gateway.region;
    if ((options.region ?? this.gateway.region) === bucketRegion) return;
    throw s3Error({ code: 'PermanentRedirect', status: 301 }, { queryId: this.job.id, pid: this.job.link.pid });
  }

  // ListObjects, not V2: s3rver answers 500 where a V2 listing is truncated.
  async prepare() {
    this.checkRegion();
    const { bucket: Bucket, prefix: Prefix, options } = this.plan;
    for (;;) {
      const found = await this.s3.send(new ListObjectsCommand({ Bucket, Prefix, MaxKeys: options.cleanpath ? 1000 : 1 }));
      if (!found.Contents?.length || options.allowoverwrite) return;
      if (!options.cleanpath) throw notEmptyError();
      await this.s3.send(new DeleteObjectsCommand({ Bucket,
        Delete: { Objects: found.Contents.map(({ Key }) => ({ Key })), Quiet: true } }));
    }
  }

  async putManifest(text) {
    if (text === null) return;
    const { bucket, prefix } = this.plan;
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}manifest`, Body: text }));
  }
}
