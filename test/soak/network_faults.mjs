// The faults of the network of a round, as rules of the front (test/stack/README.md). Each rule ends by itself: the network of
// a round is bad, not dead.

const write = (action, { probability, times }) => ({ service: 'dynamodb', match: { target: 'BatchWriteItem' }, action, probability, times });
const read = (action, { probability, times }) => ({ service: 's3', match: { target: 'GetObject' }, action, probability, times });

/** Each of them slows the pacer down, as it must; a round full of them would only be long. */
const MOST_THROTTLES = 20;

/** A request is applied at most so long after its connection is gone. */
export const LATE_MS_MOST = 2000;

/** From the generator to the rule. Times are for a round of 8,000 batches over 20 files. */
const KINDS = [
  (r) => write({ type: 'error', status: 500, code: 'InternalServerError' }, { probability: r.between(5, 40) / 1000, times: r.between(1, 200) }),
  (r) => write({ type: 'error', status: 503, code: 'ServiceUnavailable' }, { probability: r.between(5, 40) / 1000, times: r.between(1, 200) }),
  (r) => write({ type: 'error', status: 400, code: r.pick(['ThrottlingException', 'ProvisionedThroughputExceededException']) },
    { probability: r.between(5, 40) / 1000, times: r.between(1, MOST_THROTTLES) }),
  (r) => write({ type: 'unprocessed', count: r.between(1, 24) }, { probability: r.between(10, 200) / 1000, times: r.between(1, 2 * MOST_THROTTLES) }),
  (r) => write({ type: 'unprocessed', count: 'all' }, { probability: r.between(5, 50) / 1000, times: r.between(1, MOST_THROTTLES) }),
  (r) => write({ type: 'reset', when: 'before' }, { probability: r.between(2, 20) / 1000, times: r.between(1, 80) }),
  (r) => write({ type: 'reset', when: 'after' }, { probability: r.between(2, 20) / 1000, times: r.between(1, 80) }),
  (r) => write({ type: 'truncate', bytes: r.between(0, 120) }, { probability: r.between(2, 20) / 1000, times: r.between(1, 80) }),
  (r) => write({ type: 'wrong_length', delta: r.between(1, 50) }, { probability: r.between(2, 20) / 1000, times: r.between(1, 80) }),
  (r) => write({ type: 'bad_crc' }, { probability: r.between(2, 20) / 1000, times: r.between(1, 80) }),
  (r) => write({ type: 'corrupt', offset: r.between(0, 30) }, { probability: r.between(2, 20) / 1000, times: r.between(1, 80) }),
  (r) => write({ type: 'hang', ms: r.between(200, 2500), when: r.pick(['before', 'after']) }, { probability: r.between(1, 5) / 1000, times: r.between(1, 12) }),
  (r) => write({ type: 'late', ms: r.between(100, LATE_MS_MOST) }, { probability: r.between(2, 20) / 1000, times: r.between(1, 40) }),
  (r) => write({ type: 'delay', ms: r.between(5, 400) }, { probability: r.between(5, 60) / 1000, times: r.between(10, 200) }),
  (r) => read({ type: 'error', status: 503, code: 'SlowDown' }, { probability: r.between(10, 60) / 100, times: r.between(1, 12) }),
  (r) => read({ type: 'error', status: 500, code: 'InternalError' }, { probability: r.between(10, 60) / 100, times: r.between(1, 8) }),
  (r) => read({ type: 'truncate', bytes: r.pick([0, 1, r.between(2, 1000), r.between(1000, 200_000)]) }, { probability: r.between(10, 60) / 100, times: r.between(1, 12) }),
  (r) => read({ type: 'reset', when: 'before' }, { probability: r.between(10, 60) / 100, times: r.between(1, 8) }),
  (r) => read({ type: 'hang', ms: r.between(200, 2500) }, { probability: r.between(10, 40) / 100, times: r.between(1, 4) }),
  (r) => ({ service: 'dynamodb', match: { target: r.pick(['DescribeTable', 'CreateTable']) }, action: { type: 'error', status: 500, code: 'InternalServerError' },
    probability: 1, times: r.between(1, 3) }),
  (r) => ({ service: 's3', match: { target: r.pick(['ListObjectsV2', 'DeleteObjects']) }, action: { type: 'error', status: 503, code: 'SlowDown' },
    probability: 1, times: r.between(1, 3) }),
];

const MOST_KINDS = 7;

export function planFaults(random) {
  return random.choose(KINDS, random.between(2, MOST_KINDS)).map((make) => ({ ...make(random), seed: random.between(1, 2 ** 31) }));
}

/** The table throttled for a while, from a share of the rows on; null for none. */
export function planThrottle(random) {
  if (random.chance(0.5)) return null;
  return { share: random.between(2, 80) / 100, forMs: random.between(500, 3000), units_per_s: random.between(500, 8000), start_units: 0,
    ...random.chance(0.4) ? { partitions: random.between(2, 8), partition_units_per_s: 1000 } : {} };
}

const HOLD_MS = 500;
const HELD = { preparing: [['dynamodb', 'DescribeTable']], finishing: [['s3', 'ListObjectsV2'], ['s3', 'DeleteObjects']] };

/** Rules that make a short phase last until a blow can hit it. */
export function holdRules(phase) {
  return (HELD[phase] ?? []).map(([service, target]) => ({ service, match: { target }, action: { type: 'delay', ms: HOLD_MS }, times: 2 }));
}

export function ruleText({ match, action: { type, ...more }, probability = 1, times }) {
  return `${match.target} ${[type, ...Object.values(more)].join(' ')} p=${probability} x${times}`;
}
