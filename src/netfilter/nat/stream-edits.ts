/**
 * One direction of a TCP stream that is edited on its way: byte ranges of what its sender wrote, each with what stands
 * in its place, and the numbers of both counts for every position, however the stream is cut into segments and however
 * often a segment is sent again.
 *
 *     sent      │PORT │10,0,0,2,4,5│\r\n│NLST…         start ─ end: the range that is replaced
 *     received  │PORT │203,0,113,1,4,5│\r\n│NLST…
 *
 * The whole replacement travels in the segment that carries the last byte of the range; all bytes before it travel as
 * nothing. So segments sent again, cut elsewhere, come out the same. An open edit has no end yet: its bytes are held
 * back until it is known what becomes of them, and the receiver's acknowledgement of what stands before them
 * acknowledges them to the sender, who would else wait for it (RFC 896) while we wait for him.
 *
 * Against seq-adjust.ts's one latest change a direction (Linux), this remembers MAX_EDITS; older ones are taken as
 * arrived for good.
 */

const MAX_EDITS = 16;

interface Edit {
  readonly start: number;
  /** Meaningless while `open`. */
  end: number;
  open: boolean;
  /** One past the last byte that was held back while the edit was open; `start` when none was. */
  held: number;
  replacement: Uint8Array;
}

export class StreamEdits {
  private readonly edits: Edit[] = [];
  /** What edits that are forgotten moved all numbers by. */
  private base = 0;

  /** From `start` to `end` (numbers of the sender's count) the receiver gets `replacement`. Ranges come in order. */
  replace(start: number, end: number, replacement: Uint8Array): void {
    this.push({ start, end, open: false, held: start, replacement });
  }

  /** What the sender writes from `start` on is held back, until `settle`. */
  hold(start: number): void {
    if (!this.isHolding) this.push({ start, end: start, open: true, held: start, replacement: NOTHING });
  }

  get isHolding(): boolean {
    return this.edits.at(-1)?.open === true;
  }

  /** What is held back, up to `end`, goes on as `bytes`. */
  settle(end: number, bytes: Uint8Array): void {
    const last = this.edits.at(-1);
    if (last === undefined || !last.open) return;
    last.open = false;
    last.end = end;
    last.replacement = bytes;
  }

  /** By how much a number of the sender's count is moved. */
  at(seq: number): number {
    let shift = this.base;
    for (const edit of this.edits) {
      if (!isAfter(seq, edit.start)) return shift;
      if (edit.open || isAfter(edit.end, seq)) return (shift - (seq - edit.start)) | 0;
      shift = (shift + edit.replacement.length - (edit.end - edit.start)) | 0;
    }
    return shift;
  }

  /** The same, asked with a number of the receiver's count. */
  atShifted(seq: number): number {
    let shift = this.base;
    for (const edit of this.edits) {
      const start = (edit.start + shift) | 0;
      if (isAfter(start, seq)) return shift;
      if (seq === start) return (shift - (edit.held - edit.start)) | 0;
      if (edit.open) return (seq - edit.held) | 0;
      // In the middle of a replacement: all but the range's last byte, with which the whole comes again.
      if (isAfter((start + edit.replacement.length) | 0, seq)) return (seq - (edit.end - 1)) | 0;
      shift = (shift + edit.replacement.length - (edit.end - edit.start)) | 0;
    }
    return shift;
  }

  atAcknowledged(seq: number): number {
    return this.atShifted((seq + 1) | 0);
  }

  /** What travels in the place of a segment's payload; null for the payload as it is. */
  render(seq: number, bytes: Uint8Array, from: number, to: number): Uint8Array | null {
    const length = to - from;
    const segmentEnd = (seq + length) | 0;
    let out: number[] | null = null;
    let copied = 0;
    for (const edit of this.edits) {
      if (!isAfter(segmentEnd, edit.start) || (!edit.open && !isAfter(edit.end, seq))) continue;
      out ??= [];
      const first = Math.max(0, (edit.start - seq) | 0);
      const past = edit.open ? length : Math.min(length, (edit.end - seq) | 0);
      for (; copied < first; copied++) out.push(bytes[from + copied]!);
      copied = past;
      if (edit.open) {
        if (isAfter(segmentEnd, edit.held)) edit.held = segmentEnd;
      } else if (past > 0 && ((seq + past) | 0) === edit.end) {
        for (const byte of edit.replacement) out.push(byte);
      }
    }
    if (out === null) return null;
    for (; copied < length; copied++) out.push(bytes[from + copied]!);
    return Uint8Array.from(out);
  }

  private push(edit: Edit): void {
    this.edits.push(edit);
    if (this.edits.length <= MAX_EDITS) return;
    const oldest = this.edits.shift()!;
    this.base = (this.base + oldest.replacement.length - (oldest.end - oldest.start)) | 0;
  }
}

const NOTHING = new Uint8Array(0);

function isAfter(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}
