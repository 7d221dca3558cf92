/**
 * Where Linux's text helpers believe that a line begins: behind the last two packets of a direction that ended with a
 * newline. Nothing is put together; a packet that begins elsewhere is not looked at (nf_conntrack_ftp, and so loose
 * that stream-view.ts exists).
 */
const REMEMBERED = 2;

export class LineEnds {
  private readonly numbers: number[] = [];

  has(seq: number): boolean {
    return this.numbers.includes(seq | 0);
  }

  /** A packet ended with a newline; the next line begins at `seq`. */
  add(seq: number): void {
    const { numbers } = this;
    const next = seq | 0;
    if (numbers.includes(next)) return;
    if (numbers.length < REMEMBERED) {
      numbers.push(next);
      return;
    }
    const oldest = isBefore(numbers[0]!, numbers[1]!) ? 0 : 1;
    if (isBefore(numbers[oldest]!, next)) numbers[oldest] = next;
  }
}

function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
