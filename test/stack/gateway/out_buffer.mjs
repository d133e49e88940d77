// A growing byte buffer that rows are written into.
import { Buffer } from 'node:buffer';

const INITIAL_BYTES = 64 * 1024;

export class OutBuffer {
  constructor() {
    this.bytes = Buffer.allocUnsafe(INITIAL_BYTES);
    this.length = 0;
  }

  reserve(count) {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  byte(value) {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  append(source, start = 0, end = source.length) {
    this.reserve(end - start);
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  text(value) {
    this.reserve(Buffer.byteLength(value));
    this.length += this.bytes.write(value, this.length);
  }

  // What was written so far; the buffer starts anew.
  take() {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, Math.min(taken.length * 2, 1 << 20)));
    this.length = 0;
    return taken;
  }
}
