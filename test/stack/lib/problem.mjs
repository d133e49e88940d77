// An error whose text is meant for the person at the terminal; everything else is a bug and keeps its stack.
export class Problem extends Error {
  /** @param hint what to do, one line  @param log path of a log whose tail explains more */
  constructor(message, { hint, log } = {}) {
    super(message);
    this.hint = hint;
    this.log = log;
  }
}
