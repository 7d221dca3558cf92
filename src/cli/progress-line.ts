/** One line on a terminal that says what is going on; taken away before anything else is written. */
import type { Output } from '../replay/report/output.ts';

/** Milliseconds before a line shows, and between two: most things are done by then. */
const PATIENCE_MS = 1000;
const CLEAR_LINE = '\r\x1b[K';

export class ProgressLine {
  private readonly err: Output;
  private readonly wanted: boolean;
  private last = performance.now();
  private shown = false;

  constructor(err: Output, wanted: boolean) {
    this.err = err;
    this.wanted = wanted;
  }

  /** @param text - made only when it is time to show something */
  show(text: () => string): void {
    const now = performance.now();
    if (!this.wanted || now - this.last < PATIENCE_MS) return;
    this.last = now;
    this.shown = true;
    this.err.write(`${CLEAR_LINE}${text()}`);
    this.err.flush();
  }

  clear(): void {
    if (!this.shown) return;
    this.shown = false;
    this.err.write(CLEAR_LINE);
    this.err.flush();
  }
}
