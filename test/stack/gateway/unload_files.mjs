// The files of one UNLOAD: rows are dealt to slices, each slice writes one file after another.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { OutBuffer } from './out_buffer.mjs';
import { createCompressor } from './compress.mjs';
import { uploadStream } from './s3_upload.mjs';

const TAKE_BYTES = 256 * 1024;
const ROTATE = Symbol('rotate');

class File {
  constructor(s3, target, compression) {
    this.target = target;
    this.rows = 0;
    this.compressor = createCompressor(compression);
    this.startedAt = new Date();
    this.stored = uploadStream(s3, target, this.compressor.output).catch((error) => {
      this.error = error;
      this.compressor.kill();
      this.compressor.input.emit('drain');
    });
  }

  async write(bytes) {
    if (this.error) throw this.error;
    if (!this.compressor.input.write(bytes)) await once(this.compressor.input, 'drain');
    if (this.error) throw this.error;
  }

  async finish() {
    this.compressor.input.end();
    this.bytes = await this.stored;
    if (this.error) throw this.error;
    this.endedAt = new Date();
  }
}

// What is written to a slice is queued as operations (bytes, or ROTATE with the rows of the file that ends), so that rows
// can be taken in without waiting.
class Slice {
  constructor(number, parent) {
    this.number = number;
    this.parent = parent;
    this.out = new OutBuffer();
    this.operations = [];
    this.part = 0;
    this.rows = 0;
    this.plainBytes = 0;
  }

  beginRow() {
    if (this.rows === 0 && this.parent.header) {
      this.out.append(this.parent.header);
      this.headerRows = 1;
    }
  }

  // start: where the row begins in this.out. A row that would make the file too large begins the next one.
  endRow(start) {
    const bytes = this.out.length - start;
    const { rowsPerFile, maxBytes } = this.parent;
    if (this.rows && this.plainBytes + bytes > maxBytes) this.moveToNextFile(start);
    this.rows++;
    this.plainBytes += bytes;
    if (rowsPerFile && this.rows >= rowsPerFile) this.rotate();
    else if (this.out.length >= TAKE_BYTES) this.take();
  }

  moveToNextFile(start) {
    const row = Buffer.from(this.out.bytes.subarray(start, this.out.length));
    this.out.length = start;
    this.rotate();
    this.beginRow();
    this.out.append(row);
  }

  take() {
    if (!this.out.length) return;
    const bytes = this.out.take();
    this.parent.queuedBytes += bytes.length;
    this.operations.push({ bytes });
  }

  rotate() {
    if (!this.rows) return;
    this.take();
    this.operations.push({ kind: ROTATE, rows: this.rows + (this.headerRows ?? 0) });
    this.parent.rotations++;
    this.rows = 0;
    this.plainBytes = 0;
  }

  async drain() {
    while (this.operations.length) {
      const operation = this.operations.shift();
      if (operation.kind === ROTATE) {
        this.parent.rotations--;
        const file = this.file;
        this.file = undefined;
        await this.parent.finishFile(file, operation.rows);
      } else {
        this.parent.queuedBytes -= operation.bytes.length;
        this.file ??= this.parent.openFile(this);
        await this.file.write(operation.bytes);
      }
    }
  }
}

export class UnloadFiles {
  // settings: {s3, bucket, nameOf(slice, part), sliceNumbers, compression, rowsPerFile, maxBytes, header, writeRow}
  // onFile(file, index) is awaited after each finished file, before any other file is finished.
  constructor(settings, onFile) {
    Object.assign(this, settings);
    this.onFile = onFile;
    this.files = [];
    this.open = new Set();
    this.rows = 0;
    this.queuedBytes = 0;
    this.rotations = 0;
    this.slices = this.sliceNumbers.map((number) => new Slice(number, this));
    this.finishing = Promise.resolve();
    this.draining = Promise.resolve();
  }

  row(bytes, start) {
    const slice = this.slices[this.rows % this.slices.length];
    this.rows++;
    slice.beginRow();
    const rowStart = slice.out.length;
    this.writeRow(slice.out, bytes, start);
    slice.endRow(rowStart);
  }

  get mustDrain() {
    return this.queuedBytes > 0 || this.rotations > 0;
  }

  // One at a time: whoever drains what another one left waits for what that one still stores.
  drain() {
    this.draining = this.draining.then(() => Promise.all(this.slices.map((slice) => slice.drain())));
    return this.draining;
  }

  openFile(slice) {
    const key = this.nameOf(slice.number, slice.part++);
    const file = new File(this.s3, { bucket: this.bucket, key }, this.compression);
    this.open.add(file);
    return file;
  }

  // One at a time.
  finishFile(file, rows) {
    this.finishing = this.finishing.then(async () => {
      await file.finish();
      this.open.delete(file);
      this.files.push({ key: file.target.key, rows, bytes: file.bytes, startedAt: file.startedAt, endedAt: file.endedAt });
      await this.onFile(this.files[this.files.length - 1], this.files.length);
    });
    return this.finishing;
  }

  async finish() {
    for (const slice of this.slices) slice.rotate();
    await this.drain();
  }

  // Open files are dropped; finished ones stay, as after a failed UNLOAD.
  abort() {
    for (const file of this.open) file.compressor.kill();
    this.open.clear();
  }
}
