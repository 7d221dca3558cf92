/** A stream of text lines of which some are changed: those that begin with certain words. All others pass as they come, unheld. */

/** No line that is looked at is longer. */
const MOST_LINE = 256;

export class LineFilter {
  private readonly starts: readonly string[];
  private readonly change: (line: string) => string | null;
  private held = '';
  private isMidLine = false;
  private isStopped = false;

  /**
   * @param starts - in capitals; lines may have them in any letters
   * @param change - what is to stand in place of a line, its end included; null to have all held until `goOn`
   */
  constructor(starts: readonly string[], change: (line: string) => string | null) {
    this.starts = starts;
    this.change = change;
  }

  /** What goes on of what came. */
  pass(text: string): string {
    this.held += text;
    let out = '';
    while (this.held !== '' && !this.isStopped) {
      const end = this.held.indexOf('\n') + 1;
      if (end === 0 && this.mayBeLookedAt()) break;
      const line = end === 0 ? this.held : this.held.slice(0, end);
      this.held = this.held.slice(line.length);
      const changed = this.isLookedAt(line) ? this.change(line) : line;
      this.isMidLine = end === 0;
      if (changed === null) this.isStopped = true;
      else out += changed;
    }
    return out;
  }

  /** The line that all waited for, and what came behind it. */
  goOn(line: string): string {
    this.isStopped = false;
    return line + this.pass('');
  }

  /** What is held, of a stream that has ended. */
  end(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }

  get heldLength(): number {
    return this.held.length;
  }

  private isLookedAt(line: string): boolean {
    return (
      !this.isMidLine &&
      line.length <= MOST_LINE &&
      this.starts.some((start) => line.slice(0, start.length).toUpperCase() === start)
    );
  }

  /** A line without its end (yet). */
  private mayBeLookedAt(): boolean {
    const begin = this.held.toUpperCase();
    return (
      !this.isMidLine &&
      begin.length <= MOST_LINE &&
      this.starts.some((start) => start.startsWith(begin.slice(0, start.length)))
    );
  }
}
