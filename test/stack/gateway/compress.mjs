// Compressors as {input, output, kill}: a writable and a readable stream with back pressure between them.
import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import zlib from 'node:zlib';

const ZSTD_LEVEL = 1;
const ABANDONED = new Error('the file was abandoned'); // the reader of output must not take the end for success

// Node before 22.15 has no zstd; Debian's command line tool stands in.
function zstdChild() {
  const child = spawn('zstd', ['-q', `-${ZSTD_LEVEL}`, '-c', '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', (error) => child.stdout.destroy(error));
  child.stdin.on('error', () => {});
  child.stdout.on('error', () => {});
  return { input: child.stdin, output: child.stdout, kill() { child.stdout.destroy(ABANDONED); child.kill('SIGKILL'); } };
}

function throughStream(stream) {
  stream.on('error', () => {});
  return { input: stream, output: stream, kill: () => stream.destroy(ABANDONED) };
}

export function createCompressor(kind) {
  if (kind === 'gzip') return throughStream(zlib.createGzip({ level: 1 }));
  if (kind !== 'zstd') return throughStream(new PassThrough());
  if (zlib.createZstdCompress) {
    return throughStream(zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }));
  }
  return zstdChild();
}

export const SUFFIXES = { gzip: '.gz', zstd: '.zst', none: '' };
