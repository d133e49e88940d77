// A small seeded generator of random numbers (mulberry32): the same seed gives the same data everywhere.

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A generator for one row of a series, independent of the rows before it. */
  static forRow(seed, row) {
    const random = new Random(Math.imul(seed ^ row, 0x9e3779b1) ^ Math.imul(row, 0x85ebca6b));
    random.uint32();
    return random;
  }

  uint32() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  unit() {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A whole number from 0 to limit - 1. */
  below(limit) {
    return Math.floor(this.unit() * limit);
  }

  between(low, high) {
    return low + this.below(high - low + 1);
  }

  chance(probability) {
    return this.unit() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** A string of decimal digits without a leading zero. */
  digits(count) {
    let text = String(this.between(1, 9));
    while (text.length < count) text += this.below(10);
    return text;
  }
}
