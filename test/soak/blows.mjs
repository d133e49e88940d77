// Carries out the blows of a plan, each when its time has come.
import { blowText } from './plan.mjs';

export class Blows {
  constructor({ plan, database, session, controls, table, say }) {
    Object.assign(this, { database, session, controls, table, say, waiting: [...plan.blows], throttle: plan.throttle, dealt: 0, longestStopMs: 0 });
  }

  /** Milliseconds that the job has been in the state it is in. */
  #sinceMs(state) {
    if (state !== this.state) Object.assign(this, { state, stateAtMs: performance.now() });
    return performance.now() - this.stateAtMs;
  }

  /** job: {state, share, leader_pid, loader_pids}. Resolves to true when a blow was dealt. */
  async dealDue(job) {
    const sinceMs = this.#sinceMs(job.state);
    await this.#throttleWhenDue(job);
    const blow = this.waiting.find(({ phase }) => phase === job.state);
    if (!blow) return false;
    if (blow.share === undefined ? sinceMs < blow.afterMs : job.share < blow.share) return false;
    if (!await this.#deal(blow, job)) return false;
    this.waiting.splice(this.waiting.indexOf(blow), 1);
    this.dealt += 1;
    this.state = null;
    return true;
  }

  async #deal(blow, { leader_pid: leader, loader_pids: loaders, share }) {
    if (blow.restart) {
      const stoppedMs = await this.database.restart(blow.restart, { awayMs: blow.awayMs });
      this.longestStopMs = Math.max(this.longestStopMs, stoppedMs);
      this.say(`${blowText(blow)}: stopped in ${stoppedMs} ms`);
      return true;
    }
    const pid = blow.at === 'leader' ? leader : loaders[0];
    if (!pid) return false;
    try { process.kill(pid, blow.signal); } catch (error) { if (error.code !== 'ESRCH') throw error; return false; }
    this.say(`${blowText(blow)}: process ${pid}, ${Math.round(share * 100)} % settled`);
    return true;
  }

  async #throttleWhenDue({ state, share }) {
    if (this.throttleEndsMs && performance.now() > this.throttleEndsMs) {
      this.throttleEndsMs = 0;
      await this.controls.endThrottle();
    }
    if (!this.throttle || state !== 'loading' || share < this.throttle.share) return;
    const { share: _share, forMs, ...limits } = this.throttle;
    this.throttle = null;
    await this.controls.throttle({ table: this.table, ...limits });
    this.throttleEndsMs = performance.now() + forMs;
  }
}
