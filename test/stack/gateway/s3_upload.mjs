// One S3 object written from a stream of unknown length: a single PUT when small, else a multipart upload.
import { Buffer } from 'node:buffer';
import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, PutObjectCommand,
  UploadPartCommand } from '@aws-sdk/client-s3';

const PART_BYTES = 8 * 1024 * 1024;

class Multipart {
  constructor(s3, target) {
    this.s3 = s3;
    this.target = target;
    this.parts = [];
  }

  async send(Command, more = {}) {
    return this.s3.send(new Command({ ...this.target, UploadId: this.uploadId, ...more }));
  }

  async part(body) {
    if (!this.uploadId) this.uploadId = (await this.s3.send(new CreateMultipartUploadCommand(this.target))).UploadId;
    const PartNumber = this.parts.length + 1;
    const { ETag } = await this.send(UploadPartCommand, { PartNumber, Body: body, ContentLength: body.length });
    this.parts.push({ ETag, PartNumber });
  }

  async finish(rest) {
    if (!this.uploadId) return this.s3.send(new PutObjectCommand({ ...this.target, Body: rest, ContentLength: rest.length }));
    if (rest.length) await this.part(rest);
    return this.send(CompleteMultipartUploadCommand, { MultipartUpload: { Parts: this.parts } });
  }

  async abort() {
    if (this.uploadId) await this.send(AbortMultipartUploadCommand).catch(() => {});
  }
}

// Resolves with the number of bytes stored. At most one part is held in memory.
export async function uploadStream(s3, { bucket, key }, readable) {
  const upload = new Multipart(s3, { Bucket: bucket, Key: key });
  let chunks = [];
  let held = 0;
  let total = 0;
  try {
    for await (const chunk of readable) {
      chunks.push(chunk);
      held += chunk.length;
      total += chunk.length;
      if (held < PART_BYTES) continue;
      await upload.part(Buffer.concat(chunks));
      chunks = [];
      held = 0;
    }
    await upload.finish(Buffer.concat(chunks));
  } catch (error) {
    await upload.abort();
    throw error;
  }
  return total;
}
