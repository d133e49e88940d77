// Carries out the fault actions that delay or cut a request, for both services.
import { pause, resetConnection } from './reply.mjs';

/** Actions before the request is applied; false when the connection is gone. */
export async function runBefore(actions, res) {
  for (const { type, ms, when = 'before' } of actions) {
    if (type === 'delay' && !await pause(res, ms)) return false;
    if (when === 'before' && (type === 'reset' || type === 'hang')) return cutOff(type, ms, res);
  }
  return true;
}

/** Actions when the request was applied but not yet answered; false when the connection is gone. */
export async function runAfter(actions, res) {
  const action = actions.find(({ type, when }) => when === 'after' && (type === 'reset' || type === 'hang'));
  return action ? cutOff(action.type, action.ms, res) : true;
}

async function cutOff(type, delayMs, res) {
  if (type === 'hang') await pause(res, delayMs ?? null);
  resetConnection(res);
  return false;
}
