// Figures from the history of the simulated table.

const SLOT_S = 0.1;
const within = (history, fromS, toS) => history.filter(({ ms }) => ms >= fromS * 1000 && ms < toS * 1000);
const sum = (slots, field) => slots.reduce((total, slot) => total + slot[field], 0);

/** Share of the units that were there which were used, from `fromS` to `toS` after the first write. */
export const usedShare = (history, limit, fromS, toS) => sum(within(history, fromS, toS), 'units') / (limit * (toS - fromS));

/** Share of the writes in that time that came back. */
export function throttledShare(history, fromS, toS) {
  const slots = within(history, fromS, toS);
  const throttled = sum(slots, 'throttled');
  return throttled / Math.max(1, throttled + sum(slots, 'writes'));
}

export const unitsPerS = (history, fromS, toS) => sum(within(history, fromS, toS), 'units') / (toS - fromS);

/** Seconds from `fromS` until `share` of the limit was reached over one second; null when never before `toS`. */
export function reachedAfter(history, limit, share, fromS, toS) {
  for (let at = fromS; at + 1 <= toS; at += SLOT_S) {
    if (unitsPerS(history, at, at + 1) >= share * limit) return Math.round((at + 1 - fromS) * 10) / 10;
  }
  return null;
}

/** Units that a bound allowed from `fromS` to `toS`; `bounds` is [{fromS, bound}, ...] in order of time. */
function allowedUnits(bounds, fromS, toS) {
  return bounds.reduce((total, { fromS: start, bound }, i) => {
    const end = bounds[i + 1]?.fromS ?? Infinity;
    return total + bound * Math.max(0, Math.min(toS, end) - Math.max(fromS, start));
  }, 0);
}

/** The window of so many seconds that went furthest beyond its bound: {units, allowed, over}; over is the excess in batches of
 * 25 units above 2 %, 0 or less when the bound was kept. */
export function worstWindow(history, bounds, windowS, toS) {
  let worst = null;
  for (let at = 0; at + windowS <= toS; at += SLOT_S) {
    const units = sum(within(history, at, at + windowS), 'units');
    const allowed = allowedUnits(bounds, at, at + windowS);
    const over = (units - allowed * 1.02) / 25;
    if (!worst || over > worst.over) worst = { units, allowed, over };
  }
  return worst;
}
