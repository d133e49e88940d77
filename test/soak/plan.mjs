// What will happen to the job of a round: a function of the seed and of nothing else.
import { holdRules, planFaults, planThrottle, ruleText } from './network_faults.mjs';
import { SplitMix64 } from './splitmix64.mjs';

const PHASES = ['preparing', 'unloading', 'loading', 'finishing'];
const MOST_BLOWS = 3;
const UNLOAD_HOLD_MS = 1500; // the UNLOAD lasts at least so long when a blow is to hit it
const LEADER_OR_SERVER = [
  { signal: 'SIGTERM', at: 'leader' }, { signal: 'SIGKILL', at: 'leader' }, { restart: 'fast' }, { restart: 'immediate' },
];
const ANYBODY = [...LEADER_OR_SERVER, { signal: 'SIGTERM', at: 'loader' }, { signal: 'SIGKILL', at: 'loader' }];

function pickPhase(random) {
  const unit = random.unit();
  return unit < 0.55 ? 'loading' : unit < 0.75 ? 'unloading' : unit < 0.87 ? 'preparing' : 'finishing';
}

function planBlow(random) {
  const phase = pickPhase(random);
  if (phase === 'loading') return { phase, share: random.between(1, 97) / 100, ...random.pick(ANYBODY) };
  const blow = { phase, afterMs: random.between(0, phase === 'unloading' ? UNLOAD_HOLD_MS + 500 : 700), ...random.pick(LEADER_OR_SERVER) };
  return blow.restart && random.chance(0.5) ? { ...blow, awayMs: random.between(100, 4000) } : blow; // an UNLOAD may end meanwhile
}

const inOrder = (a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || (a.share ?? a.afterMs) - (b.share ?? b.afterMs);

/**
 * {seed, preloaded, workers, goOnBy, blows, rules, throttle, unloadDelayMs}. A blow is {phase, share or afterMs, and signal with at, or restart
 * with awayMs, how long the server is away}.
 * Every second seed is a round with the library preloaded.
 */
export function makePlan(seed) {
  const random = new SplitMix64(seed);
  const blows = Array.from({ length: random.between(1, MOST_BLOWS) }, () => planBlow(random)).sort(inOrder);
  const phases = new Set(blows.map(({ phase }) => phase));
  return {
    seed, preloaded: seed % 2 === 0, workers: random.pick([null, 1, 2, 3]), goOnBy: random.pick(['rs2ddb_wait', 'rs2ddb_resume']), blows,
    rules: [...[...phases].flatMap(holdRules), ...planFaults(random)], throttle: planThrottle(random),
    unloadDelayMs: phases.has('unloading') ? UNLOAD_HOLD_MS : 0,
  };
}

export function blowText({ phase, share, afterMs, signal, at, restart, awayMs }) {
  const when = share === undefined ? `${afterMs} ms into ${phase}` : `at ${Math.round(share * 100)} % of ${phase}`;
  return `${restart ? `${restart} restart of the server` : `${signal} to a ${at}`} ${when}${awayMs ? `, away for ${awayMs} ms` : ''}`;
}

/** The lines of a plan, for people. */
export function planLines({ seed, preloaded, workers, goOnBy, blows, rules, throttle }) {
  return [
    `seed ${seed}: ${preloaded ? 'preloaded' : `not preloaded, led on by ${goOnBy}`}, ${workers ?? 'any number of'} loader(s)`,
    ...blows.map((blow) => `  ${blowText(blow)}`),
    `  network: ${rules.map(ruleText).join('; ')}`,
    ...throttle ? [`  throttle: ${Object.entries(throttle).map(([name, value]) => `${name} ${value}`).join(', ')}`] : [],
  ];
}
