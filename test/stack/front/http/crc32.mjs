// CRC-32 (zlib polynomial), from zlib where Node has it, else by table.
import zlib from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32ByTable(bytes, value = 0) {
  let c = ~value;
  for (let i = 0; i < bytes.length; i++) c = TABLE[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return ~c >>> 0;
}

export const crc32 = typeof zlib.crc32 === 'function' ? (bytes, value = 0) => zlib.crc32(bytes, value) : crc32ByTable;
