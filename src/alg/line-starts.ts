/** Where the lines of a text begin, but the first one, and with which letter: one text after the other. */
const USUAL_LINES = 64;

export class LineStarts {
  count = 0;
  /** The letters that they begin with: bit 1 is a or A, bit 26 z or Z; others stand for other bytes. */
  initials = 0;
  private starts = new Int32Array(USUAL_LINES);
  private letters = new Int32Array(USUAL_LINES);

  clear(): void {
    this.count = 0;
    this.initials = 0;
  }

  add(bytes: Uint8Array, at: number): void {
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts);
      this.letters = doubled(this.letters);
    }
    const letter = 1 << bytes[at]!;
    this.initials |= letter;
    this.letters[this.count] = letter;
    this.starts[this.count++] = at;
  }

  /** Counted from 0. */
  start(i: number): number {
    return this.starts[i]!;
  }

  /** As in `initials`. */
  initial(i: number): number {
    return this.letters[i]!;
  }
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * numbers.length);
  more.set(numbers);
  return more;
}
