// Write throttling of one table: units per second with a burst bucket, and units per second for each partition.

class Bucket {
  constructor(ratePerS, capacity, level, nowMs) {
    Object.assign(this, { ratePerS, capacity, level, atMs: nowMs });
  }

  refill(nowMs) {
    this.level = Math.min(this.capacity, this.level + ((nowMs - this.atMs) / 1000) * this.ratePerS);
    this.atMs = nowMs;
  }

  /** One write larger than the whole bucket passes when the bucket is full, and leaves a debt. */
  has(units) { return this.level >= Math.min(units, this.capacity); }
}

/** FNV-1a, so that a key always falls into the same partition. */
export function partitionOf(key, partitions) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}

function positive(name, value) {
  if (typeof value !== 'number' || !(value > 0)) throw new Error(`${name} must be a number above 0`);
  return value;
}

export class TableThrottle {
  /**
   * start_units: what the burst bucket holds at the start (default: full; 0: empty).
   * Without `partitions` there is no limit for partitions.
   */
  constructor(options, nowMs = Date.now()) {
    this.options = {};
    this.change(options, nowMs);
  }

  /** New settings in mid-run: fields left out keep their value, buckets keep their level (at most their new capacity). Throws on a wrong value. */
  change(options, nowMs = Date.now()) {
    const merged = { partition_units_per_s: 1000, ...this.options, ...options };
    const rate = positive('units_per_s', merged.units_per_s);
    const capacity = positive('burst_units', merged.burst_units ?? rate);
    const partitions = merged.partitions === undefined ? 0 : positive('partitions', merged.partitions);
    const partitionRate = positive('partition_units_per_s', merged.partition_units_per_s);
    this.options = merged;
    this.table = this.#bucket(this.table, rate, capacity, options.start_units, nowMs);
    this.parts = Array.from({ length: partitions }, (_, i) =>
      this.#bucket(this.parts?.length === partitions ? this.parts[i] : undefined, partitionRate, partitionRate,
        options.start_units, nowMs));
  }

  #bucket(old, rate, capacity, startUnits, nowMs) {
    old?.refill(nowMs);
    const level = Math.min(capacity, startUnits ?? old?.level ?? capacity);
    return new Bucket(rate, capacity, level, nowMs);
  }

  /** Takes the units and returns null, or returns what is short: 'table' or 'partition'. */
  take(partitionKey, units, nowMs = Date.now()) {
    const part = this.#part(partitionKey);
    this.table.refill(nowMs);
    part?.refill(nowMs);
    if (part && !part.has(units)) return 'partition';
    if (!this.table.has(units)) return 'table';
    this.charge(partitionKey, units);
    return null;
  }

  #part(partitionKey) {
    return this.parts.length ? this.parts[partitionOf(partitionKey, this.parts.length)] : null;
  }

  /** Books units without asking; negative ones are given back. */
  charge(partitionKey, units) {
    this.table.level -= units;
    const part = partitionKey === null ? null : this.#part(partitionKey);
    if (part) part.level -= units;
  }

  describe(nowMs = Date.now()) {
    this.table.refill(nowMs);
    return { ...this.options, burst_units: this.table.capacity, level_units: Math.round(this.table.level * 10) / 10 };
  }
}

export class Throttles {
  constructor() { this.byTable = new Map(); }

  set({ table, ...options }) {
    if (!table) throw new Error('table is needed');
    for (const name of Object.keys(options)) {
      if (!['units_per_s', 'burst_units', 'start_units', 'partitions', 'partition_units_per_s'].includes(name)) {
        throw new Error(`unknown field "${name}"; known: table, units_per_s, burst_units, start_units, partitions, partition_units_per_s`);
      }
    }
    const known = this.byTable.get(table);
    if (known) known.change(options);
    else this.byTable.set(table, new TableThrottle(options));
  }

  get(table) { return this.byTable.get(table); }

  clear(table) { if (table) this.byTable.delete(table); else this.byTable.clear(); }

  list() { return [...this.byTable].map(([table, throttle]) => ({ table, ...throttle.describe() })); }
}
