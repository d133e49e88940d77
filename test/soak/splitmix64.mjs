// A seeded generator (splitmix64): the same seed gives the same numbers on every machine.

const MASK = (1n << 64n) - 1n;

export class SplitMix64 {
  constructor(seed) { this.state = BigInt(seed) & MASK; }

  next() {
    this.state = (this.state + 0x9e3779b97f4a7c15n) & MASK;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  }

  /** In [0, 1). */
  unit() { return Number(this.next() >> 11n) / 2 ** 53; }

  /** A whole number from low to high, both included. */
  between(low, high) { return low + Math.floor(this.unit() * (high - low + 1)); }

  chance(probability) { return this.unit() < probability; }

  pick(list) { return list[this.between(0, list.length - 1)]; }

  /** Some of a list, in the order of the list. */
  choose(list, count) {
    const left = list.map((_, i) => i);
    const chosen = new Set();
    while (chosen.size < count && left.length) chosen.add(left.splice(this.between(0, left.length - 1), 1)[0]);
    return list.filter((_, i) => chosen.has(i));
  }
}
