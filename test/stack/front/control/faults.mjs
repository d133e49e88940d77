// Scripted faults: a list of rules, each matched against requests and fired a number of times.
// This file decides which actions apply; carrying them out belongs to the proxies and http/reply.mjs.

const FIELDS = {
  error: ['status', 'code', 'message', 'headers', 'fields', 'body'],
  delay: ['ms'], reset: ['when'], truncate: ['bytes'], hang: ['ms', 'when'], bad_crc: [],
  unprocessed: ['count', 'spare'], corrupt: ['offset', 'xor'], wrong_length: ['delta'], clock_skew: ['seconds'],
  late: ['ms', 'cut'], redirect: ['region', 'form'], edit: ['pattern', 'replacement'], serve: ['file'],
};
const MATCH_FIELDS = ['target', 'method', 'path', 'key_prefix', 'table', 'nth'];
const ONLY_ONE_SERVICE = { late: 'dynamodb', bad_crc: 'dynamodb', unprocessed: 'dynamodb', redirect: 's3', edit: 's3', serve: 's3' };
const NEEDED = {
  truncate: 'bytes', corrupt: 'offset', clock_skew: 'seconds', delay: 'ms', late: 'ms', redirect: 'region', edit: 'pattern', serve: 'file',
};

/** Small seeded generator (mulberry32): the same seed gives the same faults. */
export function seededRandom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function requireKnown(names, allowed, where) {
  for (const name of names) {
    if (!allowed.includes(name)) throw new Error(`unknown field "${name}" in ${where}; known: ${allowed.join(', ')}`);
  }
}

function checkAction(action, service) {
  if (!action || !FIELDS[action.type]) {
    throw new Error(`unknown action type "${action?.type}"; known: ${Object.keys(FIELDS).join(', ')}`);
  }
  requireKnown(Object.keys(action), ['type', ...FIELDS[action.type]], `action ${action.type}`);
  const needed = NEEDED[action.type];
  if (needed && action[needed] === undefined) throw new Error(`action ${action.type} needs "${needed}"`);
  const only = ONLY_ONE_SERVICE[action.type];
  if (only && service !== only) throw new Error(`action ${action.type} is for service ${only}`);
}

function makeRule(spec, id) {
  requireKnown(Object.keys(spec), ['service', 'match', 'times', 'probability', 'seed', 'action'], 'a rule');
  if (!['dynamodb', 's3'].includes(spec.service)) throw new Error('a rule needs service "dynamodb" or "s3"');
  const match = spec.match ?? {};
  requireKnown(Object.keys(match), MATCH_FIELDS, 'match');
  checkAction(spec.action, spec.service);
  return {
    id, spec, match, service: spec.service, action: spec.action, seen: 0, fired: 0,
    times: spec.times === undefined ? 1 : spec.times ?? Infinity,
    path: match.path === undefined ? null : new RegExp(match.path),
    probability: spec.probability ?? 1, random: seededRandom(spec.seed ?? 1),
  };
}

export class Faults {
  constructor() { this.clear(); }

  clear() {
    this.rules = [];
    this.nextId = 1;
  }

  /** Adds rules; throws (and adds none) when one of them is wrong. */
  add(specs) {
    const made = [].concat(specs).map((spec, i) => makeRule(spec, this.nextId + i));
    this.nextId += made.length;
    this.rules.push(...made);
    return made.map((rule) => rule.id);
  }

  list() {
    return this.rules.map(({ id, spec, seen, fired, times }) => ({ id, ...spec, seen, fired, spent: fired >= times }));
  }

  /** Regions that redirect rules send clients to; signatures for them are accepted. */
  redirectRegions() {
    return this.rules.filter(({ action }) => action.type === 'redirect').map(({ action }) => action.region);
  }

  /** True when a live rule of the service looks at item keys, which are costly to work out. */
  wantsKeys(service) {
    return this.rules.some((r) => r.service === service && r.match.key_prefix !== undefined && r.fired < r.times);
  }

  /** Seconds that clock_skew rules add for this request, in milliseconds. Called once per request, before the signature check. */
  takeSkewMs(request) {
    return this.#fire(request, (type) => type === 'clock_skew').reduce((sum, { seconds }) => sum + seconds * 1000, 0);
  }

  /** All other actions for this request, in the order of their rules. Called once per request, after the signature check. */
  take(request) {
    return this.#fire(request, (type) => type !== 'clock_skew');
  }

  #fire(request, wanted) {
    const fired = [];
    for (const rule of this.rules) {
      if (!wanted(rule.action.type) || rule.fired >= rule.times || !applies(rule, request)) continue;
      rule.seen += 1;
      if (rule.seen < (rule.match.nth ?? 1) || rule.random() >= rule.probability) continue;
      rule.fired += 1;
      fired.push({ ...rule.action, rule: rule.id, key_prefix: rule.match.key_prefix });
    }
    return fired;
  }
}

/** request: {service, target, method, path, table(s), keys, region} */
function applies({ service, match, path, action }, request) {
  if (service !== request.service) return false;
  if (match.target !== undefined && ![].concat(match.target).includes(request.target)) return false;
  if (match.method !== undefined && match.method !== request.method) return false;
  if (path && !path.test(request.path)) return false;
  if (match.table !== undefined && !(request.tables ?? []).includes(match.table)) return false;
  if (match.key_prefix !== undefined && !(request.keys ?? []).some((key) => key.startsWith(match.key_prefix))) return false;
  return action.type !== 'redirect' || request.region !== action.region;
}
