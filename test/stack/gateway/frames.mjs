// Cuts a byte stream of protocol 3.0 into messages. What `passes` says need not be looked at goes to `raw` without being
// copied or collected, split wherever the stream was; every other message is handed over whole.
import { Buffer } from 'node:buffer';

const HEADER = 5;

export class FrameReader {
  // passes(type) -> boolean; raw(bytes); message(type, bytes, start, end) with header included in start..end.
  constructor({ passes = () => false, raw, message }) {
    this.passes = passes;
    this.raw = raw;
    this.message = message;
    this.rawLeft = 0;
    this.parts = [];
    this.have = 0;
  }

  push(chunk) {
    let bytes = this.withPending(chunk);
    if (!bytes) return;
    let at = 0;
    if (this.rawLeft > 0) {
      at = Math.min(this.rawLeft, bytes.length);
      this.rawLeft -= at;
      this.raw(bytes.subarray(0, at));
    }
    let rawFrom = at;
    while (at + HEADER <= bytes.length) {
      const type = bytes[at];
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      if (this.passes(type)) {
        if (end > bytes.length) {
          this.rawLeft = end - bytes.length;
          this.raw(bytes.subarray(rawFrom));
          return;
        }
      } else {
        if (at > rawFrom) this.raw(bytes.subarray(rawFrom, at));
        rawFrom = at;
        if (end > bytes.length) break;
        this.message(type, bytes, at, end);
        rawFrom = end;
      }
      at = end;
    }
    if (at > rawFrom) this.raw(bytes.subarray(rawFrom, at));
    if (at < bytes.length) this.keep(bytes.subarray(at));
  }

  keep(rest) {
    this.parts = [rest];
    this.have = rest.length;
  }

  // The bytes to work on, or null while the message at their head is incomplete.
  withPending(chunk) {
    if (this.have === 0) return chunk;
    this.parts.push(chunk);
    this.have += chunk.length;
    if (this.parts[0].length < HEADER) this.parts = [Buffer.concat(this.parts)];
    if (this.have < HEADER || this.have < 1 + this.parts[0].readUInt32BE(1)) return null;
    const bytes = Buffer.concat(this.parts);
    this.parts = [];
    this.have = 0;
    return bytes;
  }
}
