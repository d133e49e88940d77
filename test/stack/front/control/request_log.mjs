// The last requests, in memory, for GET /log. Holds no secrets and no bodies.

const CAPACITY = 1000;

export class RequestLog {
  constructor() {
    this.entries = [];
    this.sequence = 0;
  }

  add(entry) {
    this.sequence += 1;
    this.entries.push({ n: this.sequence, time: new Date().toISOString(), ...entry });
    if (this.entries.length > 2 * CAPACITY) this.entries.splice(0, this.entries.length - CAPACITY);
  }

  last(count) { return this.entries.slice(-Math.min(count, CAPACITY)); }

  clear() { this.entries = []; }
}
