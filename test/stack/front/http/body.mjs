// Reads a whole body into memory, up to a limit.

export class BodyTooLarge extends Error {}

/** Resolves to a Buffer; rejects with BodyTooLarge (the rest is read and thrown away) or the stream's error. */
export function readBody(stream, limitBytes) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    stream.on('data', (chunk) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    stream.on('end', () => (size > limitBytes ? reject(new BodyTooLarge()) : resolve(Buffer.concat(chunks, size))));
    stream.on('error', reject);
    stream.on('close', () => { if (!stream.readableEnded) reject(new Error('the client closed the connection')); });
  });
}
