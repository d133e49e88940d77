// What the terminal shows while jobs run: lines that stay, above lines that are redrawn in place. Where
// standard output is no terminal, nothing is redrawn and progress is one plain line a second at most.

const PLAIN_INTERVAL_MS = 1_000;

export class Board {
  constructor(stream) {
    this.stream = stream;
    this.drawnLines = 0;
    this.lastPlainMs = performance.now();
  }

  get isTerminal() {
    return this.stream.isTTY === true;
  }

  erase() {
    if (this.drawnLines > 0) this.stream.write(`\u001b[${this.drawnLines}A\u001b[0J`);
    this.drawnLines = 0;
  }

  /** A line that stays. */
  print(line) {
    this.erase();
    this.stream.write(`${line}\n`);
  }

  /** Replaces the lines drawn before; words is what a log gets instead. */
  draw(lines, words) {
    if (this.isTerminal) {
      this.erase();
      const width = Math.max(20, (this.stream.columns ?? 80) - 1);
      this.stream.write(lines.map((line) => `${line.slice(0, width)}\n`).join(''));
      this.drawnLines = lines.length;
    } else if (words !== '' && performance.now() - this.lastPlainMs >= PLAIN_INTERVAL_MS) {
      this.lastPlainMs = performance.now();
      this.stream.write(`  ${words}\n`);
    }
  }
}
