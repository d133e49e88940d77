import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOf, TableThrottle, Throttles } from '../dynamodb/throttle.mjs';

const take = (throttle, count, nowMs, units = 1) => {
  let taken = 0;
  for (let i = 0; i < count; i++) if (throttle.take(`k${i}`, units, nowMs) === null) taken += 1;
  return taken;
};

test('the table gives its rate, and its burst once', () => {
  const throttle = new TableThrottle({ units_per_s: 10, burst_units: 30 }, 0);
  assert.equal(take(throttle, 100, 0), 30);
  assert.equal(take(throttle, 100, 1000), 10);
  assert.equal(take(throttle, 100, 1500), 5);
  assert.equal(take(throttle, 100, 60_000), 30);
});

test('the bucket may be empty at the start', () => {
  const throttle = new TableThrottle({ units_per_s: 10, start_units: 0 }, 0);
  assert.equal(take(throttle, 100, 0), 0);
  assert.equal(take(throttle, 100, 500), 5);
});

test('the rate changes in mid-run and the level stays', () => {
  const throttle = new TableThrottle({ units_per_s: 10, burst_units: 20 }, 0);
  take(throttle, 15, 0);
  throttle.change({ units_per_s: 100 }, 0);
  assert.equal(take(throttle, 100, 0), 5);
  assert.equal(take(throttle, 100, 100), 10);
  throttle.change({ units_per_s: 1, burst_units: 2 }, 10_000);
  assert.equal(take(throttle, 100, 10_000), 2);
});

test('a hot partition is refused while others go on', () => {
  const throttle = new TableThrottle({ units_per_s: 100_000, partitions: 4, partition_units_per_s: 5 }, 0);
  const lacks = Array.from({ length: 8 }, () => throttle.take('hot', 1, 0));
  assert.deepEqual(lacks, [null, null, null, null, null, 'partition', 'partition', 'partition']);
  const other = ['a', 'b', 'c', 'd', 'e'].find((key) => partitionOf(key, 4) !== partitionOf('hot', 4));
  assert.equal(throttle.take(other, 1, 0), null);
});

test('a write above the bucket passes when it is full and leaves a debt', () => {
  const throttle = new TableThrottle({ units_per_s: 10 }, 0);
  assert.equal(throttle.take('a', 50, 0), null);
  assert.equal(throttle.take('a', 1, 3000), 'table');
  assert.equal(throttle.take('a', 1, 4200), null);
});

test('wrong settings are refused by name', () => {
  const throttles = new Throttles();
  assert.throws(() => throttles.set({ units_per_s: 1 }), /table is needed/);
  assert.throws(() => throttles.set({ table: 't', unit: 1 }), /unknown field "unit"/);
  assert.throws(() => throttles.set({ table: 't', units_per_s: 0 }), /above 0/);
});
