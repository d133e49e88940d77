// s3rver's store with what the stack relies on: a write is answered when its bytes are on disk, an object appears whole
// or not at all, keys are listed in byte order, one-byte ranges and concurrent deletes work.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const require = createRequire(import.meta.url);
const FilesystemStore = require('s3rver/lib/stores/filesystem.js');
const S3Object = require('s3rver/lib/models/object.js');

const OBJECT_SUFFIX = '._S3rver_object';
const ignoreMissing = (error) => { if (error.code !== 'ENOENT') throw error; };

export class S3Store extends FilesystemStore {
  /** Unfinished uploads lie in a folder beside the buckets, on the same file system. */
  constructor(rootDirectory, uploadDirectory) {
    super(rootDirectory);
    this.uploadDirectory = uploadDirectory;
  }

  /** Writes a stream or buffer to its final path in one step. Resolves to {size, md5}. */
  async #writeWhole(finalPath, content) {
    const path = join(this.uploadDirectory, randomUUID());
    const md5 = createHash('md5');
    let size = 0;
    const counter = new Transform({
      transform(chunk, _encoding, next) { md5.update(chunk); size += chunk.length; next(null, chunk); },
    });
    try {
      await pipeline(Buffer.isBuffer(content) ? Readable.from([content]) : content, counter, createWriteStream(path));
      await mkdir(dirname(finalPath), { recursive: true });
      await rename(path, finalPath);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return { size, md5: md5.digest('hex') };
  }

  async putObject(object) {
    const done = await this.#writeWhole(this.getResourcePath(object.bucket, object.key, 'object'), object.content);
    await this.putMetadata(object.bucket, object.key, object.metadata, done.md5);
    return done;
  }

  async putPart(bucket, uploadId, partNumber, content) {
    const path = join(this.getResourcePath(bucket, undefined, 'uploads'), uploadId, String(partNumber));
    const done = await this.#writeWhole(path, content);
    await writeFile(`${path}.md5`, done.md5);
    return done;
  }

  async getObject(bucket, key, options = {}) {
    const metadata = await this.getMetadata(bucket, key).catch(ignoreMissing);
    if (!metadata) return null;
    const lastByte = Math.max(0, Number(metadata['content-length']) - 1);
    const range = { start: options.start ?? 0, end: Math.min(options.end ?? Infinity, lastByte) };
    const object = new S3Object(bucket, key, null, metadata);
    if (options.start !== undefined || options.end !== undefined) object.range = range;
    if (range.end >= range.start) object.content = createReadStream(this.getResourcePath(bucket, key, 'object'), range);
    return object;
  }

  async deleteObject(bucket, key) {
    const paths = ['object', 'object.md5', 'metadata.json'].map((kind) => this.getResourcePath(bucket, key, kind));
    await Promise.all(paths.map((path) => unlink(path).catch(ignoreMissing)));
    const bucketPath = this.getBucketPath(bucket);
    for (let folder = dirname(paths[0]); folder.length > bucketPath.length; folder = dirname(folder)) {
      const emptied = await rmdir(folder).then(() => true, () => false);
      if (!emptied) break;
    }
  }

  /** Keys with the prefix, sorted as UTF-8 bytes. */
  async keys(bucket, prefix = '') {
    const root = this.getBucketPath(bucket);
    const found = [];
    const visit = async (folder, above) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch((error) => ignoreMissing(error) ?? []);
      for (const entry of entries) {
        const name = above + entry.name;
        const inside = `${name}/`;
        if (entry.isDirectory() && (inside.startsWith(prefix) || prefix.startsWith(inside))) await visit(join(folder, entry.name), inside);
        else if (name.endsWith(OBJECT_SUFFIX)) found.push(name.slice(0, -OBJECT_SUFFIX.length));
      }
    };
    await visit(root, '');
    const matching = found.filter((key) => key.startsWith(prefix)).map((key) => [key, Buffer.from(key)]);
    return matching.sort(([, a], [, b]) => Buffer.compare(a, b)).map(([key]) => key);
  }
}
