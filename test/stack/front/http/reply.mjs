// Sends a reply, whole or spoiled as fault actions ask (truncate, corrupt, wrong_length), and cuts connections.
// The only file that knows how to break a reply on the wire.
import { Transform, pipeline } from 'node:stream';

/** Picks from fault actions those that change the reply's bytes; null when there are none. */
export function replyEffects(actions) {
  const effects = {};
  for (const { type, bytes, offset, xor, delta } of actions) {
    if (type === 'truncate') effects.cutAfter = bytes;
    if (type === 'corrupt') effects.flip = { offset, xor: xor ?? 0xff };
    if (type === 'wrong_length') effects.delta = delta ?? 1;
  }
  return Object.keys(effects).length ? effects : null;
}

/** Ends the connection with a reset where the platform can. */
export function resetConnection(res) {
  const { socket } = res;
  if (!socket) return;
  if (socket.resetAndDestroy) socket.resetAndDestroy();
  else socket.destroy();
}

/** Waits; false when the client went away before the time was over. A null time means: until the client goes. */
export function pause(res, delayMs) {
  return new Promise((resolve) => {
    const timer = delayMs === null ? null : setTimeout(() => finish(true), delayMs);
    const gone = () => finish(false);
    const finish = (stayed) => {
      clearTimeout(timer);
      res.off('close', gone);
      resolve(stayed);
    };
    if (res.destroyed || res.socket?.destroyed) finish(false);
    else res.once('close', gone);
  });
}

/** Sends a body that is in memory. Resolves to the number of body bytes put on the wire. */
export function sendBuffer(res, { status, headers, body, effects, withBody = true }) {
  const announced = body.length + (effects?.delta ?? 0);
  res.writeHead(status, { ...headers, 'Content-Length': announced });
  if (!withBody || !effects) {
    res.end(withBody ? body : undefined);
    return withBody ? body.length : 0;
  }
  const part = spoil(Buffer.from(body), effects);
  res.write(part);
  if (part.length === announced) res.end();
  else cut(res);
  return part.length;
}

function spoil(body, { flip, cutAfter }) {
  if (flip && flip.offset < body.length) body[flip.offset] ^= flip.xor;
  return cutAfter === undefined ? body : body.subarray(0, cutAfter);
}

function cut(res) {
  res.flushHeaders();
  res.socket?.destroySoon();
}

/** Sends a body that streams. Calls `done(error, sentBytes)` once. */
export function sendStream(res, { status, headers, stream, effects }, done) {
  const length = headers['content-length'];
  if (effects?.delta && length !== undefined) headers['content-length'] = String(Number(length) + effects.delta);
  res.writeHead(status, headers);
  const counter = new Spoiler(effects, () => cut(res));
  pipeline(stream, counter, res, (error) => done(error, counter.sent));
}

/** Counts what passes, flips one byte, and stops after a number of bytes. */
class Spoiler extends Transform {
  constructor(effects, onCut) {
    super();
    this.sent = 0;
    this.effects = effects ?? {};
    this.onCut = onCut;
  }

  _transform(chunk, _encoding, next) {
    const { flip, cutAfter } = this.effects;
    let part = chunk;
    if (flip && flip.offset >= this.sent && flip.offset < this.sent + chunk.length) {
      part = Buffer.from(chunk);
      part[flip.offset - this.sent] ^= flip.xor;
    }
    if (cutAfter === undefined || this.sent + part.length < cutAfter) {
      this.sent += part.length;
      next(null, part);
      return;
    }
    part = part.subarray(0, cutAfter - this.sent);
    this.sent += part.length;
    this.push(part);
    setImmediate(() => { this.onCut(); next(new Error('cut by a fault rule')); });
  }

  _flush(next) {
    if (!this.effects.delta) return next();
    setImmediate(() => { this.onCut(); next(new Error('length made wrong by a fault rule')); });
  }
}
