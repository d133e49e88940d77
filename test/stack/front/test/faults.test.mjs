import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Faults } from '../control/faults.mjs';

const batch = { service: 'dynamodb', target: 'BatchWriteItem', method: 'POST', path: '/', tables: ['t'], keys: ['a1', 'b1'] };
const fired = (faults, request = batch) => faults.take(request).map(({ type }) => type);
const delay = { type: 'delay', ms: 1 };

test('a rule fires once unless it says otherwise', () => {
  const faults = new Faults();
  faults.add([{ service: 'dynamodb', action: delay }, { service: 'dynamodb', times: null, action: { type: 'bad_crc' } }]);
  assert.deepEqual(fired(faults), ['delay', 'bad_crc']);
  assert.deepEqual(fired(faults), ['bad_crc']);
  assert.deepEqual(faults.list().map(({ fired: count, spent }) => [count, spent]), [[1, true], [2, false]]);
});

test('nth is the first one that fires', () => {
  const faults = new Faults();
  faults.add({ service: 'dynamodb', match: { nth: 3 }, times: 2, action: delay });
  assert.deepEqual(Array.from({ length: 6 }, () => fired(faults).length), [0, 0, 1, 1, 0, 0]);
});

test('what a rule can match', () => {
  const matches = (match, request, service = 'dynamodb') => {
    const faults = new Faults();
    faults.add({ service, match, action: delay });
    return fired(faults, request).length === 1;
  };
  assert.ok(matches({ target: 'BatchWriteItem', method: 'POST', table: 't', key_prefix: 'b' }));
  assert.ok(matches({ target: ['PutItem', 'BatchWriteItem'] }));
  assert.ok(!matches({ target: 'PutItem' }));
  assert.ok(!matches({ key_prefix: 'c' }));
  assert.ok(!matches({ table: 'u' }));
  assert.ok(!matches({}, batch, 's3'));
  assert.ok(matches({ path: '^/b/.*\\.gz$' }, { service: 's3', path: '/b/x.gz', keys: ['x.gz'] }, 's3'));
});

test('the same seed gives the same faults', () => {
  const pattern = (seed) => {
    const faults = new Faults();
    faults.add({ service: 'dynamodb', times: null, probability: 0.5, seed, action: delay });
    return Array.from({ length: 40 }, () => fired(faults).length).join('');
  };
  assert.equal(pattern(7), pattern(7));
  assert.notEqual(pattern(7), pattern(8));
  assert.match(pattern(7), /1/);
});

test('clock skew is taken apart from the rest', () => {
  const faults = new Faults();
  faults.add({ service: 'dynamodb', action: { type: 'clock_skew', seconds: 60 } });
  assert.deepEqual(fired(faults), []);
  assert.equal(faults.takeSkewMs(batch), 60_000);
  assert.equal(faults.takeSkewMs(batch), 0);
});

test('wrong rules are refused by name, all or none', () => {
  const faults = new Faults();
  const good = { service: 'dynamodb', action: delay };
  assert.throws(() => faults.add([good, { ...good, matches: {} }]), /unknown field "matches"/);
  assert.throws(() => faults.add({ ...good, action: { type: 'explode' } }), /unknown action type "explode"/);
  assert.throws(() => faults.add({ service: 's3', action: { type: 'bad_crc' } }), /for service dynamodb/);
  assert.throws(() => faults.add({ ...good, action: { type: 'truncate' } }), /needs "bytes"/);
  assert.throws(() => faults.add({ ...good, action: { type: 'late' } }), /needs "ms"/);
  assert.equal(faults.list().length, 0);
});
